// Multi-head attention: beside PyTorch's with sizes that fit nothing (tools/make_golden_multi_head), and as
// the textbooks and their programs form it.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>

#include "fovea/stacks.hpp"
#include "support/golden.h"
#include "support/gradient.h"

using namespace fovea;
using namespace fovea::test;

namespace {

const SafeTensors& recorded() {
  static const SafeTensors file(File(FOVEA_SOURCE_DIR "/tests/golden/multi_head/multi_head.safetensors"));
  return file;
}

Linear linear_of(const GoldenCase& from, const std::string& part) {
  const Shape shape = from.shape("w" + part);
  const std::vector<float> weight = from.values("w" + part);
  return Linear(device(), shape[0], shape[1], weight,
                from.has("b" + part) ? from.values("b" + part) : std::vector<float>{}, Use::training);
}

// Gradients of the layer's parameters are those of the file's weights and biases. A bias of keys adds the
// same to all scaled products of a query: its gradient is 0 but for rounding.
void expect_gradients(GoldenCase& of, MultiHeadAttention& layer) {
  Parameters all;
  layer.parameters("", all);
  for (const Parameter& parameter : all) {
    const std::string& name = parameter.name;  // .q.weight, .out.bias, .additive
    const std::string part =
        name == ".additive" ? "w" : concat(name.ends_with("weight") ? "w" : "b", name[1]);
    if (part == "bk" && !of.has("w")) continue;
    of.expect_gradient(of.graph().use(*parameter.state), part);
  }
}

Linear random_linear(int64_t out, int64_t in, uint32_t seed, bool biased = true) {
  const float size = 1 / std::sqrt(float(in));
  return Linear(device(), out, in, random_values(uint64_t(out * in), seed, -size, size),
                biased ? random_values(uint64_t(out), seed + 1) : std::vector<float>{});
}

// Queries, keys and values of one width, as wide as all heads together.
MultiHeadAttention layer_of(int64_t width, int64_t heads) {
  return MultiHeadAttention({random_linear(width, width, 1, false), random_linear(width, width, 3, false),
                             random_linear(width, width, 5, false), random_linear(width, width, 7, false),
                             AttentionHeads(heads)});
}

// x (rows, in), weight (out, in) -> (rows, out)
template <class Weight>
std::vector<double> product(const std::vector<double>& x, const Weight& weight, int64_t in) {
  std::vector<double> y;
  for (size_t row = 0; row < x.size(); row += size_t(in))
    for (size_t w = 0; w < weight.size(); w += size_t(in)) {
      double sum = 0;
      for (size_t i = 0; i < size_t(in); ++i) sum += x[row + i] * double(weight[w + i]);
      y.push_back(sum);
    }
  return y;
}

std::vector<double> normalised_rows(const std::vector<float>& x, int64_t width) {
  std::vector<double> y;
  for (size_t row = 0; row < x.size(); row += size_t(width)) {
    double mean = 0, variance = 0;
    for (size_t i = 0; i < size_t(width); ++i) mean += double(x[row + i]) / double(width);
    for (size_t i = 0; i < size_t(width); ++i)
      variance += (double(x[row + i]) - mean) * (double(x[row + i]) - mean) / double(width);
    for (size_t i = 0; i < size_t(width); ++i)
      y.push_back((double(x[row + i]) - mean) / std::sqrt(variance + 1e-5));
  }
  return y;
}

// qkv (tokens, 3 inner) -> (tokens, inner): every head's softmax(q k^T / sqrt(head_dim)) v.
std::vector<double> heads_of(const std::vector<double>& qkv, int64_t heads, int64_t head_dim) {
  const int64_t inner = heads * head_dim, tokens = int64_t(qkv.size()) / (3 * inner);
  const auto at = [&](int64_t token, int64_t part, int64_t head, int64_t d) {
    return qkv[size_t((token * 3 + part) * inner + head * head_dim + d)];
  };
  std::vector<double> y(size_t(tokens * inner), 0);
  for (int64_t i = 0; i < tokens; ++i)
    for (int64_t head = 0; head < heads; ++head) {
      std::vector<double> weights;
      double sum = 0;
      for (int64_t j = 0; j < tokens; ++j) {
        double score = 0;
        for (int64_t d = 0; d < head_dim; ++d) score += at(i, 0, head, d) * at(j, 1, head, d);
        sum += weights.emplace_back(std::exp(score / std::sqrt(double(head_dim))));
      }
      for (int64_t j = 0; j < tokens; ++j)
        for (int64_t d = 0; d < head_dim; ++d)
          y[size_t(i * inner + head * head_dim + d)] += weights[size_t(j)] / sum * at(j, 2, head, d);
    }
  return y;
}

namespace dropped {

constexpr int64_t kTokens = 5, kKeys = 4, kHeads = 2, kDim = 4, kWidth = kHeads * kDim;

// in: queries, keys and values, then the weights of their projections. kept (tokens, heads, keys): not 0
// where a weight stays, divided by 1 - rate.
std::vector<double> attend_kept(const Operands& in, const std::vector<float>& kept, double rate) {
  Operands qkv;
  for (size_t part = 0; part < 3; ++part) qkv.push_back(product(in[part], in[part + 3], kWidth));
  std::vector<double> out(kTokens * kWidth, 0);
  for (size_t i = 0; i < kTokens; ++i)
    for (size_t head = 0; head < kWidth; head += kDim) {
      std::vector<double> row;
      double sum = 0;
      for (size_t j = 0; j < kKeys; ++j) {
        double score = 0;
        for (size_t d = head; d < head + kDim; ++d) score += qkv[0][i * kWidth + d] * qkv[1][j * kWidth + d];
        sum += row.emplace_back(std::exp(score / std::sqrt(double(kDim))));
      }
      for (size_t j = 0; j < kKeys; ++j)
        for (size_t d = head; d < head + kDim && kept[i * kWidth + head + j] != 0; ++d)
          out[i * kWidth + d] += row[j] / sum / (1 - rate) * qkv[2][j * kWidth + d];
    }
  return out;
}

}  // namespace dropped
}  // namespace

