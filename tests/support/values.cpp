#include "support/values.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>

#include "core/random.h"
#include "fovea/core.hpp"

namespace fovea::test {

std::vector<float> random_values(uint64_t count, uint32_t seed, float low, float high) {
  uint64_t state = seed;
  std::vector<float> values(count);
  for (float& value : values) value = low + (high - low) * float(next_bits(state) >> 40) * 0x1p-24f;
  return values;
}

std::vector<uint32_t> random_ids(uint64_t count, uint32_t seed, uint32_t below) {
  uint64_t state = seed;
  std::vector<uint32_t> ids(count);
  for (uint32_t& id : ids) id = uint32_t(next_bits(state) % below);
  return ids;
}

void check_close(const std::vector<float>& got, const std::vector<double>& want, Tolerance tolerance) {
  REQUIRE(got.size() == want.size());
  double largest = 0, error_squares = 0, squares = 0, worst = 0;
  size_t worst_at = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    INFO("element " << i << ": got " << got[i] << ", want " << want[i]);
    if (!std::isfinite(want[i])) {
      const bool same = std::isnan(want[i]) ? std::isnan(got[i]) : double(got[i]) == want[i];
      REQUIRE(same);
      continue;
    }
    REQUIRE(std::isfinite(got[i]));
    const double error = std::abs(double(got[i]) - want[i]);
    if (error > worst) worst = error, worst_at = i;
    largest = std::max(largest, std::abs(want[i]));
    error_squares += error * error;
    squares += want[i] * want[i];
  }
  INFO("worst error " << worst << " at element " << worst_at << ", largest value " << largest);
  REQUIRE(worst <= tolerance.worst * largest + std::numeric_limits<float>::min());
  REQUIRE(error_squares <= tolerance.nmse * squares + std::numeric_limits<float>::min());
}

void check_elements(const std::vector<float>& got, const std::vector<double>& want) {
  REQUIRE(got.size() == want.size());
  double worst = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    const double error = std::abs(double(got[i]) - want[i]) / std::max(1.0, std::abs(want[i]));
    worst = std::max(worst, std::isnan(error) ? INFINITY : error);
  }
  INFO("worst error " << worst);
  REQUIRE(worst <= 1e-6);
}

void check_rejects(const std::function<void()>& action, const std::vector<std::string>& parts) {
  std::string text;
  try {
    action();
  } catch (const Error& error) {
    text = error.what();
  }
  REQUIRE_FALSE(text.empty());
  for (const std::string& part : parts) {
    INFO("message: " << text);
    REQUIRE(text.find(part) != std::string::npos);
  }
}

}  // namespace fovea::test
