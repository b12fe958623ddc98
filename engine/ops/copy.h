// Strided copies: the work of contiguous, concat, assign and patches.
#pragma once

#include "ops/shapes.h"
#include "shaders/contiguous.h"

namespace fovea {

// An axis of a copy, and what lies between neighbours along it on both sides.
struct CopyAxis {
  int64_t extent = 1, from = 0, to = 0;
  bool operator==(const CopyAxis&) const = default;
};

// What is left of a copy's axes, outermost first: those of extent 1 are dropped, neighbours that are one axis
// in both strides are merged. At least one.
std::vector<CopyAxis> merged_axes(const Shape& shape, const Strides& from, const Strides& to);

// How a device copies: the kernel, whose elements are several words where both sides allow it, and which axis
// lanes walk while they lie side by side along the others.
struct CopyWay {
  const char* kernel;
  uint32_t axes;  // beside the one that is walked, which comes again when it is the innermost
  ContiguousParams params;
};
// axes: as merged_axes makes them; addresses: the bits that are set in either side's address.
CopyWay choose_copy(const Limits& limits, std::vector<CopyAxis> axes, uint64_t addresses);

// Copies shape.elements() words between two strided places.
void copy_strided(Launch& k, const Span& from, const Strides& from_strides, const Span& to,
                  const Strides& to_strides, const Shape& shape);

// A copy in row order, also of a tensor that has no gaps: it starts where memory is aligned best.
Tensor dense_copy(Tensor x);

}  // namespace fovea
