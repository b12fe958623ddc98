#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>

#include "support/check.h"

using namespace fovea;
using namespace fovea::test;

namespace {

struct Case {
  std::vector<float> x, gain, shift, residual;  // residual: empty for none
  float eps = 1e-5f;
};

std::vector<double> reference(const Case& c) {
  const size_t n = c.gain.size();
  std::vector<double> y;
  for (size_t start = 0; start < c.x.size(); start += n) {
    std::vector<double> h(n);
    double mean = 0, variance = 0;
    for (size_t i = 0; i < n; ++i)
      h[i] = double(c.x[start + i]) + (c.residual.empty() ? 0 : double(c.residual[start + i]));
    for (double v : h) mean += v / double(n);
    for (double v : h) variance += (v - mean) * (v - mean) / double(n);
    const double deviation = std::sqrt(variance + double(c.eps));
    for (size_t i = 0; i < n; ++i)
      y.push_back((h[i] - mean) / deviation * double(c.gain[i]) + double(c.shift[i]));
  }
  return y;
}

std::vector<float> run_case(const Case& c, const Shape& shape) {
  Graph graph;
  Tensor x = graph.input(shape), gain = graph.input({shape.back()}), shift = graph.input({shape.back()});
  std::vector<Input> inputs = {{x, c.x}, {gain, c.gain}, {shift, c.shift}};
  LayerNormOptions options{.eps = c.eps};
  if (!c.residual.empty()) {
    options.residual = graph.input(shape);
    inputs.push_back({options.residual, c.residual});
  }
  return run(graph, inputs, layer_norm(x, gain, shift, options));
}

Case random_case(int64_t row_count, int64_t n, bool residual, float mean = 0, float spread = 1) {
  const uint64_t count = uint64_t(row_count * n);
  Case c{.x = random_values(count, uint32_t(n), mean - spread, mean + spread),
         .gain = random_values(uint64_t(n), 2, 0.5f, 1.5f),
         .shift = random_values(uint64_t(n), 3)};
  if (residual) c.residual = random_values(count, 4, -mean - spread, -mean + 3 * spread);
  return c;
}

}  // namespace

TEST_CASE("layer_norm matches the double loop at every edge") {
  for (int64_t n : {1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64, 96, 197, 256, 768, 1009, 4096})
    for (bool residual : {false, true}) {
      const Case c = random_case(3, n, residual, 0.3f, 2);
      check_close(run_case(c, {3, n}), reference(c), kRow);
    }
}

TEST_CASE("layer_norm takes any number of rows and any rank") {
  for (const Shape& shape : {Shape{64}, Shape{17, 64}, Shape{9, 7, 64}, Shape{3, 1, 23, 64},
                             Shape{1, 2, 2, 1, 5, 64}}) {
    const Case c = random_case(int64_t(shape.elements()) / 64, 64, true);
    check_close(run_case(c, shape), reference(c), kRow);
  }
  for (int64_t row_count : {15, 31, 65, 131, 197}) {
    const Case c = random_case(row_count, 64, false);
    check_close(run_case(c, {row_count, 64}), reference(c), kRow);
  }
}

TEST_CASE("layer_norm survives a mean a million times the spread") {
  for (int64_t n : {5, 64, 197, 768}) {
    const Case c = random_case(9, n, false, 1e4f, 1e-2f);
    check_close(run_case(c, {9, n}), reference(c), kRow);
    // The sum of x and residual is never rounded at the size of the mean.
    const Case both = random_case(9, n, true, 1e4f, 1e-2f);
    check_close(run_case(both, {9, n}), reference(both), kRow);
  }
}

TEST_CASE("layer_norm takes an outlier, also as the first element") {
  for (size_t at : {0, 1, 63}) {
    Case c = random_case(2, 64, false);
    c.x[at] = 1e7f;
    check_close(run_case(c, {2, 64}), reference(c), kRow);
  }
}

TEST_CASE("layer_norm divides by the root of eps where a row is constant") {
  Case c = random_case(2, 33, false);
  c.x.assign(c.x.size(), 7.25f);
  check_close(run_case(c, {2, 33}), reference(c), kExact);
  c = random_case(3, 20, false, 0, 1e-3f);
  for (float eps : {1e-12f, 1e-5f, 0.1f}) {
    c.eps = eps;
    check_close(run_case(c, {3, 20}), reference(c), kRow);
  }
}

TEST_CASE("layer_norm keeps NaN and infinity, and never makes finite values of an overflow") {
  const float inf = std::numeric_limits<float>::infinity();
  for (float bad : {float(NAN), inf, -inf, 3e38f})
    for (int64_t n : {9, 64}) {
      Case c = random_case(2, n, false);
      std::vector<double> want = reference(c);
      c.x[size_t(n) + 3] = bad;
      for (size_t i = size_t(n); i < want.size(); ++i) want[i] = NAN;
      check_close(run_case(c, {2, n}), want, kRow);
    }
}

TEST_CASE("layer_norm takes views that lie anywhere") {
  const int64_t n = 64;
  Graph graph;
  Tensor all = graph.input({4 * n + 1}), gain = graph.input({n + 1}), shift = graph.input({n});
  const std::vector<float> values = random_values(uint64_t(4 * n + 1), 11), gains = random_values(n + 1, 12);
  Tensor y = layer_norm(reshape(slice(all, 0, 1, 4 * n), {4, n}), slice(gain, 0, 1, n), shift);
  const Case c{.x = {values.begin() + 1, values.end()}, .gain = {gains.begin() + 1, gains.end()},
               .shift = random_values(n, 13)};
  check_close(run(graph, {{all, values}, {gain, gains}, {shift, c.shift}}, y), reference(c), kRow);
}

TEST_CASE("layer_norm rejects what does not fit") {
  Graph graph;
  Tensor x = graph.input({4, 6}), six = graph.input({6}), five = graph.input({5}), row = graph.input({1, 6});
  check_rejects([&] { layer_norm(x, five, six); }, {"layer_norm", "gain (5)", "(4, 6)", "needs (6)"});
  check_rejects([&] { layer_norm(x, six, row); }, {"layer_norm", "shift (1, 6)", "(4, 6)"});
  check_rejects([&] { layer_norm(x, six, six, {.residual = six}); }, {"residual (6)", "x (4, 6)"});
  check_rejects([&] { layer_norm(x, six, Tensor()); }, {"layer_norm", "absent"});
  check_rejects([&] { layer_norm(graph.input({}), six, six); }, {"layer_norm", "last axis", "()"});
  check_rejects([&] { layer_norm(graph.input({6}, DType::u32), six, six); }, {"layer_norm", "u32", "f32"});
}
