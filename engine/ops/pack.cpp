#include "shaders/pack.h"

#include "ops/matrices.h"

namespace fovea {
namespace {

bool same_elements(const Value& a, const Value& b) {
  return a.base == b.base && a.offset == b.offset && a.shape == b.shape && a.strides == b.strides;
}

// The panels that the graph has of these elements already, made since their State changed, if it did:
// weights that meet one step of a recurrence after the other are packed once.
Tensor packed_before(Tensor b) {
  Graph& graph = *b.graph;
  const Value& wanted = graph.value(b.id);
  for (size_t n = graph.nodes().size(); n-- > 0;) {
    const Node& node = graph.nodes()[n];
    if (node.outputs.front() < wanted.base) return {};  // older than the elements themselves
    for (const ValueId made : node.outputs)
      if (wanted.state && graph.value(made).state == wanted.state) return {};
    if (node.spec.op == "pack" && same_elements(graph.value(node.inputs[0]), wanted))
      return {&graph, node.outputs[0]};
  }
  return {};
}

}  // namespace

Tensor pack(Tensor b) {
  expect_dtype("pack", b, DType::f32);
  FOVEA_CHECK(b.shape().rank() >= 2, "pack: needs (.., k, n), got ", b.shape());
  if (!as_matrices(b)) b = contiguous(b);
  if (const Tensor before = packed_before(b)) return before;
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
