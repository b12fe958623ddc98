#include "shaders/softmax.h"

#include "ops/lengths.h"
#include "shaders/softmax_grad.h"

namespace fovea {
namespace {

Tensor softmax_grad(Tensor y, Tensor dy, float factor) {
  const SoftmaxGradParams params{uint32_t(rows(y.shape())), uint32_t(y.shape().back()), factor};
  return y.graph->add({.op = "softmax_grad",
                       .inputs = {y, dense("softmax_grad", dy)},
                       .shape = y.shape(),
                       .launch = [=](Launch& k) {
                         k.dispatch({.kernel = "softmax_grad",
                                     .groups = k.rows(params.rows),
                                     .reads = {{"y", k.in(0)}, {"dy", k.in(1)}},
                                     .writes = {{"dx", k.out()}}},
                                    params);
                       }});
}

}  // namespace

Tensor softmax(Tensor x, const SoftmaxOptions& options) {
  x = dense("softmax", x);
  const Shape shape = x.shape();
  FOVEA_CHECK(!shape.empty(), "softmax: needs a last axis, got ", shape);
  Tensor lengths = options.lengths;
  const RowLengths of_rows = row_lengths("softmax", shape, lengths);
  FOVEA_CHECK(!options.causal || shape.rank() >= 2, "softmax: causal needs (.., queries, n), got ", shape);
  const uint32_t queries = options.causal ? uint32_t(shape[-2]) : 1;
  const SoftmaxParams params{uint32_t(rows(shape)), uint32_t(shape.back()), queries, options.scale, of_rows};
  return x.graph->add(
      {.op = "softmax",
       .detail = concat("scale ", options.scale, lengths ? " lengths" : "", options.causal ? " causal" : ""),
       .inputs = {x, lengths},
       .shape = shape,
       .launch =
           [=, causal = options.causal](Launch& k) {
             k.dispatch({.kernel = "softmax",
                         .groups = k.rows(params.rows),
                         .constants = {{"kHasLengths", k.in(1).buffer != nullptr}, {"kCausal", causal}},
                         .reads = {{"x", k.in(0)}, {"lengths", k.in(1)}},
                         .writes = {{"y", k.out()}}},
                        params);
           },
       .grad = [factor = options.scale](
                   Outputs y, Tensor dy) { return std::vector{softmax_grad(y[0], dy, factor), Tensor()}; }});
}

}  // namespace fovea
