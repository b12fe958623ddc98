#include "support/attention.h"

#include <catch2/catch_test_macros.hpp>
#include <cmath>

using namespace fovea;
using namespace fovea::test;

namespace {

// Runs the case as it is and compares both results.
void check_attention_case(const AttentionCase& x, const Shape& bias_shape = {}) {
  INFO("batch " << x.batch << ", heads " << x.heads << ", tokens " << x.tokens << ", keys " << x.keys
                << ", head_dim " << x.head_dim);
  AttentionGraph asked(x, bias_shape);
  const Attention made = attention(asked.q, asked.k, asked.v, asked.options);
  check_attention_results(run_both(asked.graph, asked.inputs, made), x);
}

}  // namespace

TEST_CASE("attention matches the double loop for every head_dim") {
  for (int64_t head_dim : {4, 8, 20, 32, 64, 72, 80, 96, 128, 256})
    check_attention_case(random_attention(1, 2, 33, 65, head_dim));
}

TEST_CASE("attention matches the double loop for every number of queries and keys") {
  for (int64_t tokens : {1, 2, 7, 8, 9, 31, 33, 65})
    for (int64_t keys : {1, 7, 8, 33, 197}) check_attention_case(random_attention(1, 1, tokens, keys, 8));
  check_attention_case(random_attention(1, 1, 197, 197, 20));
  check_attention_case(random_attention(2, 3, 9, 31, 8));
}

TEST_CASE("attention, causal, keys != tokens included") {
  for (const AttentionCase& x : causal_attentions()) check_attention_case(x);
}

TEST_CASE("attention sees no key past the length, whatever lies there") {
  for (bool causal : {false, true}) check_attention_case(masked_attention(causal));
}

TEST_CASE("attention with a bias of every broadcast") {
  for (int64_t batch : {1, 2})
    for (int64_t heads : {1, 3})
      for (int64_t tokens : {1, 9})
        check_attention_case(biased_attention(batch, heads, tokens), {batch, heads, tokens, 37});
}

TEST_CASE("attention: a bias of -inf hides a key, a row without keys gives zeros") {
  AttentionCase x = hiding_attention();
  check_attention_case(x, {1, 1, 9, 37});
  x.lengths = {36};  // now row 7 has none either
  x.causal = true;
  check_attention_case(x, {1, 1, 9, 37});
}

TEST_CASE("attention of large scores neither overflows nor loses them") {
  AttentionCase x = random_attention(1, 1, 9, 65, 8);
  x.scale = 16;  // integers: scores up to +-10368 are exact, and the largest are close together
  for (float& value : x.q) value = std::round(value * 4.5f);
  for (float& value : x.k) value = std::round(value * 4.5f);
  check_attention_case(x);
  x.scale = 1;
  check_attention_case(x);
  x.bias.assign(65, -1e30f);
  x.bias_strides = {0, 0, 0};
  check_attention_case(x, {1, 1, 1, 65});
}

TEST_CASE("attention keeps NaN in its row") {
  AttentionCase x = random_attention(1, 2, 9, 33, 8);
  x.q[x.query_at(0, 1, 5, 3)] = NAN;
  check_attention_case(x);
}

TEST_CASE("attention reads views of a fused product in place") {
  constexpr int64_t batch = 2, tokens = 17, heads = 3;
  for (int64_t head_dim : {8, 20}) {
    AttentionCase x = random_attention(batch, heads, tokens, tokens, head_dim);
    const int64_t width = heads * head_dim;
    for (int64_t spare : {0, 1}) {  // one spare column takes rows off 16 bytes: they are copied first
      const int64_t row = 3 * width + spare;
      std::vector<float> fused(size_t(batch * tokens * row), NAN);
      for (int64_t b = 0; b < batch; ++b)
        for (int64_t h = 0; h < heads; ++h)
          for (int64_t i = 0; i < tokens; ++i)
            for (int64_t d = 0; d < head_dim; ++d) {
              const size_t at = size_t((b * tokens + i) * row + spare + h * head_dim + d);
              fused[at] = x.q[x.query_at(b, h, i, d)];
              fused[at + size_t(width)] = x.k[x.key_at(b, h, i, d)];
              fused[at + size_t(2 * width)] = x.v[x.key_at(b, h, i, d)];
            }
      Graph graph;
      Tensor qkv = graph.input({batch, tokens, row});
      const auto part = [&](int64_t which) {
        Tensor columns = slice(qkv, 2, spare + which * width, width);
        return permute(reshape(columns, {batch, tokens, heads, head_dim}), {0, 2, 1, 3});
      };
      const Attention made = attention(part(0), part(1), part(2));
      check_attention_results(run_both(graph, {{qkv, fused}}, made), x);
      REQUIRE(Plan(device(), graph, {made.out}).dispatches() == (spare ? 4 : 1));
    }
  }
}

TEST_CASE("attention takes memory linear in tokens") {
  const auto arena = [](int64_t tokens) {
    Graph graph;
    Tensor x = graph.input({1, 1, tokens, 64});
    Tensor q = scale(x, 2);
    return Plan(device(), graph, {scale(attention(q, q, q).out, 2)}).arena_bytes();
  };
  REQUIRE(arena(16384) <= 16 * arena(1024) + 4096);
}

TEST_CASE("attention rejects what does not fit") {
  Graph graph;
  Tensor q = graph.input({2, 3, 5, 8}), k = graph.input({2, 3, 7, 8});
  const auto with = [&](const AttentionOptions& options) { return [=] { attention(q, k, k, options); }; };
  check_rejects([&] { attention(graph.input({3, 5, 8}), k, k); }, {"attention", "heads", "(3, 5, 8)"});
  check_rejects([&] { attention(q, graph.input({2, 3, 7, 12}), k); },
                {"attention", "(2, 3, 5, 8)", "(2, 3, 7, 12)"});
  check_rejects([&] { attention(q, graph.input({1, 3, 7, 8}), k); }, {"attention", "(1, 3, 7, 8)"});
  check_rejects([&] { attention(q, k, graph.input({2, 3, 6, 8})); }, {"attention", "values", "(2, 3, 6, 8)"});
  check_rejects([&] { attention(q, k, graph.input({2, 3, 7, 8}, DType::u32)); }, {"attention", "u32"});
  for (int64_t head_dim : {6, 260}) {
    Tensor x = graph.input({1, 1, 2, head_dim});
    check_rejects([&] { attention(x, x, x); }, {"attention", "head_dim", std::to_string(head_dim)});
  }
  check_rejects(with({.lengths = graph.input({3}, DType::u32)}),
                {"attention", "lengths", "(3)", "2 sequences"});
  check_rejects(with({.lengths = graph.input({2})}), {"attention", "f32", "u32"});
  check_rejects(with({.bias = graph.input({5, 7})}), {"attention", "bias", "(5, 7)"});
  check_rejects(with({.bias = graph.input({2, 3, 5, 6})}), {"attention", "bias", "7 keys"});
  check_rejects(with({.bias = graph.input({2, 2, 5, 7})}), {"expand", "(2, 2, 5, 7)"});
}
