#include "support/attention.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>

namespace fovea::test {

AttentionRow attention_row(const AttentionCase& x, int64_t b, int64_t h, int64_t i) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  std::vector<double> scores(size_t(x.keys), -kInfinity);
  double top = -kInfinity, total = 0;
  for (int64_t j = 0; j < x.keys; ++j) {
    if (!x.seen(b, i, j)) continue;
    double sum = 0;
    for (int64_t d = 0; d < x.head_dim; ++d)
      sum += double(x.q[x.query_at(b, h, i, d)]) * double(x.k[x.key_at(b, h, j, d)]);
    sum *= x.scale;
    if (!x.bias.empty())
      sum +=
          double(x.bias[size_t(b * x.bias_strides[0] + h * x.bias_strides[1] + i * x.bias_strides[2] + j)]);
    scores[size_t(j)] = sum;
    top = std::max(top, sum);
  }
  AttentionRow row{std::vector<double>(size_t(x.keys), 0.0), -double(std::numeric_limits<float>::max()) / 2};
  if (top == -kInfinity && std::none_of(scores.begin(), scores.end(), [](double s) { return std::isnan(s); }))
    return row;
  for (double score : scores) total += std::exp(score - top);
  for (size_t j = 0; j < scores.size(); ++j) row.weights[j] = std::exp(scores[j] - top) / total;
  row.lse = top + std::log(total);
  return row;
}

AttentionCase random_attention(int64_t batch, int64_t heads, int64_t tokens, int64_t keys, int64_t head_dim,
                               float size) {
  AttentionCase x{batch, heads, tokens, keys, head_dim, 1 / std::sqrt(double(head_dim))};
  x.q = random_values(uint64_t(batch * heads * tokens * head_dim), 1, -size, size);
  x.k = random_values(uint64_t(batch * heads * keys * head_dim), 2, -size, size);
  x.v = random_values(uint64_t(batch * heads * keys * head_dim), 3);
  return x;
}

std::vector<AttentionCase> causal_attentions() {
  struct Extents {
    int64_t tokens, keys;
  };
  std::vector<AttentionCase> cases;
  for (const Extents e :
       {Extents{1, 1}, {2, 2}, {9, 9}, {33, 33}, {65, 65}, {7, 40}, {1, 33}, {40, 7}, {65, 33}}) {
    cases.push_back(random_attention(1, 2, e.tokens, e.keys, 8));
    cases.back().causal = true;
  }
  return cases;
}

AttentionCase masked_attention(bool causal) {
  AttentionCase x = random_attention(7, 2, 33, 65, 8);
  x.causal = causal;
  x.lengths = {0, 1, 31, 32, 33, 65, 1000};
  for (int64_t b = 0; b < x.batch; ++b)
    for (int64_t h = 0; h < x.heads; ++h)
      for (int64_t j = x.lengths[size_t(b)]; j < x.keys; ++j) {
        x.k[x.key_at(b, h, j, 1)] = NAN;
        x.v[x.key_at(b, h, j, 2)] = j % 2 ? NAN : std::numeric_limits<float>::infinity();
      }
  return x;
}

AttentionCase biased_attention(int64_t batch, int64_t heads, int64_t tokens) {
  AttentionCase x = random_attention(2, 3, 9, 37, 8);
  x.bias = random_values(uint64_t(batch * heads * tokens * 37), 4, -3, 3);
  x.bias_strides = {batch > 1 ? heads * tokens * 37 : 0, heads > 1 ? tokens * 37 : 0, tokens > 1 ? 37 : 0};
  return x;
}

AttentionCase hiding_attention() {
  AttentionCase x = random_attention(1, 2, 9, 37, 8);
  x.bias = random_values(9 * 37, 4);
  x.bias_strides = {0, 0, 37};
  for (int64_t i = 0; i < 9; ++i)
    for (int64_t j = 0; j < 37; ++j)
      if (i == 4 || j % 3 == i % 3 || (i == 7 && j != 36))
        x.bias[size_t(i * 37 + j)] = -std::numeric_limits<float>::infinity();
  return x;
}

AttentionGraph::AttentionGraph(const AttentionCase& x, const Shape& bias_shape)
    : q(graph.input({x.batch, x.heads, x.tokens, x.head_dim})),
      k(graph.input({x.batch, x.heads, x.keys, x.head_dim})),
      v(graph.input(k.shape())),
      options{.scale = float(x.scale), .causal = x.causal},
      inputs{{q, x.q}, {k, x.k}, {v, x.v}} {
  if (!x.lengths.empty()) {
    options.lengths = graph.input({x.batch}, DType::u32);
    inputs.push_back({options.lengths, x.lengths});
  }
  if (!x.bias.empty()) {
    options.bias = graph.input(bias_shape);
    inputs.push_back({options.bias, x.bias});
  }
}

