#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>

#include "support/check.h"

using namespace fovea;
using namespace fovea::test;

TEST_CASE("scale matches the double loop at every edge") {
  for (int64_t count : {1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 127, 128, 129, 1009, 5003}) {
    Graph graph;
    Tensor x = graph.input({count});
    const std::vector<float> values = random_values(uint64_t(count), uint32_t(count));
    std::vector<double> want;
    for (float value : values) want.push_back(double(value) * -2.5);
    check_close(run(graph, {{x, values}}, scale(x, -2.5f)), want, kElementwise);
  }
}

TEST_CASE("scale keeps NaN and infinity") {
  Graph graph;
  Tensor x = graph.input({3});
  const float inf = std::numeric_limits<float>::infinity();
  check_close(run(graph, {{x, std::vector<float>{NAN, inf, -inf}}}, scale(x, 2)), {NAN, inf, -inf}, kExact);
}

TEST_CASE("scale rejects ids") {
  Graph graph;
  Tensor ids = graph.input({4}, DType::u32);
  check_rejects([&] { scale(ids, 2); }, {"scale", "u32", "f32"});
}
