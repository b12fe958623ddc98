#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>

#include "support/check.h"
#include "support/gradient.h"

using namespace fovea;
using namespace fovea::test;

TEST_CASE("relu matches the double loop at every edge") {
  for (int64_t count : {1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 127, 128, 129, 1009}) {
    Graph graph;
    Tensor x = graph.input({count});
    const std::vector<float> values = random_values(uint64_t(count), uint32_t(count));
    std::vector<double> want;
    for (float value : values) want.push_back(value > 0 ? double(value) : 0);
    check_close(run(graph, {{x, values}}, relu(x)), want, kExact);
  }
}

TEST_CASE("relu at the ends of the number line") {
  using Limits = std::numeric_limits<float>;
  const float inf = Limits::infinity(), least = Limits::denorm_min(), most = Limits::max();
  Graph graph;
  Tensor x = graph.input({3, 4});
  const std::vector<float> values{NAN, -NAN, inf, -inf, 0, -0.f, most, -most, least, -least, 1, -1};
  const std::vector<float> y = run(graph, {{x, values}}, relu(x));
  check_close(y, {NAN, NAN, inf, 0, 0, 0, most, 0, least, 0, 1, 0}, kExact);
  for (float value : y) REQUIRE((std::isnan(value) || !std::signbit(value)));
}

TEST_CASE("relu reads strided views") {
  Graph graph;
  Tensor x = graph.input({2, 3});
  const std::vector<float> values{1, -2, 3, -4, 5, -6};
  check_close(run(graph, {{x, values}}, relu(transpose(x))), {1, 0, 0, 5, 3, 0}, kExact);
}

TEST_CASE("relu has the gradient of its formula") {
  const auto f = [](const Operands& inputs) {
    std::vector<double> y;
    for (double x : inputs[0]) y.push_back(x > 0 ? x : 0);
    return y;
  };
  for (int64_t count : {1, 3, 4, 5, 7, 8, 9, 127, 128, 129, 1009}) {
    Graph graph;
    Tensor x = graph.input({count}), dy = graph.input({count});
    std::vector<float> values = random_values(uint64_t(count), uint32_t(count));
    for (float& value : values) value += value < 0 ? -1e-3f : 1e-3f;  // away from the corner
    const std::vector<float> slopes = random_values(uint64_t(count), 2);
    Tensor y = relu(x);
    Tensor dx = gradients_of(y, dy).front();
    check_close(run(graph, {{x, values}, {dy, slopes}}, dx), gradient(f, {widened(values)}, slopes),
                kElementwise);
  }
}

TEST_CASE("relu passes gradients through positive numbers only, and NaN always") {
  using Limits = std::numeric_limits<float>;
  const float inf = Limits::infinity(), least = Limits::denorm_min();
  Graph graph;
  Tensor x = graph.input({2, 6}), dy = graph.input({6, 2});
  Tensor y = relu(x);
  Tensor dx = gradients_of(y, transpose(dy)).front();
  const std::vector<float> values{inf, -inf, 0, -0.f, least, -least, NAN, -NAN, 1, -1, 1, -1};
  const std::vector<float> slopes{2, 2, 2, 2, 2, inf, 2, -inf, -2, NAN, 2, NAN};  // dy, transposed
  check_close(run(graph, {{x, values}, {dy, slopes}}, dx), {2, 0, 0, 0, -2, 0, NAN, NAN, inf, 0, NAN, NAN},
              kExact);
}

TEST_CASE("relu folds into a product that has a gradient, too") {
  Graph graph;
  Tensor a = graph.input({5, 3}), b = graph.input({3, 7}), dy = graph.input({5, 7});
  Tensor y = relu(matmul(a, b));
  Tensor dx = gradients_of(y, dy).front();
  const Plan plan(device(), graph, {y, dx});
  REQUIRE(plan.dispatches() == 3);  // pack, matmul, relu_grad
}

TEST_CASE("relu rejects ids") {
  Graph graph;
  Tensor ids = graph.input({4}, DType::u32);
  check_rejects([&] { relu(ids); }, {"relu", "u32", "f32"});
  check_rejects([&] { relu(Tensor()); }, {"relu", "absent"});
}
