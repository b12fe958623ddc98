// How many columns of a row count: what softmax and sparsemax, which take it, share.
#pragma once

#include "ops/shapes.h"
#include "shaders/common/row_lengths.h"

namespace fovea {

// Makes lengths dense, (batch) or (batch, m) for x (batch, .., m, n), and says which of them a row goes by.
// Absent lengths stay absent.
inline RowLengths row_lengths(const char* op, const Shape& x, Tensor& lengths) {
  if (!lengths) return {1, 1};
  lengths = dense(op, lengths, DType::u32);
  const Shape& shape = lengths.shape();
  const bool each = x.rank() >= 3 && shape == Shape({x[0], x[-2]});
  FOVEA_CHECK(each || (x.rank() >= 2 && shape == Shape({x[0]})), op, ": lengths ", shape, " for x ", x,
              ", needs one a batch of (batch, .., n), or of (batch, .., m, n) one a batch and m");
  return {uint32_t(rows(x) / x[0]), each ? uint32_t(x[-2]) : 1};
}

}  // namespace fovea
