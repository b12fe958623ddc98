// What sum, mean and max share: a tensor as (outer, extent, inner), and how the work on it is shared out.
#pragma once

#include "ops/shapes.h"

namespace fovea {

struct Reduction {
  Shape result;  // extent 1 along the axis
  uint32_t results, extent, inner;
  bool across() const { return inner == 1; }  // lanes share a result; otherwise each has its own
  Groups groups(const Launch& k) const { return across() ? k.rows(results) : elements(k, results, 1); }
};

inline Reduction reduction(const char* op, const Shape& shape, int axis) {
  FOVEA_CHECK(!shape.empty(), op, ": needs an axis, got ", shape);
  axis = normal_axis(op, axis, shape.rank());
  const Shape result = shape.with(axis, 1);
  return {result, uint32_t(result.elements()), uint32_t(shape[axis]),
          uint32_t(shape.slice(axis + 1, shape.rank()).elements())};
}

}  // namespace fovea