TEST_CASE("multi-head attention and its gradients are PyTorch's") {
  for (const std::string name : {"plain", "biased", "masked", "rows", "additive"}) {
    GoldenCase of(recorded(), name);
    AttentionHeads heads(3);
    if (of.has("w")) {
      heads.additive.emplace(device(), Shape{4});
      heads.additive->write(of.values("w"));
    }
    MultiHeadAttention layer(
        {linear_of(of, "q"), linear_of(of, "k"), linear_of(of, "v"), linear_of(of, "o"), std::move(heads)});
    LayerOptions options{.weights = true};
    if (of.has("lengths")) options.attention.lengths = of.whole("lengths");
    if (of.has("mask")) options.head_mask = of("mask");
    const Tensor q = of("q"), k = of("k"), v = of("v");
    const MultiHeadAttention::Result made = layer(q, k, v, options);
    REQUIRE(made.weights.shape() == Shape({2, 3, 5, 6}));
    expect_gradients(of, layer);
    of.expect(made.weights, "weights");
    of.check(made.out, kProduct);
  }
}

TEST_CASE("multi-head attention has the textbook's shapes, and heads of any size") {
  // Zhang et al., Dive into Deep Learning, sections 11.5 and 11.6: 4 queries, then the same as keys and
  // values.
  const MultiHeadAttention layer = layer_of(100, 5);
  State generator(device(), {4}, DType::u32);
  for (const int64_t keys : {6, 4}) {
    Graph graph;
    const Tensor q = graph.input({2, 4, 100}), kv = graph.input({2, keys, 100}),
                 lengths = graph.input({2}, DType::u32);
    const std::vector<Input> inputs{{q, std::vector<float>(800, 1)},
                                    {kv, std::vector<float>(uint64_t(2 * keys * 100), 1)},
                                    {lengths, std::vector<uint32_t>{3, 2}}};
    const AttentionOptions attention{.lengths = lengths};
    const Tensor y = layer(q, kv, kv, {.attention = attention}).out;
    const Tensor dropped =
        layer(q, kv, kv, {.attention = attention, .weight_dropout = {.rate = 0.5f, .generator = &generator}})
            .out;
    REQUIRE(y.shape() == Shape({2, 4, 100}));
    REQUIRE(dropped.shape() == y.shape());
    const std::vector<float> got = run(graph, inputs, y), other = run(graph, inputs, dropped);
    // All keys are alike: whatever the weights, their sum is one value.
    for (size_t i = 0; i < got.size(); ++i) CHECK(std::abs(got[i] - got[i % 100]) < 1e-5);
    CHECK(other != got);
  }
}

