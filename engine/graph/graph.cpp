#include "fovea/graph.hpp"

#include <deque>
#include <map>
#include <tuple>
#include <unordered_map>

#include "core/check.h"
#include "core/panels.h"
#include "fovea/op.hpp"

namespace fovea {

uint64_t storage_bytes(const Shape& shape, Layout layout) {
  return layout == Layout::panels ? panel_elements(shape) * kElementBytes : shape.bytes();
}

Strides contiguous_strides(const Shape& shape) {
  Strides strides{};
  int64_t step = 1;
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    strides[size_t(axis)] = step;
    step *= shape[axis];
  }
  return strides;
}

const Shape& Tensor::shape() const { return graph->value(id).shape; }
DType Tensor::dtype() const { return graph->value(id).dtype; }
const Strides& Tensor::strides() const { return graph->value(id).strides; }
Layout Tensor::layout() const { return graph->value(id).layout; }

bool Tensor::contiguous() const {
  const Strides wanted = contiguous_strides(shape());
  for (int axis = 0; axis < shape().rank(); ++axis)
    if (shape()[axis] > 1 && strides()[size_t(axis)] != wanted[size_t(axis)]) return false;
  return true;
}

struct Graph::Parts {
  using Place = std::tuple<const Buffer*, uint64_t, uint64_t>;  // of a State: buffer, offset and bytes
  std::unordered_map<ValueId, View> views;
  std::map<Place, ValueId> states;  // by use()
  std::deque<Value> values;         // a deque: references to shapes stay valid while ops add values
  std::vector<Node> nodes;
};

Graph::Graph() : parts_(std::make_unique<Parts>()) {}
Graph::~Graph() = default;

const Value& Graph::value(ValueId id) const { return parts_->values.at(id); }
std::vector<Value> Graph::values() const { return {parts_->values.begin(), parts_->values.end()}; }
const std::vector<Node>& Graph::nodes() const { return parts_->nodes; }

ValueId Graph::add_value(Value value) {
  const ValueId id = ValueId(parts_->values.size());
  if (value.base == kNoValue) {
    value.base = id;
    value.strides = contiguous_strides(value.shape);
    value.bytes = storage_bytes(value.shape, value.layout);
  }
  parts_->values.push_back(std::move(value));
  return id;
}

Tensor Graph::input(const Shape& shape, DType dtype, std::string name) {
  return {this, add_value({.shape = shape, .dtype = dtype, .input = true, .name = std::move(name)})};
}

Tensor Graph::use(const State& state, std::string name) {
  const Parts::Place place{&state.buffer(), state.offset(), state.bytes()};
  const auto known = parts_->states.find(place);
  if (known != parts_->states.end()) {
    const Shape& shape = value(known->second).shape;
    FOVEA_CHECK(shape == state.shape(), "use: a State ", state.shape(), " in the place of one of ", shape);
    return {this, known->second};
  }
  const ValueId id = add_value({.shape = state.shape(),
                                .dtype = state.dtype(),
                                .layout = state.layout(),
                                .offset = int64_t(state.offset()),
                                .state = &state.buffer(),
                                .name = std::move(name)});
  parts_->states.emplace(place, id);
  return {this, id};
}

std::vector<Tensor> Graph::add_all(NodeSpec spec) {
  Node node;
  for (const Tensor& input : spec.inputs) {
    FOVEA_CHECK(!input || input.graph == this, spec.op, ": operands belong to different graphs");
    node.inputs.push_back(input ? input.id : kNoValue);
  }
  std::vector<Tensor> outputs;
  const auto add_output = [&](Value value) {
    node.outputs.push_back(add_value(std::move(value)));
    outputs.emplace_back(this, node.outputs.back());
  };
  const auto place = [](Value value, const State* target) {
    value.state = target ? &target->buffer() : nullptr;
    value.offset = target ? int64_t(target->offset()) : 0;
    return value;
  };
  add_output(place({.shape = spec.shape, .dtype = spec.dtype, .layout = spec.layout}, spec.target));
  for (const NodeSpec::Output& more : spec.more)
    add_output(place({.shape = more.shape, .dtype = more.dtype, .layout = more.layout}, more.target));
  node.spec = std::move(spec);
  parts_->nodes.push_back(std::move(node));
  return outputs;
}

Tensor Graph::add(NodeSpec spec) { return add_all(std::move(spec)).front(); }

const View* Graph::view_of(ValueId id) const {
  const auto found = parts_->views.find(id);
  return found == parts_->views.end() ? nullptr : &found->second;
}

const Value* Graph::use_of(const Buffer* state) const {
  const auto found = parts_->states.lower_bound({state, 0, 0});
  const bool known = found != parts_->states.end() && std::get<0>(found->first) == state;
  return known ? &value(found->second) : nullptr;
}

Tensor Graph::view(Tensor x, const Shape& shape, const Strides& strides, int64_t offset, View how) {
  const Value& source = value(x.id);
  FOVEA_CHECK(source.layout == Layout::rows, "view: ", source.shape,
              " lies in panels and has no other shape");
  const ValueId id = add_value({.shape = shape,
                                .dtype = source.dtype,
                                .strides = strides,
                                .offset = source.offset + offset,
                                .base = source.base,
                                .state = source.state});
  how.source = x.id;
  parts_->views.emplace(id, std::move(how));
  return {this, id};
}

}  // namespace fovea
