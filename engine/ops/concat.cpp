#include "ops/copy.h"

namespace fovea {
namespace {

struct Part {
  Shape shape;
  Strides strides;
  int64_t start;  // along the axis of the result
};

Shape joined_shape(const std::vector<Tensor>& parts, int axis) {
  const Shape& first = parts[0].shape();
  int64_t extent = 0;
  for (const Tensor& part : parts) {
    expect_dtype("concat", part, parts[0].dtype());
    const Shape& shape = part.shape();
    FOVEA_CHECK(shape.rank() == first.rank() && shape.with(axis, 1) == first.with(axis, 1), "concat: ", shape,
                " and ", first, " differ beside axis ", axis);
    extent += shape[axis];
  }
  return first.with(axis, extent);
}

// The bytes of the result from the first to the last element of one part.
Span place_of(const Part& part, int axis, const Span& whole, const Strides& strides) {
  int64_t last = 0;
  for (int i = 0; i < part.shape.rank(); ++i) last += (part.shape[i] - 1) * strides[size_t(i)];
  const uint64_t first = uint64_t(part.start * strides[size_t(axis)]);
  return {whole.buffer, whole.offset + first * kElementBytes, uint64_t(last + 1) * kElementBytes};
}

}  // namespace

Tensor concat(const std::vector<Tensor>& tensors, int axis) {
  FOVEA_CHECK(!tensors.empty() && tensors[0], "concat: nothing to join");
  axis = normal_axis("concat", axis, tensors[0].shape().rank());
  const Shape shape = joined_shape(tensors, axis);
  std::vector<Part> parts;
  int64_t start = 0;
  for (const Tensor& x : tensors) {
    parts.push_back({x.shape(), x.strides(), start});
    start += x.shape()[axis];
  }
  return tensors[0].graph->add({.op = "concat",
                                .detail = concat("axis ", axis),
                                .inputs = tensors,
                                .shape = shape,
                                .dtype = tensors[0].dtype(),
                                .launch =
                                    [=](Launch& k) {
                                      const Strides to = contiguous_strides(shape);
                                      for (size_t i = 0; i < parts.size(); ++i) {
                                        const Span place = place_of(parts[i], axis, k.out(), to);
                                        copy_strided(k, k.in(i), parts[i].strides, place, to, parts[i].shape);
                                      }
                                    },
                                .grad =
                                    [=](Outputs, Tensor dy) {
                                      std::vector<Tensor> gradients;
                                      for (const Part& part : parts)
                                        gradients.push_back(slice(dy, axis, part.start, part.shape[axis]));
                                      return gradients;
                                    }});
}

}  // namespace fovea