TEST_CASE("multi-head attention drops weights, not what is returned of them") {
  // V is one everywhere and nothing is projected: the output is the sum of the weights that are kept,
  // doubled.
  std::vector<float> identity(64, 0.0f);
  for (size_t i = 0; i < 8; ++i) identity[9 * i] = 1;
  const auto same = [&] { return Linear(device(), 8, 8, identity, {}); };
  const MultiHeadAttention layer({same(), same(), same(), std::nullopt, AttentionHeads(2)});
  State generator(device(), {4}, DType::u32);
  generator.write(std::vector<uint32_t>{5, 0, 0, 0});
  Graph graph;
  const Tensor q = graph.input({1, 64, 8}), v = graph.input({1, 4, 8});
  const MultiHeadAttention::Result made =
      layer(q, v, v, {.weights = true, .weight_dropout = {.rate = 0.5f, .generator = &generator}});
  const std::vector<Values> got =
      run_all(graph, {{q, random_values(512, 1)}, {v, std::vector<float>(32, 1)}}, {made.out, made.weights});
  const std::vector<float>&out = std::get<0>(got[0]), &weights = std::get<0>(got[1]);
  for (float weight : weights) CHECK(std::abs(weight - 0.25f) < 1e-6);
  std::array<int, 5> seen{};
  for (size_t i = 0; i < out.size(); i += 4) {  // of a query and head
    const float kept = out[i] * 2;              // 4 weights of 1/4, each 0 or doubled
    REQUIRE(std::abs(kept - std::round(kept)) < 1e-5);
    ++seen.at(size_t(std::lround(kept)));
  }
  CHECK(seen[0] + seen[4] < 40);  // of 128, 16 expected
  CHECK(seen[2] > 25);            // 48 expected
}

