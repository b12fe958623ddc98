#include <catch2/catch_test_macros.hpp>
#include <cmath>

#include "support/attention.h"
#include "support/gradient.h"

using namespace fovea;
using namespace fovea::test;

namespace {

std::vector<float> random_dout(const AttentionCase& x) { return random_values(x.q.size(), 9); }

// Runs the gradients of the case and compares them with the loops.
void check_gradients_of(const AttentionCase& x, const std::vector<float>& dout_values,
                        const Shape& bias_shape = {}) {
  INFO("batch " << x.batch << ", heads " << x.heads << ", tokens " << x.tokens << ", keys " << x.keys
                << ", head_dim " << x.head_dim);
  AttentionGraph asked(x, bias_shape);
  Tensor dout = asked.graph.input(asked.q.shape());
  asked.inputs.push_back({dout, dout_values});
  std::vector<Tensor> of = {asked.q, asked.k, asked.v};
  if (asked.options.bias) of.push_back(asked.options.bias);
  const Tensor out = attention(asked.q, asked.k, asked.v, asked.options).out;
  const std::vector<Values> got = run_all(asked.graph, asked.inputs, asked.graph.grad(out, of, dout));
  const AttentionGradients want = attention_gradients(x, dout_values);
  const AttentionGradient* const all[] = {&want.q, &want.k, &want.v, &want.bias};
  for (size_t i = 0; i < of.size(); ++i) {
    INFO("gradient of operand " << i);
    check_attention_gradient(std::get<std::vector<float>>(got[i]), *all[i]);
  }
}

void check_gradients(const AttentionCase& x, const Shape& bias_shape = {}) {
  check_gradients_of(x, random_dout(x), bias_shape);
}

// softmax(q k^T / 2 + bias) v of one head without further options; head_dim 4.
std::vector<double> plain_attention(const Operands& operands) {
  const auto& [q, k, v, bias] = std::tie(operands[0], operands[1], operands[2], operands[3]);
  const size_t tokens = q.size() / 4, keys = k.size() / 4;
  std::vector<double> out(q.size(), 0);
  for (size_t i = 0; i < tokens; ++i) {
    std::vector<double> weights(keys);
    double total = 0;
    for (size_t j = 0; j < keys; ++j) {
      double score = bias[i * keys + j];
      for (size_t d = 0; d < 4; ++d) score += q[i * 4 + d] * k[j * 4 + d] / 2;
      total += weights[j] = std::exp(score);
    }
    for (size_t j = 0; j < keys; ++j)
      for (size_t d = 0; d < 4; ++d) out[i * 4 + d] += weights[j] / total * v[j * 4 + d];
  }
  return out;
}

}  // namespace

TEST_CASE("the loops that gradients of attention are compared with match finite differences") {
  AttentionCase x = random_attention(1, 1, 5, 7, 4);
  x.bias = random_values(35, 4, -2, 2);
  x.bias_strides = {0, 0, 7};
  const std::vector<float> dout_values = random_dout(x);
  const AttentionGradients made = attention_gradients(x, dout_values);
  const Operands operands = {widened(x.q), widened(x.k), widened(x.v), widened(x.bias)};
  const AttentionGradient* const all[] = {&made.q, &made.k, &made.v, &made.bias};
  for (size_t which = 0; which < 4; ++which) {
    const std::vector<double> want = gradient(plain_attention, operands, dout_values, which);
    for (size_t i = 0; i < want.size(); ++i) REQUIRE(std::abs(all[which]->value[i] - want[i]) < 1e-8);
  }
}

TEST_CASE("gradients of attention for every head_dim") {
  for (int64_t head_dim : {4, 8, 20, 32, 64, 80, 96, 256})
    check_gradients(random_attention(1, 2, 33, 41, head_dim));
}

TEST_CASE("gradients of attention for every number of queries and keys") {
  for (int64_t tokens : {1, 2, 7, 9, 16, 31, 67})
    for (int64_t keys : {1, 7, 8, 33, 101}) check_gradients(random_attention(1, 1, tokens, keys, 8));
  check_gradients(random_attention(1, 1, 197, 197, 12));
  check_gradients(random_attention(3, 5, 9, 31, 16));
}

TEST_CASE("gradients of causal attention, keys != tokens included") {
  for (const AttentionCase& x : causal_attentions()) check_gradients(x);
}

TEST_CASE("gradients of attention see no key past the length, whatever lies there") {
  for (bool causal : {false, true}) check_gradients(masked_attention(causal));
}

TEST_CASE("gradients of attention with a bias of every broadcast") {
  for (int64_t batch : {1, 2})
    for (int64_t heads : {1, 3})
      for (int64_t tokens : {1, 9}) {
        AttentionCase x = biased_attention(batch, heads, tokens);
        x.lengths = {37, 20};
        x.causal = tokens > 1;
        check_gradients(x, {batch, heads, tokens, 37});
      }
}

TEST_CASE("gradients of attention: a bias of -inf hides a key, a row without keys has none") {
  AttentionCase x = hiding_attention();
  check_gradients(x, {1, 1, 9, 37});
  x.lengths = {36};  // now row 7 has none either
  x.causal = true;
  check_gradients(x, {1, 1, 9, 37});
}

