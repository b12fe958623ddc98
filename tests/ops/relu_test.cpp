#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>

#include "support/check.h"

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

TEST_CASE("relu rejects ids") {
  Graph graph;
  Tensor ids = graph.input({4}, DType::u32);
  check_rejects([&] { relu(ids); }, {"relu", "u32", "f32"});
  check_rejects([&] { relu(Tensor()); }, {"relu", "absent"});
}
