#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <numbers>

#include "fovea/train.hpp"
#include "support/check.h"

using namespace fovea;
using namespace fovea::test;

TEST_CASE("schedules are their formulas") {
  using Form = Schedule::Kind;
  const Schedule constant{.kind = Form::constant, .rate = 0.5f, .warmup = 4};
  const Schedule cosine{.kind = Form::cosine, .rate = 0.5f, .warmup = 4, .steps = 20, .last = 0.1f};
  const Schedule root{.kind = Form::inverse_square_root, .rate = 0.5f, .warmup = 4};
  for (const Schedule& schedule : {constant, cosine, root})
    for (int64_t step = 1; step <= 4; ++step)
      CHECK(std::abs(double(schedule.at(step)) - 0.5 * double(step) / 4) < 1e-7);
  for (int64_t step = 5; step <= 30; ++step) {
    INFO("step " << step);
    const double part = double(std::min<int64_t>(step, 20) - 4) / 16;
    CHECK(constant.at(step) == 0.5f);
    CHECK(std::abs(double(cosine.at(step)) - (0.1 + 0.2 * (1 + std::cos(std::numbers::pi * part)))) < 1e-7);
    CHECK(std::abs(double(root.at(step)) - 0.5 * std::sqrt(4 / double(step))) < 1e-7);
  }
  CHECK(cosine.at(12) == 0.3f);  // half way
  CHECK(cosine.at(20) == 0.1f);
  CHECK(Schedule{.rate = 2}.at(1) == 2);
  const Schedule unwarmed{.kind = Form::inverse_square_root, .rate = 0.5f};
  CHECK(unwarmed.at(1) == 0.5f);
  CHECK(unwarmed.at(25) == 0.1f);
}

TEST_CASE("schedules reject what does not fit") {
  check_rejects([&] { Schedule().at(0); }, {"schedule", "step 0"});
  const Schedule cosine{.kind = Schedule::Kind::cosine, .warmup = 5, .steps = 5};
  check_rejects([&] { cosine.at(6); }, {"schedule", "5 steps", "5 of warm-up"});
}
