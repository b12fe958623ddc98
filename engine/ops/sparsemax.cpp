#include "shaders/sparsemax.h"

#include "ops/lengths.h"
#include "shaders/sparsemax_grad.h"

namespace fovea {
namespace {

Tensor sparsemax_grad(Tensor y, Tensor dy) {
  const SparsemaxGradParams params{uint32_t(rows(y.shape())), uint32_t(y.shape().back())};
  return y.graph->add({.op = "sparsemax_grad",
                       .inputs = {y, dense("sparsemax_grad", dy)},
                       .shape = y.shape(),
                       .launch = [=](Launch& k) {
                         k.dispatch({.kernel = "sparsemax_grad",
                                     .groups = k.rows(params.rows),
                                     .reads = {{"y", k.in(0)}, {"dy", k.in(1)}},
                                     .writes = {{"dx", k.out()}}},
                                    params);
                       }});
}

}  // namespace

Tensor sparsemax(Tensor x, Tensor lengths) {
  x = dense("sparsemax", x);
  const Shape shape = x.shape();
  FOVEA_CHECK(!shape.empty(), "sparsemax: needs a last axis, got ", shape);
  const RowLengths of_rows = row_lengths("sparsemax", shape, lengths);
  const SparsemaxParams params{uint32_t(rows(shape)), uint32_t(shape.back()), of_rows};
  return x.graph->add(
      {.op = "sparsemax",
       .detail = lengths ? "lengths" : "",
       .inputs = {x, lengths},
       .shape = shape,
       .launch =
           [=](Launch& k) {
             k.dispatch({.kernel = "sparsemax",
                         .groups = k.rows(params.rows),
                         .constants = {{"kHasLengths", k.in(1).buffer != nullptr}},
                         .reads = {{"x", k.in(0)}, {"lengths", k.in(1)}},
                         .writes = {{"y", k.out()}}},
                        params);
           },
       .grad = [](Outputs y, Tensor dy) { return std::vector{sparsemax_grad(y[0], dy), Tensor()}; }});
}

}  // namespace fovea
