#include "ops/copy.h"

namespace fovea {

Tensor assign(State& state, Tensor x) {
  FOVEA_CHECK(x, "assign: operand is absent");
  FOVEA_CHECK(x.dtype() == state.dtype(), "assign: ", name(x.dtype()), " to a state of ",
              name(state.dtype()));
  FOVEA_CHECK(x.shape() == state.shape(), "assign: ", x.shape(), " to a state of ", state.shape());
  FOVEA_CHECK(x.layout() == state.layout(), "assign: ", x.shape(), " lies in ",
              x.layout() == Layout::panels ? "panels" : "rows", ", the state does not");
  // Elements that only change places within the state would be overwritten before they are read.
  if (x.graph->value(x.id).state == &state.buffer()) x = contiguous(x);
  // Panels are copied as they lie, padding included.
  const bool panels = state.layout() == Layout::panels;
  const Shape shape = panels ? Shape{int64_t(state.bytes() / kElementBytes)} : state.shape();
  const Strides to = contiguous_strides(shape);
  const Strides from = panels ? to : x.strides();
  return x.graph->add({.op = "assign",
                       .inputs = {x},
                       .shape = state.shape(),
                       .dtype = state.dtype(),
                       .layout = state.layout(),
                       .target = &state,
                       .launch = [=](Launch& k) { copy_strided(k, k.in(), from, k.out(), to, shape); }});
}

}  // namespace fovea
