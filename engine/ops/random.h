// What ops ask of the generator of random numbers, see shaders/common/generator.h.
#pragma once

#include "ops/shapes.h"

namespace fovea {

inline void expect_generator(const char* op, const State& generator) {
  expect_state(op, generator, DType::u32);
  FOVEA_CHECK(generator.shape() == Shape{4}, op, ": a generator of ", generator.shape(), ", needs (4)");
}

}  // namespace fovea
