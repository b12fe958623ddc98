// Tensors seen as a batch of matrices for the product kernels.
#pragma once

#include <optional>

#include "ops/shapes.h"

namespace fovea {

// (batch, rows, columns) with a stride for each, in elements.
struct Matrices {
  uint32_t batch = 1, rows = 1, columns = 1;
  uint32_t batch_stride = 0, row_stride = 0, column_stride = 1;
};

// All axes but the last two as one batch axis; nothing when their strides do not allow it.
std::optional<Matrices> as_matrices(Tensor x);

// The same with the batch folded into the rows: one matrix of all rows, where the strides allow it.
std::optional<Matrices> as_one_matrix(Tensor x);

}  // namespace fovea