TEST_CASE("gradients of attention of large scores") {
  AttentionCase x = random_attention(1, 1, 9, 65, 8);
  x.scale = 16;  // integers: scores up to +-10368 are exact, and the largest are close together
  for (float& value : x.q) value = std::round(value * 4.5f);
  for (float& value : x.k) value = std::round(value * 4.5f);
  check_gradients(x);
  x.scale = 1;
  check_gradients(x);
}

TEST_CASE("gradients of attention where the log-sum-exp cannot tell how many keys there are") {
  AttentionCase x = random_attention(1, 1, 9, 65, 8);
  x.q.assign(x.q.size(), 0);  // all weights are 1/65, and -1e30 + log(65) is -1e30
  x.bias.assign(65, -1e30f);
  check_gradients(x, {1, 1, 1, 65});
}

TEST_CASE("gradients of attention keep NaN") {
  AttentionCase x = random_attention(1, 2, 9, 33, 8);
  std::vector<float> dout_values = random_dout(x);
  dout_values[x.query_at(0, 1, 5, 3)] = NAN;
  check_gradients_of(x, dout_values);
  x.q[x.query_at(0, 1, 5, 3)] = NAN;
  check_gradients(x);
}

TEST_CASE("gradients of attention of views of a fused product, into one gradient") {
  constexpr int64_t batch = 2, tokens = 17, heads = 3;
  for (int64_t head_dim : {8, 20}) {
    const AttentionCase x = random_attention(batch, heads, tokens, tokens, head_dim);
    const std::vector<float> dout_values = random_dout(x);
    const AttentionGradients want = attention_gradients(x, dout_values);
    const int64_t width = heads * head_dim;
    std::vector<float> fused(size_t(batch * tokens * 3 * width)), dout(x.q.size());
    AttentionGradient dfused{std::vector<double>(fused.size()), std::vector<double>(fused.size())};
    const auto place = [&](size_t at, size_t from, const std::vector<float>& value,
                           const AttentionGradient& made) {
      fused[at] = value[from];
      dfused.value[at] = made.value[from];
      dfused.size[at] = made.size[from];
    };
    for (int64_t b = 0; b < batch; ++b)
      for (int64_t h = 0; h < heads; ++h)
        for (int64_t i = 0; i < tokens; ++i)
          for (int64_t d = 0; d < head_dim; ++d) {
            const size_t from = x.query_at(b, h, i, d), column = size_t(h * head_dim + d);
            const size_t at = size_t((b * tokens + i) * 3 * width) + column;
            dout[size_t((b * tokens + i) * width) + column] = dout_values[from];
            place(at, from, x.q, want.q);
            place(at + size_t(width), from, x.k, want.k);
            place(at + size_t(2 * width), from, x.v, want.v);
          }
    Graph graph;
    Tensor qkv = graph.input({batch, tokens, 3, heads, head_dim}), dy = graph.input({batch, tokens, width});
    const auto part = [&](int64_t which) {
      Tensor one = reshape(slice(qkv, 2, which, 1), {batch, tokens, heads, head_dim});
      return permute(one, {0, 2, 1, 3});
    };
    Tensor out = attention(part(0), part(1), part(2)).out;
    Tensor y = reshape(permute(out, {0, 2, 1, 3}), {batch, tokens, width});
    check_attention_gradient(run(graph, {{qkv, fused}, {dy, dout}}, graph.grad(y, {qkv}, dy).front()),
                             dfused);
  }
}

TEST_CASE("gradients of attention of keys and values that lie differently, and of a strided gradient") {
  const AttentionCase x = random_attention(2, 3, 9, 11, 8);
  const std::vector<float> dout_values = random_dout(x);
  const AttentionGradients want = attention_gradients(x, dout_values);
  std::vector<float> by_token(x.k.size());
  for (int64_t b = 0; b < 2; ++b)
    for (int64_t h = 0; h < 3; ++h)
      for (int64_t j = 0; j < 11; ++j)
        for (int64_t d = 0; d < 8; ++d)
          by_token[size_t(((b * 11 + j) * 3 + h) * 8 + d)] = x.k[x.key_at(b, h, j, d)];
  Graph graph;
  Tensor q = graph.input({2, 3, 9, 8}), k = graph.input({2, 11, 3, 8}), v = graph.input({2, 3, 11, 8});
  Tensor dout = graph.input(q.shape()), k_by_head = permute(k, {0, 2, 1, 3});
  Tensor out = attention(q, k_by_head, v).out;
  const std::vector<Values> got = run_all(graph, {{q, x.q}, {k, by_token}, {v, x.v}, {dout, dout_values}},
                                          graph.grad(out, {q, k_by_head, v}, dout));
  check_attention_gradient(std::get<std::vector<float>>(got[0]), want.q);
  check_attention_gradient(std::get<std::vector<float>>(got[1]), want.k);
  check_attention_gradient(std::get<std::vector<float>>(got[2]), want.v);
}

TEST_CASE("gradients of attention take memory linear in tokens") {
  const auto arena = [](int64_t tokens) {
    Graph graph;
    Tensor x = graph.input({1, 1, tokens, 16});
    return Plan(device(), graph, {scale(graph.grad(attention(x, x, x).out, {x}, x).front(), 2)})
        .arena_bytes();
  };
  REQUIRE(arena(16384) <= 16 * arena(1024) + 4096);
}
