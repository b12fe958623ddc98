// Strided copies: the work of contiguous, concat and assign.
#pragma once

#include "ops/shapes.h"
#include "shaders/common/elementwise.h"
#include "shaders/contiguous.h"

namespace fovea {

// Copies shape.elements() words between two strided places.
void copy_strided(Launch& k, const Span& from, const Strides& from_strides, const Span& to,
                  const Strides& to_strides, const Shape& shape);

// A copy in row order, also of a tensor that has no gaps: it starts where memory is aligned best.
Tensor dense_copy(Tensor x);

}  // namespace fovea
