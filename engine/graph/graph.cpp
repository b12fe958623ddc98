#include "fovea/graph.hpp"

#include <algorithm>

#include "core/check.h"
#include "core/panels.h"

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

ValueId Graph::add_value(Value value) {
  const ValueId id = ValueId(values_.size());
  if (value.base == kNoValue) {
    value.base = id;
    value.strides = contiguous_strides(value.shape);
    value.bytes = storage_bytes(value.shape, value.layout);
  }
  values_.push_back(std::move(value));
  return id;
}

Tensor Graph::input(const Shape& shape, DType dtype, std::string name) {
  return {this, add_value({.shape = shape, .dtype = dtype, .input = true, .name = std::move(name)})};
}

Tensor Graph::use(const State& state, std::string name) {
  const auto known = states_.find(&state.buffer());
  if (known != states_.end()) return {this, known->second};
  const ValueId id = add_value({.shape = state.shape(),
                                .dtype = state.dtype(),
                                .layout = state.layout(),
                                .state = &state.buffer(),
                                .name = std::move(name)});
  states_.emplace(&state.buffer(), id);
  return {this, id};
}

std::vector<Tensor> Graph::add_all(NodeSpec spec) {
  Node node{
      std::move(spec.op),       std::move(spec.detail), {}, {}, std::move(spec.launch), std::move(spec.grad),
      std::move(spec.epilogue), std::move(spec.absorb)};
  for (const Tensor& input : spec.inputs) {
    FOVEA_CHECK(!input || input.graph == this, node.op, ": operands belong to different graphs");
    node.inputs.push_back(input ? input.id : kNoValue);
  }
  std::vector<Tensor> outputs;
  const auto add_output = [&](Value value) {
    node.outputs.push_back(add_value(std::move(value)));
    outputs.emplace_back(this, node.outputs.back());
  };
  add_output({.shape = spec.shape,
              .dtype = spec.dtype,
              .layout = spec.layout,
              .state = spec.target ? &spec.target->buffer() : nullptr});
  for (const NodeSpec::Output& more : spec.more)
    add_output({.shape = more.shape,
                .dtype = more.dtype,
                .layout = more.layout,
                .state = more.target ? &more.target->buffer() : nullptr});
  nodes_.push_back(std::move(node));
  return outputs;
}

Tensor Graph::add(NodeSpec spec) { return add_all(std::move(spec)).front(); }

const View* Graph::view_of(ValueId id) const {
  const auto found = views_.find(id);
  return found == views_.end() ? nullptr : &found->second;
}

Tensor Graph::view(Tensor x, const Shape& shape, const Strides& strides, int64_t offset, View how) {
  const Value& source = values_.at(x.id);
  FOVEA_CHECK(source.layout == Layout::rows, "view: ", source.shape,
              " lies in panels and has no other shape");
  const ValueId id = add_value({.shape = shape,
                                .dtype = source.dtype,
                                .strides = strides,
                                .offset = source.offset + offset,
                                .base = source.base,
                                .state = source.state});
  how.source = x.id;
  views_.emplace(id, std::move(how));
  return {this, id};
}

}  // namespace fovea
