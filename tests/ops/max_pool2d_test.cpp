#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>

#include "support/check.h"
#include "support/gradient.h"
#include "support/pool.h"

using namespace fovea;
using namespace fovea::test;

namespace {

std::vector<double> reference(const std::vector<double>& x, const Shape& shape,
                              const Pool2dOptions& options) {
  return pooled(x, shape, options, [](const std::vector<double>& window, int64_t) {
    double largest = window.front();
    for (const double each : window) largest = std::isnan(each) || each > largest ? each : largest;
    return largest;
  });
}

void check_case(const Shape& shape, const Pool2dOptions& options) {
  INFO("x " << shape << ", kernel " << options.kernel[0] << " x " << options.kernel[1]);
  Graph graph;
  const Tensor x = graph.input(shape);
  const std::vector<float> values = random_values(shape.elements(), 3, -2, -1);
  check_close(run(graph, {{x, values}}, max_pool2d(x, options)), reference(widened(values), shape, options),
              kExact);
}

void check_gradient(const Shape& shape, const Pool2dOptions& options) {
  INFO("x " << shape << ", kernel " << options.kernel[0] << " x " << options.kernel[1]);
  Graph graph;
  const Tensor x = graph.input(shape), y = max_pool2d(x, options), dy = graph.input(y.shape());
  const std::vector<float> values = random_values(shape.elements(), 4),
                           dy_values = random_values(y.shape().elements(), 5);
  const auto f = [&](const Operands& of) { return reference(of[0], shape, options); };
  check_close(run(graph, {{x, values}, {dy, dy_values}}, graph.grad(y, {x}, dy).front()),
              gradient(f, {widened(values)}, dy_values, 0, 1e-7), kRow);
}

}  // namespace

TEST_CASE("max_pool2d matches the double loop at every edge") {
  for (int64_t n : {1, 3, 4, 5, 7, 8, 9, 17, 33, 67}) {
    check_case({2, 3, 5, n}, {.kernel = {2, 1}});
    check_case({1, 2, n, 3}, {.kernel = {1, 2}, .stride = {1, 1}});
    check_case({n, 2, 3, 4}, {});
  }
  for_each_pool([](const Shape& shape, const Pool2dOptions& options) { check_case(shape, options); });
}

TEST_CASE("max_pool2d has the gradient of its formula") {
  for_each_pool([](const Shape& shape, const Pool2dOptions& options) { check_gradient(shape, options); });
}

TEST_CASE("max_pool2d lets NaN win, and sends the gradient to the first of equals") {
  const float inf = std::numeric_limits<float>::infinity();
  Graph graph;
  const Tensor x = graph.input({1, 1, 2, 8}), y = max_pool2d(x), dy = graph.input({1, 1, 1, 4});
  const std::vector<float> values = {1, NAN, -inf, -inf, 5, 5, 0.0f, -0.0f,
                                     2, 3,   -inf, -inf, 5, 1, 0.0f, 0.0f};
  const std::vector<float> dy_values = {1, 2, 3, 4};
  const Tensor dx = graph.grad(y, {x}, dy).front();
  const std::vector<Values> got = run_all(graph, {{x, values}, {dy, dy_values}}, {y, dx});
  check_close(std::get<std::vector<float>>(got[0]), {NAN, -inf, 5, 0}, kExact);
  check_close(std::get<std::vector<float>>(got[1]), {0, 1, 2, 0, 3, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0}, kExact);
}

TEST_CASE("max_pool2d rejects what does not fit") {
  Graph graph;
  check_pool_rejects("max_pool2d", graph, max_pool2d);
}
