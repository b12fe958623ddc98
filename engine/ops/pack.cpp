#include "shaders/pack.h"

#include "ops/matrices.h"

namespace fovea {

Tensor pack(Tensor b) {
  expect_dtype("pack", b, DType::f32);
  FOVEA_CHECK(b.shape().rank() >= 2, "pack: needs (.., k, n), got ", b.shape());
  if (!as_matrices(b)) b = contiguous(b);
  const Matrices from = *as_matrices(b);
  return b.graph->add(
      {.op = "pack",
       .inputs = {b},
       .shape = b.shape(),
       .layout = Layout::panels,
       .launch =
           [=](Launch& k) {
             // A workgroup fills kPanelDepth rows of one panel.
             k.dispatch(
                 {.kernel = "pack",
                  .groups = {uint32_t(ceil_div(from.rows, kPanelDepth)),
                             uint32_t(ceil_div(from.columns, kPanelColumns)), from.batch},
                  .reads = {{"x", k.in()}},
                  .writes = {{"y", k.out()}}},
                 PackParams{from.rows, from.columns, from.batch_stride, from.row_stride, from.column_stride});
           },
       // Gradients of panels lie in rows: what matmul makes for its right operand.
       .grad = [](Outputs, Tensor dy) { return std::vector{dy}; }});
}

}  // namespace fovea