TEST_CASE("gradients through dropped weights are those of the weights that were kept") {
  using namespace dropped;
  constexpr float kRate = 0.4f;
  std::vector<std::vector<float>> weights{random_values(kWidth * kWidth, 1, -0.6f, 0.6f),
                                          random_values(kWidth * kWidth, 2, -0.6f, 0.6f),
                                          std::vector<float>(kWidth * kWidth, 0)};
  for (size_t i = 0; i < kWidth; ++i) weights[2][(kWidth + 1) * i] = 1;
  const auto linear = [&](size_t part) {
    return Linear(device(), kWidth, kWidth, weights[part], {}, Use::training);
  };
  MultiHeadAttention layer({linear(0), linear(1), linear(2), std::nullopt, AttentionHeads(kHeads)});
  Parameters all;
  layer.parameters("layer", all);
  State generator(device(), {4}, DType::u32);
  generator.write(std::vector<uint32_t>{5, 0, 2, 0});
  Graph graph;
  std::vector<Tensor> x{graph.input({1, kTokens, kWidth}), graph.input({1, kKeys, kWidth}),
                        graph.input({1, kKeys, kWidth})};
  for (const Parameter& parameter : all) x.push_back(graph.use(*parameter.state));
  const Tensor dy = graph.input({1, kTokens, kWidth});
  const Tensor y = layer(x[0], x[1], x[2], {.weight_dropout = {.rate = kRate, .generator = &generator}}).out;
  std::vector<Tensor> made{y};
  for (const Tensor& dx : graph.grad(y, x, dy)) made.push_back(dx);
  const std::vector<float> q = random_values(kTokens * kWidth, 3, -1.5f, 1.5f),
                           k = random_values(kKeys * kWidth, 4, -1.5f, 1.5f),
                           v = random_values(kKeys * kWidth, 5, -1.5f, 1.5f),
                           dy_values = random_values(kTokens * kWidth, 6);
  // Value j of each head is 1 at j: the output is what is kept.
  std::vector<float> one_hot(kKeys * kWidth, 0);
  for (size_t j = 0; j < kKeys; ++j) one_hot[j * kWidth + j] = one_hot[j * kWidth + kDim + j] = 1;
  const auto run_with = [&](const std::vector<float>& values) {
    return run_all(graph, {{x[0], q}, {x[1], k}, {x[2], values}, {dy, dy_values}}, made);
  };
  const std::vector<float> kept = std::get<std::vector<float>>(run_with(one_hot)[0]);
  const auto dropped = std::ranges::count(kept, 0.0f);
  REQUIRE((dropped > 5 && dropped < 30));  // of 40
  const auto f = [&](const Operands& in) { return attend_kept(in, kept, double(kRate)); };
  const std::vector<Values> got = run_with(v);
  Operands operands{widened(q), widened(k), widened(v)};
  for (const std::vector<float>& weight : weights) operands.push_back(widened(weight));
  check_close(std::get<std::vector<float>>(got[0]), f(operands), kProduct);
  for (size_t which = 0; which < 6; ++which)
    check_close(std::get<std::vector<float>>(got[which + 1]), gradient(f, operands, dy_values, which),
                kProduct);
}

TEST_CASE("self-attention is multi-head attention whose projections are one product") {
  constexpr int64_t kWidth = 16, kHeads = 4;  // with biases: as hyunwoongko/transformer has it
  const std::vector<float> weight = random_values(4 * kWidth * kWidth, 1, -0.4f, 0.4f),
                           bias = random_values(4 * kWidth, 2);
  const auto part = [&](int64_t first, int64_t count) {
    const auto slice_of = [&](const std::vector<float>& all, int64_t each) {
      return std::vector<float>(all.begin() + first * each, all.begin() + (first + count) * each);
    };
    return Linear(device(), count * kWidth, kWidth, slice_of(weight, kWidth * kWidth),
                  slice_of(bias, kWidth));
  };
  const MultiHeadAttention general({part(0, 1), part(1, 1), part(2, 1), part(3, 1), AttentionHeads(kHeads)});
  const SelfAttention own(part(0, 3), part(3, 1), kHeads);
  Graph graph;
  const Tensor x = graph.input({2, 7, kWidth}), lengths = graph.input({2}, DType::u32),
               rows = graph.input({2, 7}, DType::u32), each = graph.input({2, 7}, DType::u32);
  std::vector<uint32_t> same, causal;  // the same lengths; and no later token
  for (uint32_t length : {7u, 3u})
    for (uint32_t i = 0; i < 7; ++i) {
      same.push_back(length);
      causal.push_back(std::min(length, i + 1));
    }
  const std::vector<Input> inputs{{x, random_values(2 * 7 * kWidth, 3)},
                                  {lengths, std::vector<uint32_t>{7, 3}},
                                  {rows, causal},
                                  {each, same}};
  const LayerOptions options{.attention = {.causal = true, .lengths = lengths}};
  const std::vector<float> want = run(graph, inputs, own(x, {}, options).out);
  CHECK(run(graph, inputs, general(x, x, x, options).out) == want);
  const Tensor by_rows = general(x, x, x, {.attention = {.lengths = rows}}).out;
  check_close(run(graph, inputs, by_rows), widened(want), kProduct);
  const Tensor both = general(x, x, x, {.attention = {.causal = true, .lengths = each}}).out;
  check_close(run(graph, inputs, both), widened(want), kProduct);
}

