#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>

#include "support/attention.h"

using namespace fovea;
using namespace fovea::test;

namespace {

struct Weights {
  std::vector<float> out, weights;
};

// attention, then the weights of the chosen heads and rows.
Weights run_weights(const AttentionCase& x, const HeadsAndRows& which, const Shape& bias_shape = {}) {
  AttentionGraph asked(x, bias_shape);
  const Attention made = attention(asked.q, asked.k, asked.v, asked.options);
  const std::vector<Values> values =
      run_all(asked.graph, asked.inputs,
              {made.out, attention_weights(asked.q, asked.k, made.lse, which, asked.options)});
  return {std::get<std::vector<float>>(values[0]), std::get<std::vector<float>>(values[1])};
}

void check_weights(const AttentionCase& x, const HeadsAndRows& which = {}, const Shape& bias_shape = {}) {
  INFO("tokens " << x.tokens << ", keys " << x.keys << ", head_dim " << x.head_dim << ", causal "
                 << x.causal);
  const Weights got = run_weights(x, which, bias_shape);
  const int64_t heads = which.heads < 0 ? x.heads - which.head : which.heads;
  const int64_t rows = which.rows < 0 ? x.tokens - which.row : which.rows;
  std::vector<double> want;
  for (int64_t b = 0; b < x.batch; ++b)
    for (int64_t h = which.head; h < which.head + heads; ++h)
      for (int64_t i = which.row; i < which.row + rows; ++i) {
        const AttentionRow row = attention_row(x, b, h, i);
        for (int64_t j = 0; j < x.keys; ++j)  // what is not seen weighs exactly nothing
          if (!x.seen(b, i, j)) REQUIRE(got.weights.at(want.size() + size_t(j)) == 0);
        want.insert(want.end(), row.weights.begin(), row.weights.end());
      }
  check_close(got.weights, want, kProduct);
}

}  // namespace

TEST_CASE("attention_weights are the softmax of the scores") {
  for (int64_t keys : {1, 3, 7, 8, 9, 16, 17, 33, 65, 197})
    check_weights(random_attention(2, 3, 5, keys, 8, 1));
  for (int64_t head_dim : {4, 20, 72, 128, 256}) check_weights(random_attention(1, 2, 3, 33, head_dim, 1));
}

TEST_CASE("attention_weights of chosen heads and rows") {
  const AttentionCase x = random_attention(2, 5, 9, 33, 8, 1);
  check_weights(x, {.head = 2, .heads = 2, .row = 3, .rows = 4});
  check_weights(x, {.head = 4});
  check_weights(x, {.row = 8});
  check_weights(x, {.heads = 1, .rows = 1});
}

TEST_CASE("attention_weights of rows that are known only when it runs") {
  const AttentionCase x = random_attention(2, 3, 9, 17, 8, 1);
  AttentionGraph asked(x, {});
  const Attention made = attention(asked.q, asked.k, asked.v, asked.options);
  const Tensor at = asked.graph.input({1}, DType::u32);
  const HeadsAndRows which{.head = 1, .heads = 2, .row = 1, .rows = 2, .at = at};
  const Tensor weights = attention_weights(asked.q, asked.k, made.lse, which, asked.options);
  for (const uint32_t start : {0u, 6u, 7u, 100u}) {
    INFO("from " << start << " on");
    std::vector<Input> inputs = asked.inputs;
    inputs.push_back({at, std::vector<uint32_t>{start}});
    std::vector<double> want;
    for (int64_t b = 0; b < x.batch; ++b)
      for (int64_t h = 1; h < 3; ++h)
        for (int64_t i = 1 + start; i < 3 + int64_t(start); ++i) {
          std::vector<double> row(size_t(x.keys), NAN);  // behind the last query
          if (i < x.tokens) row = attention_row(x, b, h, i).weights;
          want.insert(want.end(), row.begin(), row.end());
        }
    check_close(run(asked.graph, inputs, weights), want, kProduct);
  }
  const auto with = [&](const HeadsAndRows& wrong) {
    return [&, wrong] { attention_weights(asked.q, asked.k, made.lse, wrong, asked.options); };
  };
  check_rejects(with({.at = at}), {"attention_weights", "(1)", "how many"});
  check_rejects(with({.rows = 1, .at = asked.graph.input({2}, DType::u32)}), {"attention_weights", "(2)"});
}

TEST_CASE("attention_weights follow causal, lengths and bias; rows without keys are zero") {
  for (int64_t tokens : {5, 33, 40}) {
    AttentionCase x = random_attention(2, 2, tokens, 33, 8, 1);
    x.causal = true;
    check_weights(x);
    x.lengths = {0, 17};
    check_weights(x);
    x.causal = false;
    x.bias = random_values(33, 4);
    x.bias_strides = {0, 0, 0};
    x.bias[5] = -std::numeric_limits<float>::infinity();
    check_weights(x, {}, {1, 1, 1, 33});
    check_weights(x, {.head = 1, .row = 2}, {1, 1, 1, 33});
  }
}

TEST_CASE("attention_weights times v is what attention gives") {
  const AttentionCase x = random_attention(2, 3, 17, 65, 20, 1);
  const Weights got = run_weights(x, {});
  std::vector<double> want;
  for (int64_t row = 0; row < x.batch * x.heads * x.tokens; ++row)
    for (int64_t d = 0; d < x.head_dim; ++d) {
      double sum = 0;
      for (int64_t j = 0; j < x.keys; ++j)
        sum += double(got.weights[size_t(row * x.keys + j)]) * double(x.v[x.key_at(0, row / x.tokens, j, d)]);
      want.push_back(sum);
    }
  check_close(got.out, want, kProduct);
}

TEST_CASE("attention_weights rejects what does not fit") {
  Graph graph;
  Tensor q = graph.input({2, 3, 5, 8}), k = graph.input({2, 3, 7, 8}), lse = graph.input({2, 3, 5});
  const auto with = [&](const HeadsAndRows& which) { return [=] { attention_weights(q, k, lse, which); }; };
  check_rejects([&] { attention_weights(q, k, graph.input({2, 5, 3})); },
                {"attention_weights", "lse", "(2, 5, 3)"});
  check_rejects([&] { attention_weights(q, graph.input({2, 3, 7, 4}), lse); },
                {"attention_weights", "(2, 3, 7, 4)"});
  check_rejects(with({.head = 3}), {"attention_weights", "heads", "of 3"});
  check_rejects(with({.head = 1, .heads = 3}), {"attention_weights", "heads 1 to 4 of 3"});
  check_rejects(with({.head = -1, .heads = 1}), {"attention_weights", "heads"});
  check_rejects(with({.heads = 0}), {"attention_weights", "heads"});
  check_rejects(with({.row = 4, .rows = 2}), {"attention_weights", "rows 4 to 6 of 5"});
  check_rejects(with({.row = 5}), {"attention_weights", "rows"});
}
