#include "graph/grad.h"

#include <algorithm>
#include <map>

#include "core/check.h"
#include "fovea/op.hpp"

namespace fovea {
namespace {

// The gradient of one slice of a value.
struct Part {
  int axis;
  int64_t start;
  Tensor gradient;
  const View* view;
};

// What has come in for a value from those that use it.
struct Incoming {
  Tensor gradient;
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
  Walk(Graph& graph, const Joining& joining, const std::vector<Tensor>& of, Tensor y, Tensor dy)
      : graph_(graph),
        joining_(joining),
        makers_(makers_of(graph)),
        depends_(dependents(graph, makers_, of, y.id)) {
    incoming_[y.id].gradient = dy;
    for (ValueId id = y.id + 1; id-- > 0;) visit(id);
  }

  Tensor gradient(ValueId id) const {
    const auto found = complete_.find(id);
    return found == complete_.end() ? Tensor() : found->second;
  }

 private:
  void add_to(Tensor& sum, Tensor gradient) const { sum = sum ? joining_.add(sum, gradient) : gradient; }

  // Slices that lie side by side and cover the value are joined in one copy; others are padded and added.
  void join(const Shape& shape, Incoming& in) {
    std::stable_sort(in.parts.begin(), in.parts.end(),
                     [](const Part& a, const Part& b) { return a.start < b.start; });
    const int axis = in.parts.front().axis;
    std::vector<Tensor> gradients;
    int64_t covered = 0;
    for (const Part& part : in.parts) {
      if (part.axis != axis || part.start != covered) break;
      covered += part.gradient.shape()[axis];
      gradients.push_back(part.gradient);
    }
    if (gradients.size() == in.parts.size() && covered == shape[axis])
      return add_to(in.gradient, joining_.concat(gradients, axis));
    for (const Part& part : in.parts) add_to(in.gradient, part.view->grad(part.gradient));
  }

  void visit(ValueId id) {
    const auto found = incoming_.find(id);
    if (found == incoming_.end()) return;
    Incoming in = std::move(found->second);
    incoming_.erase(found);
    if (!in.parts.empty()) join(graph_.value(id).shape, in);
    complete_[id] = in.gradient;
    if (const View* view = graph_.view_of(id)) return pass_view(*view, in.gradient);
    const auto maker = makers_.find(id);
    if (maker != makers_.end()) pass_node(maker->second, id, in.gradient);
  }

  void pass_view(const View& view, Tensor gradient) {
    if (!depends_[view.source]) return;
    FOVEA_CHECK(view.grad, "grad: a view of ", graph_.value(view.source).shape, " has no gradient");
    if (view.axis >= 0) {
      incoming_[view.source].parts.push_back({view.axis, view.start, gradient, &view});
    } else {
      const Tensor passed = view.grad(gradient);
      if (passed) add_to(incoming_[view.source].gradient, passed);
    }
  }

  void pass_node(size_t n, ValueId made, Tensor gradient) {
    const Node node = graph_.nodes()[n];  // a copy: the gradient adds nodes
    const std::vector<ValueId>& inputs = node.inputs;
    const bool wanted = std::any_of(inputs.begin(), inputs.end(),
                                    [&](ValueId input) { return input != kNoValue && depends_[input]; });
    if (!wanted) return;
    FOVEA_CHECK(node.spec.grad && made == node.outputs.front(), "grad: ", node.spec.op, " ",
                graph_.value(made).shape, " has no gradient");
    std::vector<Tensor> outputs;
    for (const ValueId output : node.outputs) outputs.emplace_back(&graph_, output);
    const std::vector<Tensor> gradients = node.spec.grad(outputs, gradient);
    for (size_t i = 0; i < inputs.size() && i < gradients.size(); ++i) {
      if (inputs[i] == kNoValue || !gradients[i] || !depends_[inputs[i]]) continue;
      FOVEA_CHECK(gradients[i].shape() == graph_.value(inputs[i]).shape, "grad: ", node.spec.op, " gives ",
                  gradients[i].shape(), " for an operand ", graph_.value(inputs[i]).shape);
      add_to(incoming_[inputs[i]].gradient, gradients[i]);
    }
  }

  Graph& graph_;
  const Joining& joining_;
  Makers makers_;
  std::vector<bool> depends_;
  std::map<ValueId, Incoming> incoming_;
  std::map<ValueId, Tensor> complete_;
};

}  // namespace

std::vector<Tensor> grad(Tensor y, const std::vector<Tensor>& of, Tensor dy, const Joining& joining) {
  Graph& graph = *y.graph;
  FOVEA_CHECK(dy.shape() == y.shape(), "grad: dy ", dy.shape(), " for y ", y.shape());
  for (const Node& node : graph.nodes())  // the gradients would read what it has changed
    for (const ValueId made : node.outputs) {
      const Value* used = graph.use_of(graph.value(made).state);
      FOVEA_CHECK(!used, "grad: ", node.spec.op, " has changed ", used ? used->name : "", " ",
                  graph.value(made).shape, " already: gradients come before what changes a State");
    }
  const Walk walk(graph, joining, of, y, dy);
  std::vector<Tensor> gradients;
  for (const Tensor& x : of) {
    FOVEA_CHECK(x.graph == &graph, "grad: x belongs to another graph");
    gradients.push_back(walk.gradient(x.id));
    FOVEA_CHECK(gradients.back(), "grad: y ", y.shape(), " does not depend on ", graph.value(x.id).name, " ",
                x.shape());
  }
  return gradients;
}

}  // namespace fovea