TEST_CASE("self-attention may be wider than what it reads, or leave its heads as they are") {
  // The attention of lucidrains/vit-pytorch: normalised before one product without bias; 8 heads of 64 make
  // an inner width of 512 for any width, one head as wide as the input has no output projection.
  constexpr int64_t kWidth = 64, kTokens = 5, kDim = 64;
  const std::vector<float> ones(kWidth, 1), zeros(kWidth, 0), x_values = random_values(kTokens * kWidth, 9);
  for (const int64_t heads : {8, 1}) {
    const int64_t inner = heads * kDim;
    const std::vector<float> qkv = random_values(uint64_t(3 * inner * kWidth), 1, -0.2f, 0.2f),
                             out = random_values(uint64_t(kWidth * inner), 2, -0.1f, 0.1f),
                             bias = random_values(kWidth, 3);
    std::optional<Linear> last;
    if (heads > 1) last.emplace(device(), kWidth, inner, out, bias);
    const SelfAttention block(Linear(device(), 3 * inner, kWidth, qkv, {}), std::move(last), heads);
    const LayerNorm norm(device(), ones, zeros, 1e-5f);
    CHECK(block.inner() == inner);
    Graph graph;
    const Tensor x = graph.input({1, kTokens, kWidth});
    std::vector<double> want = heads_of(product(normalised_rows(x_values, kWidth), qkv, kWidth), heads, kDim);
    if (heads > 1) want = product(want, out, inner);
    if (heads > 1)
      for (size_t i = 0; i < want.size(); ++i) want[i] += double(bias[i % kWidth]);
    check_close(run(graph, {{x, x_values}}, block(norm(x), {}).out), want, kProduct);
  }
}

TEST_CASE("a query that sees no key gets the output's bias alone") {
  const std::vector<float> bias = random_values(8, 8);
  const MultiHeadAttention layer({random_linear(8, 8, 1), random_linear(8, 8, 3), random_linear(8, 8, 5),
                                  Linear(device(), 8, 8, random_values(64, 7), bias), AttentionHeads(2)});
  Graph graph;
  const Tensor x = graph.input({2, 3, 8}), lengths = graph.input({2}, DType::u32);
  const std::vector<float> got =
      run(graph, {{x, random_values(48, 9)}, {lengths, std::vector<uint32_t>{3, 0}}},
          layer(x, x, x, {.attention = {.lengths = lengths}}).out);
  for (size_t i = 24; i < 48; ++i) CHECK(got[i] == bias[i % 8]);
}

TEST_CASE("multi-head attention rejects what does not fit") {
  const auto make = [](int64_t q, int64_t k, int64_t heads, int64_t out) {
    return [=] {
      MultiHeadAttention({random_linear(q, 8, 1), random_linear(k, 8, 3), random_linear(q, 8, 5),
                          random_linear(8, out, 7), AttentionHeads(heads)});
    };
  };
  check_rejects(make(12, 8, 2, 12), {"multi-head attention", "queries of 12", "keys of 8"});
  check_rejects(make(12, 12, 5, 12), {"multi-head attention", "12", "5 heads"});
  check_rejects(make(12, 12, 0, 8), {"attention", "0 heads"});
  check_rejects(make(12, 12, 3, 8), {"multi-head attention", "heads of 12", "takes 8"});
  const MultiHeadAttention layer = layer_of(8, 2);
  Graph graph;
  const Tensor x = graph.input({2, 3, 8}), rows = graph.input({2, 4}, DType::u32), mask = graph.input({3});
  check_rejects([&] { layer(x, x, x, {.attention = {.lengths = rows}}); },
                {"lengths (2, 4)", "(2, 2, 3, 3)"});
  check_rejects([&] { layer(x, x, x, {.head_mask = mask}); }, {"head mask (3)", "2 heads"});
}
