#include "ops/matrices.h"

namespace fovea {
namespace {

// The stride of axes [first, end) taken as one, when they lie in memory as one; extent 1 fits any.
std::optional<uint32_t> merged_stride(Tensor x, int first, int end) {
  std::optional<int64_t> inner_stride;
  int64_t merged = 0, extent = 1;
  for (int axis = end - 1; axis >= first; --axis) {
    if (x.shape()[axis] == 1) continue;
    const int64_t stride = x.strides()[size_t(axis)];
    if (!inner_stride) {
      inner_stride = merged = stride;
    } else if (stride != merged * extent) {
      return std::nullopt;
    }
    extent *= x.shape()[axis];
  }
  return uint32_t(inner_stride.value_or(0));
}

}  // namespace

std::optional<Matrices> as_matrices(Tensor x) {
  const Shape& shape = x.shape();
  const int rank = shape.rank();
  const std::optional<uint32_t> batch_stride = merged_stride(x, 0, rank - 2);
  if (!batch_stride) return std::nullopt;
  return Matrices{uint32_t(shape.slice(0, rank - 2).elements()),
                  uint32_t(shape[-2]),
                  uint32_t(shape[-1]),
                  *batch_stride,
                  uint32_t(x.strides()[size_t(rank - 2)]),
                  uint32_t(x.strides()[size_t(rank - 1)])};
}

std::optional<Matrices> as_one_matrix(Tensor x) {
  const Shape& shape = x.shape();
  const int rank = shape.rank();
  const std::optional<uint32_t> row_stride = merged_stride(x, 0, rank - 1);
  if (!row_stride) return std::nullopt;
  return Matrices{1,           uint32_t(shape.slice(0, rank - 1).elements()), uint32_t(shape[-1]), 0,
                  *row_stride, uint32_t(x.strides()[size_t(rank - 1)])};
}

}  // namespace fovea
