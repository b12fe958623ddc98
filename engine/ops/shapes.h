// What several ops ask of their operands: element types, rows, and how elementwise work is shared out.
#pragma once

#include "core/check.h"
#include "core/panels.h"
#include "fovea/ops.hpp"
#include "graph/launch.h"

namespace fovea {

// In rows or in panels.
inline void expect_holds(const char* op, Tensor x, DType dtype) {
  FOVEA_CHECK(x, op, ": an operand is absent");
  FOVEA_CHECK(x.dtype() == dtype, op, ": operand ", x.shape(), " holds ", name(x.dtype()), ", needs ",
              name(dtype));
}

inline void expect_dtype(const char* op, Tensor x, DType dtype) {
  expect_holds(op, x, dtype);
  FOVEA_CHECK(x.layout() == Layout::rows, op, ": operand ", x.shape(),
              " lies in panels, which only matmul reads");
}

inline void expect_state(const char* op, const State& state, DType dtype) {
  FOVEA_CHECK(state.dtype() == dtype, op, ": state ", state.shape(), " holds ", name(state.dtype()),
              ", needs ", name(dtype));
  FOVEA_CHECK(state.layout() == Layout::rows, op, ": state ", state.shape(),
              " lies in panels, which only matmul reads");
}

// x as rows without gaps; a copy if it has gaps.
inline Tensor dense(const char* op, Tensor x, DType dtype = DType::f32) {
  expect_dtype(op, x, dtype);
  return contiguous(x);
}

inline int64_t columns(const Shape& shape) { return shape.empty() ? 1 : shape.back(); }
inline int64_t rows(const Shape& shape) { return int64_t(shape.elements()) / columns(shape); }

// Lanes of the workgroups of row and elementwise kernels: one subgroup.
inline uint32_t lanes(const Launch& k) { return k.limits().subgroup; }

// Grid for `count` elements when a lane visits `steps` of them.
inline Groups elements(const Launch& k, uint64_t count, uint32_t steps) {
  return k.rows((count + uint64_t(lanes(k)) * steps - 1) / (uint64_t(lanes(k)) * steps));
}

}  // namespace fovea
