// The generator of random numbers: a State of 4 u32, the seed and the step, 64 bits each, lower word first.
#pragma once

#include "ops/shapes.h"

namespace fovea {

constexpr uint32_t kStepAt = 2;  // word of the step

inline void expect_generator(const char* op, const State& generator) {
  expect_state(op, generator, DType::u32);
  FOVEA_CHECK(generator.shape() == Shape{4}, op, ": a generator of ", generator.shape(), ", needs (4)");
}

}  // namespace fovea