AttentionResults run_both(Graph& graph, const std::vector<Input>& inputs, const Attention& made) {
  const std::vector<Values> values = run_all(graph, inputs, {made.out, made.lse});
  return {std::get<std::vector<float>>(values[0]), std::get<std::vector<float>>(values[1])};
}

void check_attention_results(const AttentionResults& got, const AttentionCase& x) {
  std::vector<double> out, lse;
  std::vector<float> some_lse;
  for (int64_t b = 0; b < x.batch; ++b)
    for (int64_t h = 0; h < x.heads; ++h)
      for (int64_t i = 0; i < x.tokens; ++i) {
        const AttentionRow row = attention_row(x, b, h, i);
        const size_t at = size_t((b * x.heads + h) * x.tokens + i);
        const bool sees = !(row.lse <= -double(std::numeric_limits<float>::max()) / 2);
        if (sees) {
          lse.push_back(row.lse);
          some_lse.push_back(got.lse.at(at));
        } else {
          REQUIRE(double(got.lse.at(at)) == row.lse);
        }
        for (int64_t d = 0; d < x.head_dim; ++d) {
          double sum = 0;
          for (int64_t j = 0; j < x.keys; ++j)
            if (row.weights[size_t(j)] != 0)
              sum += row.weights[size_t(j)] * double(x.v[x.key_at(b, h, j, d)]);
          out.push_back(sum);
          if (!sees) REQUIRE(got.out.at(out.size() - 1) == 0);
        }
      }
  check_close(got.out, out, kProduct);
  check_close(some_lse, lse, kProduct);
}

AttentionGradients attention_gradients(const AttentionCase& x, const std::vector<float>& dout) {
  const auto zeros = [](size_t count) {
    return AttentionGradient{std::vector<double>(count), std::vector<double>(count)};
  };
  const auto add = [](AttentionGradient& to, size_t at, double value, double size) {
    to.value[at] += value;
    to.size[at] += std::abs(size);
  };
  AttentionGradients made{zeros(x.q.size()), zeros(x.k.size()), zeros(x.v.size()), zeros(x.bias.size())};
  for (int64_t b = 0; b < x.batch; ++b)
    for (int64_t h = 0; h < x.heads; ++h)
      for (int64_t i = 0; i < x.tokens; ++i) {
        const AttentionRow row = attention_row(x, b, h, i);
        std::vector<double> dweights(size_t(x.keys), 0.0), sizes(size_t(x.keys), 0.0);
        double along = 0, along_size = 0;
        for (int64_t j = 0; j < x.keys; ++j) {
          const double weight = row.weights[size_t(j)];
          if (!x.seen(b, i, j) || weight == 0) continue;
          for (int64_t d = 0; d < x.head_dim; ++d) {
            const double part = double(dout[x.query_at(b, h, i, d)]) * double(x.v[x.key_at(b, h, j, d)]);
            dweights[size_t(j)] += part;
            sizes[size_t(j)] += std::abs(part);
          }
          along += weight * dweights[size_t(j)];
          along_size += weight * sizes[size_t(j)];
        }
        for (int64_t j = 0; j < x.keys; ++j) {
          const double weight = row.weights[size_t(j)];
          if (!x.seen(b, i, j) || weight == 0) continue;
          const double ds = weight * (dweights[size_t(j)] - along);
          const double size = weight * (sizes[size_t(j)] + along_size);
          if (!x.bias.empty())
            add(made.bias, size_t(b * x.bias_strides[0] + h * x.bias_strides[1] + i * x.bias_strides[2] + j),
                ds, size);
          for (int64_t d = 0; d < x.head_dim; ++d) {
            const size_t query = x.query_at(b, h, i, d), key = x.key_at(b, h, j, d);
            const double to_q = x.scale * double(x.k[key]), to_k = x.scale * double(x.q[query]);
            add(made.q, query, ds * to_q, size * to_q);
            add(made.k, key, ds * to_k, size * to_k);
            add(made.v, key, weight * double(dout[query]), weight * double(dout[query]));
          }
        }
      }
  return made;
}

void check_attention_gradient(const std::vector<float>& got, const AttentionGradient& want) {
  constexpr double kTolerance = 1e-5, kUnderflow = 1e-35;  // weights below 1e-38 may be 0
  REQUIRE(got.size() == want.value.size());
  for (size_t i = 0; i < got.size(); ++i) {
    INFO("element " << i << ": got " << got[i] << ", want " << want.value[i] << ", summed size "
                    << want.size[i]);
    if (std::isnan(want.value[i])) {
      REQUIRE(std::isnan(got[i]));
    } else {
      const double lost = want.size[i] > 0 ? kUnderflow : 0;
      REQUIRE(std::abs(double(got[i]) - want.value[i]) <= kTolerance * want.size[i] + lost);
    }
  }
}

}  // namespace fovea::test
