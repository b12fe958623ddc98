// Strided copies: the work of contiguous, concat and assign.
#pragma once

#include "ops/shapes.h"
#include "shaders/common/elementwise.h"
#include "shaders/contiguous.h"

namespace fovea {

// Copies shape.elements() words between two strided places.
void copy_strided(Launch& k, const Span& from, const Strides& from_strides, const Span& to, const Strides& to_strides,
                  const Shape& shape);

}  // namespace fovea
