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

AttentionCase random_attention(int64_t batch, int64_t heads, int64_t tokens, int64_t keys, int64_t head_dim) {
  AttentionCase x{batch, heads, tokens, keys, head_dim, 1 / std::sqrt(double(head_dim))};
  x.q = random_values(uint64_t(batch * heads * tokens * head_dim), 1, -2, 2);
  x.k = random_values(uint64_t(batch * heads * keys * head_dim), 2, -2, 2);
  x.v = random_values(uint64_t(batch * heads * keys * head_dim), 3);
  return x;
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
  AttentionGradients made{std::vector<double>(x.q.size()), std::vector<double>(x.k.size()),
                          std::vector<double>(x.v.size()), std::vector<double>(x.bias.size())};
  for (int64_t b = 0; b < x.batch; ++b)
    for (int64_t h = 0; h < x.heads; ++h)
      for (int64_t i = 0; i < x.tokens; ++i) {
        const AttentionRow row = attention_row(x, b, h, i);
        std::vector<double> dweights(size_t(x.keys), 0.0);
        double along = 0;
        for (int64_t j = 0; j < x.keys; ++j) {
          if (!x.seen(b, i, j)) continue;
          for (int64_t d = 0; d < x.head_dim; ++d)
            dweights[size_t(j)] += double(dout[x.query_at(b, h, i, d)]) * double(x.v[x.key_at(b, h, j, d)]);
          if (row.weights[size_t(j)] != 0) along += row.weights[size_t(j)] * dweights[size_t(j)];
        }
        for (int64_t j = 0; j < x.keys; ++j) {
          if (!x.seen(b, i, j) || row.weights[size_t(j)] == 0) continue;
          const double weight = row.weights[size_t(j)], ds = weight * (dweights[size_t(j)] - along);
          if (!x.bias.empty())
            made.bias[size_t(b * x.bias_strides[0] + h * x.bias_strides[1] + i * x.bias_strides[2] + j)] +=
                ds;
          for (int64_t d = 0; d < x.head_dim; ++d) {
            const size_t query = x.query_at(b, h, i, d), key = x.key_at(b, h, j, d);
            made.q[query] += x.scale * ds * double(x.k[key]);
            made.k[key] += x.scale * ds * double(x.q[query]);
            made.v[key] += weight * double(dout[query]);
          }
        }
      }
  return made;
}

}  // namespace fovea::test
