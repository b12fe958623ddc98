#include "shaders/softmax.h"

#include "ops/shapes.h"

namespace fovea {

Tensor softmax(Tensor x, const SoftmaxOptions& options) {
  x = dense("softmax", x);
  const Shape shape = x.shape();
  FOVEA_CHECK(!shape.empty(), "softmax: needs a last axis, got ", shape);
  Tensor lengths = options.lengths;
  SoftmaxParams params{uint32_t(rows(shape)), uint32_t(shape.back()), 1, options.scale};
  if (lengths) {
    lengths = dense("softmax", lengths, DType::u32);
    FOVEA_CHECK(shape.rank() >= 2 && lengths.shape() == Shape({shape[0]}), "softmax: lengths ",
                lengths.shape(), " for x ", shape, ", needs one a batch of (batch, .., n)");
    params.rows_per_length = params.rows / uint32_t(shape[0]);
  }
  return x.graph->add({.op = "softmax",
                       .detail = concat("scale ", options.scale, lengths ? " lengths" : ""),
                       .inputs = {x, lengths},
                       .shape = shape,
                       .launch =
                           [=](Launch& k) {
                             k.dispatch({.kernel = "softmax",
                                         .groups = k.rows(params.rows),
                                         .constants = {{"kHasLengths", k.in(1).buffer != nullptr}},
                                         .reads = {{"x", k.in(0)}, {"lengths", k.in(1)}},
                                         .writes = {{"y", k.out()}}},
                                        params);
                           },
                       .grad =
                           [factor = options.scale](Outputs y, Tensor dy) {
                             const Tensor along = sum(mul(dy, y[0]));  // (.., 1): how far dy lies along y
                             return std::vector{scale(mul(y[0], add(dy, scale(along, -1))), factor),
                                                Tensor()};
                           }});
}

}  // namespace fovea
