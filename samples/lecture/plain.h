// The same computations in plain loops and double precision, to compare with. Matrices lie row by row.
#pragma once

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

using Numbers = std::vector<double>;

// The same numbers everywhere, from -1 to 1.
inline std::vector<float> random_numbers(size_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<float> numbers(count);
  for (float& number : numbers) number = float(random()) * 0x1p-31f - 1;
  return numbers;
}

inline double worst_difference(const std::vector<float>& got, const Numbers& want) {
  double worst = got.size() == want.size() ? 0 : INFINITY;
  for (size_t i = 0; i < got.size() && i < want.size(); ++i)
    worst = std::max(worst, std::abs(double(got[i]) - want[i]));
  return worst;
}

// softmax(scale q k^T): q (queries, size), k (keys, size) -> (queries, keys).
inline Numbers plain_weights(const std::vector<float>& q, const std::vector<float>& k, size_t size,
                             double scale) {
  const size_t queries = q.size() / size, keys = k.size() / size;
  Numbers weights(queries * keys);
  for (size_t i = 0; i < queries; ++i) {
    double* row = weights.data() + i * keys;
    double largest = -INFINITY, sum = 0;
    for (size_t j = 0; j < keys; ++j) {
      for (size_t d = 0; d < size; ++d) row[j] += scale * double(q[i * size + d]) * double(k[j * size + d]);
      largest = std::max(largest, row[j]);
    }
    for (size_t j = 0; j < keys; ++j) sum += row[j] = std::exp(row[j] - largest);
    for (size_t j = 0; j < keys; ++j) row[j] /= sum;
  }
  return weights;
}

// weights (queries, keys) times v (keys, size).
inline Numbers plain_sums(const Numbers& weights, const std::vector<float>& v, size_t size) {
  const size_t keys = v.size() / size;
  Numbers sums(weights.size() / keys * size);
  for (size_t i = 0; i < weights.size(); ++i)
    for (size_t d = 0; d < size; ++d)
      sums[i / keys * size + d] += weights[i] * double(v[i % keys * size + d]);
  return sums;
}

// x (in, side, side), weight (out, in, 3, 3), bias (out) or empty, a border of zeros -> (out, side, side).
inline Numbers plain_convolution(const Numbers& x, const std::vector<float>& weight,
                                 const std::vector<float>& bias, int64_t in, int64_t side) {
  const int64_t out = int64_t(weight.size()) / (9 * in);
  Numbers y;
  for (int64_t o = 0; o < out; ++o)
    for (int64_t row = 0; row < side; ++row)
      for (int64_t column = 0; column < side; ++column) {
        double sum = bias.empty() ? 0 : double(bias[size_t(o)]);
        for (int64_t c = 0; c < in; ++c)
          for (int64_t tap = 0; tap < 9; ++tap) {
            const int64_t i = row + tap / 3 - 1, j = column + tap % 3 - 1;
            if (i < 0 || i >= side || j < 0 || j >= side) continue;
            sum += double(weight[size_t((o * in + c) * 9 + tap)]) * x[size_t((c * side + i) * side + j)];
          }
        y.push_back(sum);
      }
  return y;
}

// Each channel of (channels, places) to mean 0 and variance 1.
inline Numbers plain_norm(Numbers x, size_t channels, double eps) {
  const size_t places = x.size() / channels;
  for (size_t c = 0; c < channels; ++c) {
    double mean = 0, variance = 0;
    for (size_t i = 0; i < places; ++i) mean += x[c * places + i] / double(places);
    for (size_t i = 0; i < places; ++i) variance += std::pow(x[c * places + i] - mean, 2) / double(places);
    for (size_t i = 0; i < places; ++i)
      x[c * places + i] = (x[c * places + i] - mean) / std::sqrt(variance + eps);
  }
  return x;
}

inline Numbers plain_relu(Numbers x) {
  for (double& each : x) each = std::max(each, 0.0);
  return x;
}

inline Numbers plain_sigmoid(Numbers x) {
  for (double& each : x) each = 1 / (1 + std::exp(-each));
  return x;
}
