#include <catch2/catch_test_macros.hpp>

#include "support/check.h"

using namespace fovea;
using namespace fovea::test;

TEST_CASE("advance adds one to the 64 bits of the step and leaves the seed") {
  const uint32_t most = UINT32_MAX;
  State generator(device(), {4}, DType::u32);
  Graph graph;
  Tensor y = advance(graph, generator);
  Plan plan(device(), graph, {y}, {.guards = true});
  const auto after = [&](const std::vector<uint32_t>& words) {
    generator.write(words);
    plan.run();
    return generator.read_u32();
  };
  REQUIRE(after({7, 9, 0, 0}) == std::vector<uint32_t>{7, 9, 1, 0});
  REQUIRE(after({most, most, 41, 3}) == std::vector<uint32_t>{most, most, 42, 3});
  REQUIRE(after({7, 9, most, 3}) == std::vector<uint32_t>{7, 9, 0, 4});
  REQUIRE(after({7, 9, most, most}) == std::vector<uint32_t>{7, 9, 0, 0});
  REQUIRE(plan.read_u32(y) == std::vector<uint32_t>{7, 9, 0, 0});
  generator.write(std::vector<uint32_t>{7, 9, most - 1, 3});
  plan.submit({.times = 5});
  plan.wait();
  REQUIRE(generator.read_u32() == std::vector<uint32_t>{7, 9, 3, 4});
  REQUIRE(plan.guards_intact());
  REQUIRE(device().validation_messages().empty());
}

TEST_CASE("advance comes before what is added behind it") {
  State generator(device(), {4}, DType::u32);
  Graph graph;
  Tensor before = contiguous(expand(graph.use(generator), {2, 4})), y = advance(graph, generator);
  Tensor behind = contiguous(expand(graph.use(generator), {2, 4}));
  Plan plan(device(), graph, {before, y, behind});
  plan.run();
  REQUIRE(plan.read_u32(before) == std::vector<uint32_t>{0, 0, 0, 0, 0, 0, 0, 0});
  REQUIRE(plan.read_u32(behind) == std::vector<uint32_t>{0, 0, 1, 0, 0, 0, 1, 0});
  REQUIRE(device().validation_messages().empty());
}
