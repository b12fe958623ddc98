#include "ops/broadcast.h"

namespace fovea {
namespace {

// What a product may take over: a residual of its own shape, or a bias along its last axis.
std::optional<Epilogue> epilogue_of(const Broadcast& operands) {
  const Shape& shape = operands.whole.shape();
  const Shape& other = operands.repeated.shape();
  if (other == shape) return Epilogue{Epilogue::Kind::residual, operands.repeated};
  const bool along_rows = other.rank() == 1 && other.back() == shape.back();
  if (along_rows) return Epilogue{Epilogue::Kind::bias, operands.repeated};
  return std::nullopt;
}

}  // namespace

Tensor add(Tensor a, Tensor b) {
  const Broadcast operands = broadcast("add", a, b);
  const Shape shape = operands.whole.shape(), repeated = operands.repeated.shape();
  const BroadcastParams params = operands.params;
  return a.graph->add({.op = "add",
                       .inputs = {operands.whole, operands.repeated},
                       .shape = shape,
                       .launch = [=](Launch& k) { launch_broadcast(k, "add", params); },
                       .grad = [=](Outputs, Tensor dy) { return std::vector{dy, sum_to(dy, repeated)}; },
                       .epilogue = epilogue_of(operands)});
}

}  // namespace fovea
