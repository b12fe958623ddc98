#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>

#include "core/check.h"
#include "support/check.h"
#include "support/gradient.h"

using namespace fovea;
using namespace fovea::test;

namespace {

struct Case {
  std::vector<float> x, weight, bias, residual;  // residual: empty for none
  float eps = 1e-5f;
};

// of: x, weight, bias, residual.
std::vector<double> normalised(const Operands& of, double eps) {
  const std::vector<double>&x = of[0], &weight = of[1], &bias = of[2], &residual = of[3];
  const size_t n = weight.size();
  std::vector<double> y;
  for (size_t start = 0; start < x.size(); start += n) {
    std::vector<double> h(n);
    double mean = 0, variance = 0;
    for (size_t i = 0; i < n; ++i) h[i] = x[start + i] + (residual.empty() ? 0 : residual[start + i]);
    for (double v : h) mean += v / double(n);
    for (double v : h) variance += (v - mean) * (v - mean) / double(n);
    const double deviation = std::sqrt(variance + eps);
    for (size_t i = 0; i < n; ++i) y.push_back((h[i] - mean) / deviation * weight[i] + bias[i]);
  }
  return y;
}

Operands operands(const Case& c) {
  return {widened(c.x), widened(c.weight), widened(c.bias), widened(c.residual)};
}

std::vector<double> reference(const Case& c) { return normalised(operands(c), double(c.eps)); }

std::vector<float> run_case(const Case& c, const Shape& shape) {
  Graph graph;
  Tensor x = graph.input(shape), weight = graph.input({shape.back()}), bias = graph.input({shape.back()});
  std::vector<Input> inputs = {{x, c.x}, {weight, c.weight}, {bias, c.bias}};
  LayerNormOptions options{.eps = c.eps};
  if (!c.residual.empty()) {
    options.residual = graph.input(shape);
    inputs.push_back({options.residual, c.residual});
  }
  return run(graph, inputs, layer_norm(x, weight, bias, options));
}

// Gradients of x, weight, bias and residual.
std::vector<std::vector<float>> run_gradients(const Case& c, const Shape& shape,
                                              const std::vector<float>& dy_values) {
  Graph graph;
  Tensor x = graph.input(shape), weight = graph.input({shape.back()}), bias = graph.input({shape.back()});
  Tensor dy = graph.input(shape);
  std::vector<Input> inputs = {{x, c.x}, {weight, c.weight}, {bias, c.bias}, {dy, dy_values}};
  LayerNormOptions options{.eps = c.eps};
  if (!c.residual.empty()) {
    options.residual = graph.input(shape);
    inputs.push_back({options.residual, c.residual});
  }
  Tensor y = layer_norm(x, weight, bias, options);
  std::vector<Tensor> grads = gradients_of(y, dy);
  REQUIRE(grads.size() == 4);
  REQUIRE(bool(grads[3]) == bool(options.residual));
  if (c.residual.empty()) grads.pop_back();
  std::vector<std::vector<float>> results;
  for (const Values& values : run_all(graph, inputs, grads))
    results.push_back(std::get<std::vector<float>>(values));
  return results;
}

void check_gradients(const Case& c, const Shape& shape, double step = 1e-5) {
  INFO("shape " << concat(shape));
  const std::vector<float> dy_values = random_values(shape.elements(), 21);
  const std::vector<std::vector<float>> got = run_gradients(c, shape, dy_values);
  const auto f = [&](const Operands& of) { return normalised(of, double(c.eps)); };
  for (size_t which = 0; which < got.size(); ++which) {
    INFO("input " << which);
    check_close(got[which], gradient(f, operands(c), dy_values, which, step), kRow);
  }
}

Case random_case(int64_t row_count, int64_t n, bool residual, float mean = 0, float spread = 1) {
  const uint64_t count = uint64_t(row_count * n);
  Case c{.x = random_values(count, uint32_t(n), mean - spread, mean + spread),
         .weight = random_values(uint64_t(n), 2, 0.5f, 1.5f),
         .bias = random_values(uint64_t(n), 3)};
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
  for (const Shape& shape :
       {Shape{64}, Shape{17, 64}, Shape{9, 7, 64}, Shape{3, 1, 23, 64}, Shape{1, 2, 2, 1, 5, 64}}) {
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
  Tensor all = graph.input({4 * n + 1}), weight = graph.input({n + 1}), bias = graph.input({n});
  const std::vector<float> values = random_values(uint64_t(4 * n + 1), 11);
  const std::vector<float> weights = random_values(n + 1, 12);
  Tensor y = layer_norm(reshape(slice(all, 0, 1, 4 * n), {4, n}), slice(weight, 0, 1, n), bias);
  const Case c{.x = {values.begin() + 1, values.end()},
               .weight = {weights.begin() + 1, weights.end()},
               .bias = random_values(n, 13)};
  check_close(run(graph, {{all, values}, {weight, weights}, {bias, c.bias}}, y), reference(c), kRow);
}

TEST_CASE("layer_norm has the gradients of its formula at every edge") {
  for (int64_t n : {1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64, 96, 128, 197, 256})
    for (bool residual : {false, true}) check_gradients(random_case(3, n, residual, 0.3f, 2), {3, n});
}

TEST_CASE("layer_norm's gradients add up over any number of rows of any rank") {
  for (const Shape& shape : {Shape{32}, Shape{15, 32}, Shape{2, 8, 32}, Shape{17, 32}, Shape{3, 1, 23, 36},
                             Shape{1, 2, 2, 1, 9, 13}})
    for (bool residual : {false, true})
      check_gradients(random_case(int64_t(shape.elements()) / shape.back(), shape.back(), residual), shape);
  // Beyond the first sums: dshift adds up dy.
  const int64_t n = 64, row_count = 1031;
  const Case c = random_case(row_count, n, false);
  const std::vector<float> dy_values = random_values(uint64_t(row_count * n), 22);
  const auto f = [&](const Operands& of) { return normalised(of, double(c.eps)); };
  const std::vector<std::vector<float>> got = run_gradients(c, {row_count, n}, dy_values);
  check_close(got[1], gradient(f, operands(c), dy_values, 1), kRow);
  check_close(got[2], gradient(f, operands(c), dy_values, 2), kRow);
}

TEST_CASE("layer_norm's gradients survive a mean a million times the spread, and constant rows") {
  for (int64_t n : {5, 20, 64})
    for (bool residual : {false, true})
      check_gradients(random_case(3, n, residual, 1e4f, 1e-2f), {3, n}, 5e-6);
  Case c = random_case(2, 33, false);
  c.x.assign(c.x.size(), 7.25f);
  check_gradients(c, {2, 33}, 1e-6);
}

TEST_CASE("layer_norm's gradients take views that lie anywhere") {
  const int64_t n = 64;
  Graph graph;
  Tensor x = graph.input({4, n}), all = graph.input({4 * n + 1}), weight = graph.input({n});
  Tensor bias = graph.input({n});
  const Case c = random_case(4, n, false);
  const std::vector<float> dy_values = random_values(uint64_t(4 * n + 1), 23);
  Tensor y = layer_norm(x, weight, bias);
  const std::vector<Tensor> grads = gradients_of(y, reshape(slice(all, 0, 1, 4 * n), {4, n}));
  const auto f = [&](const Operands& of) { return normalised(of, double(c.eps)); };
  const std::vector<float> seen(dy_values.begin() + 1, dy_values.end());
  const std::vector<Input> inputs = {{x, c.x}, {all, dy_values}, {weight, c.weight}, {bias, c.bias}};
  for (size_t which : {0, 1, 2})
    check_close(run(graph, inputs, grads[which]), gradient(f, operands(c), seen, which), kRow);
}

TEST_CASE("layer_norm's gradients hand NaN on") {
  for (float bad : {float(NAN), std::numeric_limits<float>::infinity(), 3e38f})
    for (int64_t n : {9, 64}) {
      Case c = random_case(2, n, false);
      const std::vector<float> dy_values = random_values(uint64_t(2 * n), 24);
      const auto f = [&](const Operands& of) { return normalised(of, double(c.eps)); };
      std::vector<double> want = gradient(f, operands(c), dy_values),
                          want_shift = gradient(f, operands(c), dy_values, 2);
      c.x[size_t(n) + 3] = bad;
      for (size_t i = size_t(n); i < want.size(); ++i) want[i] = NAN;
      std::vector<std::vector<float>> got = run_gradients(c, {2, n}, dy_values);
      check_close(got[0], want, kRow);
      check_close(got[1], std::vector<double>(size_t(n), NAN), kRow);
      check_close(got[2], want_shift, kRow);
    }
}

TEST_CASE("layer_norm takes the last axes of its weight as one") {
  Case c = random_case(3, 15, true);
  const std::vector<float> dy_values = random_values(45, 25);
  Graph graph;
  const Tensor x = graph.input({3, 5, 3}), residual = graph.input({3, 5, 3}), dy = graph.input({3, 5, 3});
  const Tensor weight = graph.input({5, 3}), bias = graph.input({5, 3});
  const std::vector<Input> inputs = {
      {x, c.x}, {weight, c.weight}, {bias, c.bias}, {residual, c.residual}, {dy, dy_values}};
  const Tensor y = layer_norm(x, weight, bias, {.eps = c.eps, .residual = residual});
  REQUIRE(y.shape() == Shape({3, 5, 3}));
  check_close(run(graph, inputs, y), reference(c), kRow);
  const std::vector<Tensor> operands_of_y{x, weight, bias, residual};
  const std::vector<Tensor> grads = graph.grad(y, operands_of_y, dy);
  const auto f = [&](const Operands& of) { return normalised(of, double(c.eps)); };
  for (size_t which = 0; which < 4; ++which) {
    REQUIRE(grads[which].shape() == operands_of_y[which].shape());
    check_close(run(graph, inputs, grads[which]), gradient(f, operands(c), dy_values, which), kRow);
  }
  const Tensor turned = graph.input({3, 5}), three = graph.input({3, 5, 2});
  check_rejects([&] { layer_norm(x, turned, turned); }, {"layer_norm", "weight (3, 5)", "(3, 5, 3)"});
  check_rejects([&] { layer_norm(x, weight, turned); }, {"layer_norm", "bias (3, 5)", "last axes"});
  check_rejects([&] { layer_norm(x, weight, bias, {.residual = three}); }, {"residual (3, 5, 2)"});
}

TEST_CASE("layer_norm rejects what does not fit") {
  Graph graph;
  Tensor x = graph.input({4, 6}), six = graph.input({6}), five = graph.input({5}), row = graph.input({1, 6});
  check_rejects([&] { layer_norm(x, five, six); }, {"layer_norm", "weight (5)", "(4, 6)", "needs (6)"});
  check_rejects([&] { layer_norm(x, six, row); }, {"layer_norm", "bias (1, 6)", "(4, 6)"});
  check_rejects([&] { layer_norm(x, six, six, {.residual = six}); }, {"residual (6)", "x (4, 6)"});
  check_rejects([&] { layer_norm(x, six, Tensor()); }, {"layer_norm", "absent"});
  check_rejects([&] { layer_norm(graph.input({}), six, six); }, {"layer_norm", "last axis", "()"});
  check_rejects([&] { layer_norm(graph.input({6}, DType::u32), six, six); }, {"layer_norm", "u32", "f32"});
}
