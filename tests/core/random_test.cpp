#include "core/random.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>

#include "support/temporary.h"

namespace fovea {
namespace {

using test::contains;
using test::rejection;

TEST_CASE("random: numbers hang on the seed and the counters alone") {
  // Of splitmix64's published code for the state that seed 0 starts from, 0xe220a8397b1dcdaf.
  Random first(0);
  CHECK(first.next() == 0xa706dd2f4d197e6f);
  const auto draw = [](uint64_t seed, std::initializer_list<uint64_t> stream) {
    return Random(seed, stream).next();
  };
  CHECK(draw(1, {2, 3}) == draw(1, {2, 3}));
  CHECK(draw(1, {2, 3}) != draw(2, {2, 3}));
  CHECK(draw(1, {2, 3}) != draw(1, {3, 2}));
  CHECK(draw(1, {2}) != draw(1, {2, 0}));
  CHECK(draw(0, {0}) != draw(0, {0, 0}));
}

TEST_CASE("random: below") {
  Random random(1);
  std::vector<int> counts(7);
  for (int i = 0; i < 70'000; ++i) ++counts.at(size_t(random.below(7)));
  for (const int count : counts) CHECK(std::abs(count - 10'000) < 500);
  CHECK(random.below(1) == 0);
  CHECK(random.below(UINT64_MAX) < UINT64_MAX);
  CHECK(contains(rejection([&] { random.below(0); }), "below 0"));
}

struct Moments {
  double mean = 0, variance = 0;
};
template <class Draw>
Moments moments(const Draw& draw) {
  std::vector<double> values(40'000);
  for (double& value : values) value = draw();
  Moments made;
  for (const double value : values) made.mean += value / double(values.size());
  for (const double value : values)
    made.variance += (value - made.mean) * (value - made.mean) / double(values.size());
  return made;
}

TEST_CASE("random: uniform, normal and beta have their means and variances") {
  Random random(5);
  const Moments uniform = moments([&] { return random.uniform(); });
  CHECK(std::abs(uniform.mean - 0.5) < 0.01);
  CHECK(std::abs(uniform.variance - 1.0 / 12) < 0.002);
  const Moments normal = moments([&] { return random.normal(); });
  CHECK(std::abs(normal.mean) < 0.03);
  CHECK(std::abs(normal.variance - 1) < 0.05);
  for (const double alpha : {0.001, 0.2, 1.0, 8.0}) {
    INFO(alpha);
    const Moments beta = moments([&] { return random.beta(alpha); });
    CHECK(std::abs(beta.mean - 0.5) < 0.015);
    CHECK(std::abs(beta.variance - 0.25 / (2 * alpha + 1)) < 0.005);
  }
  CHECK(contains(rejection([&] { random.beta(0); }), "alpha must be above 0, got 0"));
}

TEST_CASE("random: permutations hold every number once, and all of them come") {
  std::vector<uint32_t> all = permutation(1000, Random(3));
  CHECK(all != permutation(1000, Random(4)));
  CHECK(all == permutation(1000, Random(3)));
  std::sort(all.begin(), all.end());
  for (uint32_t i = 0; i < 1000; ++i) CHECK(all[i] == i);
  CHECK(permutation(0, Random(1)).empty());
  CHECK(permutation(1, Random(1)) == std::vector<uint32_t>{0});
  std::vector<int> counts(6);
  for (uint64_t seed = 0; seed < 6000; ++seed) {
    const auto three = permutation(3, Random(seed));
    ++counts.at(three[0] * 2 + (three[1] > three[2]));
  }
  for (const int count : counts) CHECK(std::abs(count - 1000) < 150);
}

}  // namespace
}  // namespace fovea
