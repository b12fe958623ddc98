#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>

#include "fovea/texels.hpp"
#include "support/check.h"

using namespace fovea;
using namespace fovea::test;

namespace {

std::vector<float> lit(const std::vector<float>& map, const Shape& shape) {
  Graph graph;
  const Tensor x = graph.input(shape);
  return run(graph, {{x, map}}, light(x));
}

void check_light(const std::vector<float>& map, const Shape& shape) {
  INFO(shape);
  std::vector<float> sorted = map;
  std::sort(sorted.begin(), sorted.end());
  const double low = double(sorted[size_t(0.25 * double(map.size() - 1))]);
  const double high = double(sorted[size_t(0.8 * double(map.size() - 1))]);
  std::vector<double> wanted;
  for (const float weight : map) {
    const double part = high > low ? (double(weight) - low) / (high - low) : double(double(weight) >= high);
    wanted.push_back(std::pow(std::min(std::max(part, 0.0), 1.0), 0.7));
  }
  check_close(lit(map, shape), wanted, kRow);
}

}  // namespace

TEST_CASE("light grows between the quarter and the fifth of the weights") {
  for (const Shape& shape : {Shape{1, 1}, Shape{1, 2}, Shape{3, 1}, Shape{2, 2}, Shape{7, 1}, Shape{3, 3},
                             Shape{14, 14}, Shape{11, 17}, Shape{37, 37}})
    check_light(random_values(shape.elements(), 3, -0.2f, 1), shape);
}

TEST_CASE("light of weights of which many are equal") {
  std::vector<float> map;
  for (const uint32_t id : random_ids(196, 4, 3)) map.push_back(float(id) / 7);
  check_light(map, {14, 14});
  check_light(std::vector<float>(35, 0.25f), {5, 7});  // all 1
  std::vector<float> one(196, 0);
  one[77] = 1;
  check_light(one, {14, 14});
}

TEST_CASE("light of NaN is NaN") {
  std::vector<float> map = random_values(100, 5, 0, 1);
  map[40] = NAN;
  const std::vector<float> got = lit(map, {10, 10});
  for (size_t i = 0; i < 100; ++i) CHECK(std::isnan(got[i]) == (i == 40));
}

TEST_CASE("light rejects what is no map") {
  Graph graph;
  check_rejects([&] { light(graph.input({4})); }, {"light", "(rows, columns)", "(4)"});
  check_rejects([&] { light(graph.input({4, 5}, DType::u32)); }, {"light", "u32", "f32"});
}
