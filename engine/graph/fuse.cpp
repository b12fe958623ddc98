#include "graph/fuse.h"

#include <algorithm>

namespace fovea {
namespace {

// How often the memory of each base value is read, outputs of the plan counted as reads.
std::vector<int> count_reads(const std::vector<Value>& values, const std::vector<Node>& nodes,
                             const std::vector<ValueId>& outputs) {
  std::vector<int> reads(values.size(), 0);
  for (const Node& node : nodes)
    for (ValueId input : node.inputs)
      if (input != kNoValue) ++reads[values[input].base];
  for (ValueId output : outputs) ++reads[values[output].base];
  return reads;
}

// The node's epilogue as seen from its input number i: a residual may sit on either side.
Epilogue seen_from(const Node& node, size_t i) {
  Epilogue epilogue = *node.spec.epilogue;
  if (epilogue.kind == Epilogue::Kind::residual)
    epilogue.operand = Tensor(epilogue.operand.graph, node.inputs[1 - i]);
  return epilogue;
}

// Whether a node in [first, end) updates a State that `reader` reads: reader must not move past it.
bool state_changes(const std::vector<Value>& values, const std::vector<Node>& nodes, const Node& reader,
                   size_t first, size_t end) {
  for (size_t n = first; n < end; ++n)
    for (ValueId made : nodes[n].outputs)
      for (ValueId input : reader.inputs)
        if (values[made].state && input != kNoValue && values[input].state == values[made].state) return true;
  return false;
}

Node absorbed(const Node& consumer, NodeSpec spec) {
  Node node{.spec = {}, .inputs = {}, .outputs = consumer.outputs};
  for (const Tensor& input : spec.inputs) node.inputs.push_back(input ? input.id : kNoValue);
  node.spec = std::move(spec);
  return node;
}

}  // namespace

std::vector<Node> fuse(const std::vector<Value>& values, std::vector<Node> nodes,
                       const std::vector<ValueId>& outputs) {
  const std::vector<int> reads = count_reads(values, nodes, outputs);
  constexpr size_t kNone = SIZE_MAX;
  std::vector<size_t> maker(values.size(), kNone);
  std::vector<bool> folded(nodes.size(), false);

  for (size_t n = 0; n < nodes.size(); ++n) {
    const std::optional<Epilogue>& epilogue = nodes[n].spec.epilogue;
    const size_t sides = !epilogue ? 0 : epilogue->kind == Epilogue::Kind::residual ? 2 : 1;
    for (size_t i = 0; i < sides; ++i) {
      const ValueId x = nodes[n].inputs[i];
      const size_t from = maker[x];
      const bool same_shape = values[x].shape == values[nodes[n].outputs[0]].shape;
      if (from == kNone || !nodes[from].spec.absorb || reads[x] != 1 || !same_shape) continue;
      if (state_changes(values, nodes, nodes[from], from + 1, n)) continue;
      std::optional<NodeSpec> spec = nodes[from].spec.absorb(seen_from(nodes[n], i));
      if (!spec) continue;
      nodes[n] = absorbed(nodes[n], std::move(*spec));
      folded[from] = true;
      break;
    }
    for (ValueId made : nodes[n].outputs) maker[made] = n;
  }

  std::vector<Node> result;
  for (size_t n = 0; n < nodes.size(); ++n)
    if (!folded[n]) result.push_back(std::move(nodes[n]));
  return result;
}

}  // namespace fovea
