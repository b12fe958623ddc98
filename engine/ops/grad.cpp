#include <algorithm>
#include <map>

#include "core/check.h"
#include "fovea/ops.hpp"

namespace fovea {
namespace {

// The gradient of one slice of a value.
struct Part {
  int axis;
  int64_t start;
  Tensor slope;
  const View* view;
};

// What has come in for a value from those that use it.
struct Incoming {
  Tensor slope;
  std::vector<Part> parts;
};

using Makers = std::map<ValueId, size_t>;  // the node that made a value

Makers makers_of(const Graph& graph) {
  Makers makers;
  for (size_t n = 0; n < graph.nodes().size(); ++n)
    for (ValueId made : graph.nodes()[n].outputs) makers[made] = n;
  return makers;
}

// Which values up to `last` are made of any of `of`: gradients of the others are not asked for.
std::vector<bool> dependents(const Graph& graph, const Makers& makers, const std::vector<Tensor>& of,
                             ValueId last) {
  std::vector<bool> depends(size_t(last) + 1, false);
  for (const Tensor& x : of)
    if (x.id <= last) depends[x.id] = true;
  for (ValueId id = 0; id <= last; ++id) {
    if (const View* view = graph.view_of(id)) depends[id] = depends[id] || depends[view->source];
    const auto maker = makers.find(id);
    if (maker == makers.end()) continue;
    for (ValueId input : graph.nodes()[maker->second].inputs)
      if (input != kNoValue && depends[input]) depends[id] = true;
  }
  return depends;
}

// One walk from y back to what it was made of. Operands have smaller ids than what is made of them, so every
// gradient is complete when its value is reached.
class Walk {
 public:
  Walk(Graph& graph, const std::vector<Tensor>& of, Tensor y, Tensor dy)
      : graph_(graph), makers_(makers_of(graph)), depends_(dependents(graph, makers_, of, y.id)) {
    incoming_[y.id].slope = dy;
    for (ValueId id = y.id + 1; id-- > 0;) visit(id);
  }

  Tensor slope(ValueId id) const {
    const auto found = complete_.find(id);
    return found == complete_.end() ? Tensor() : found->second;
  }

 private:
  static void add_to(Tensor& sum, Tensor slope) { sum = sum ? add(sum, slope) : slope; }

  // Slices that lie side by side and cover the value are joined in one copy; others are padded and added.
  void join(const Shape& shape, Incoming& in) {
    std::stable_sort(in.parts.begin(), in.parts.end(),
                     [](const Part& a, const Part& b) { return a.start < b.start; });
    const int axis = in.parts.front().axis;
    std::vector<Tensor> slopes;
    int64_t covered = 0;
    for (const Part& part : in.parts) {
      if (part.axis != axis || part.start != covered) break;
      covered += part.slope.shape()[axis];
      slopes.push_back(part.slope);
    }
    if (slopes.size() == in.parts.size() && covered == shape[axis])
      return add_to(in.slope, concat(slopes, axis));
    for (const Part& part : in.parts) add_to(in.slope, part.view->grad(part.slope));
  }

  void visit(ValueId id) {
    const auto found = incoming_.find(id);
    if (found == incoming_.end()) return;
    Incoming in = std::move(found->second);
    incoming_.erase(found);
    if (!in.parts.empty()) join(graph_.value(id).shape, in);
    complete_[id] = in.slope;
    if (const View* view = graph_.view_of(id)) return pass_view(*view, in.slope);
    const auto maker = makers_.find(id);
    if (maker != makers_.end()) pass_node(maker->second, id, in.slope);
  }

  void pass_view(const View& view, Tensor slope) {
    if (!depends_[view.source]) return;
    FOVEA_CHECK(view.grad, "grad: a view of ", graph_.value(view.source).shape, " has no gradient");
    if (view.axis >= 0) {
      incoming_[view.source].parts.push_back({view.axis, view.start, slope, &view});
    } else {
      add_to(incoming_[view.source].slope, view.grad(slope));
    }
  }

  void pass_node(size_t n, ValueId made, Tensor slope) {
    const std::vector<ValueId> inputs = graph_.nodes()[n].inputs;  // copies: the gradient adds nodes
    const std::string op = graph_.nodes()[n].op;
    const auto grad = graph_.nodes()[n].grad;
    const bool wanted = std::any_of(inputs.begin(), inputs.end(),
                                    [&](ValueId input) { return input != kNoValue && depends_[input]; });
    if (!wanted) return;
    FOVEA_CHECK(grad && made == graph_.nodes()[n].outputs.front(), "grad: ", op, " ",
                graph_.value(made).shape, " has no gradient");
    const std::vector<Tensor> slopes = grad(Tensor(&graph_, made), slope);
    for (size_t i = 0; i < inputs.size() && i < slopes.size(); ++i) {
      if (inputs[i] == kNoValue || !slopes[i] || !depends_[inputs[i]]) continue;
      FOVEA_CHECK(slopes[i].shape() == graph_.value(inputs[i]).shape, "grad: ", op, " gives ",
                  slopes[i].shape(), " for an operand ", graph_.value(inputs[i]).shape);
      add_to(incoming_[inputs[i]].slope, slopes[i]);
    }
  }

  Graph& graph_;
  Makers makers_;
  std::vector<bool> depends_;
  std::map<ValueId, Incoming> incoming_;
  std::map<ValueId, Tensor> complete_;
};

}  // namespace

std::vector<Tensor> Graph::grad(Tensor y, const std::vector<Tensor>& of, Tensor dy) {
  FOVEA_CHECK(y.graph == this, "grad: y belongs to another graph");
  FOVEA_CHECK(dy || y.shape().elements() == 1, "grad: y ", y.shape(), " is not one number: dy is needed");
  if (!dy) dy = fill(*this, y.shape(), 1);
  FOVEA_CHECK(dy.shape() == y.shape(), "grad: dy ", dy.shape(), " for y ", y.shape());
  for (const Node& node : nodes_)  // the gradients would read what it has changed
    for (const ValueId made : node.outputs) {
      const auto used = states_.find(values_[made].state);
      FOVEA_CHECK(used == states_.end(), "grad: ", node.op, " has changed ", values_[used->second].name, " ",
                  values_[made].shape, " already: gradients come before what changes a State");
    }
  const Walk walk(*this, of, y, dy);
  std::vector<Tensor> slopes;
  for (const Tensor& x : of) {
    FOVEA_CHECK(x.graph == this, "grad: x belongs to another graph");
    slopes.push_back(walk.slope(x.id));
    FOVEA_CHECK(slopes.back(), "grad: y ", y.shape(), " does not depend on ", value(x.id).name, " ",
                x.shape());
  }
  return slopes;
}

}  // namespace fovea
