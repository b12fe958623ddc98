// What max_pool2d and avg_pool2d share: windows over images, and how the work on planes is shared out.
#pragma once

#include "ops/shapes.h"
#include "shaders/pool2d.h"

namespace fovea {

struct Windows {
  Pool2dParams params;  // without band
  Shape from, to;       // (batch, channels, h, w)
};
Windows windows(const char* op, const Shape& x, const Pool2dOptions& options);

// The grid for planes of so many rows, and the rows of a workgroup in params.band.
Groups pool_groups(const Launch& k, Pool2dParams& params, uint32_t rows);

}  // namespace fovea
