#include <catch2/catch_test_macros.hpp>
#include <numeric>

#include "support/check.h"
#include "support/gradient.h"
#include "support/pool.h"

using namespace fovea;
using namespace fovea::test;

namespace {

std::vector<double> reference(const std::vector<double>& x, const Shape& shape,
                              const Pool2dOptions& options) {
  return pooled(x, shape, options, [&](const std::vector<double>& window, int64_t kernel) {
    const double all = std::accumulate(window.begin(), window.end(), 0.0);
    return all / double(options.counts_padding ? kernel : int64_t(window.size()));
  });
}

void check_case(const Shape& shape, const Pool2dOptions& options) {
  INFO("x " << shape << ", kernel " << options.kernel[0] << " x " << options.kernel[1]);
  Graph graph;
  const Tensor x = graph.input(shape), y = avg_pool2d(x, options), dy = graph.input(y.shape());
  const std::vector<float> values = random_values(shape.elements(), 4),
                           dy_values = random_values(y.shape().elements(), 5);
  const Tensor dx = graph.grad(y, {x}, dy).front();
  const std::vector<Values> got = run_all(graph, {{x, values}, {dy, dy_values}}, {y, dx});
  check_close(std::get<std::vector<float>>(got[0]), reference(widened(values), shape, options), kRow);
  const auto f = [&](const Operands& of) { return reference(of[0], shape, options); };
  check_close(std::get<std::vector<float>>(got[1]), gradient(f, {widened(values)}, dy_values, 0, 0.5), kRow);
}

}  // namespace

TEST_CASE("avg_pool2d and its gradient match the double loop at every edge") {
  for (int64_t n : {1, 3, 4, 5, 7, 8, 9, 17, 33}) {
    check_case({2, 1, 3, n}, {.kernel = {2, 1}});
    check_case({1, 2, n, 3}, {.kernel = {1, 2}, .stride = {1, 1}});
    check_case({n, 2, 3, 4}, {});
  }
}

TEST_CASE("avg_pool2d counts zeros on the sides, or does not") {
  for_each_pool([](const Shape& shape, Pool2dOptions options) {
    for (const bool counts : {true, false}) {
      options.counts_padding = counts;
      check_case(shape, options);
    }
  });
}

TEST_CASE("avg_pool2d rejects what does not fit") {
  Graph graph;
  check_pool_rejects("avg_pool2d", graph, avg_pool2d);
}
