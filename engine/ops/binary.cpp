// Functions of two operands, elementwise: each is one line of shaders/binary.comp and, with its gradients,
// one function here.
#include "shaders/binary.h"

#include "ops/broadcast.h"
#include "shaders/common/elementwise.h"

namespace fovea {
namespace {

// The gradients of both operands, of the shape of dy, or nothing.
using Gradients = std::vector<Tensor> (*)(Tensor a, Tensor b, Tensor y, Tensor dy);

NodeSpec spec_of(const std::string& op, Tensor a, Tensor b, Gradients gradients) {
  const Broadcast broad = broadcast(op.c_str(), {a, b});
  const Repeated left = broad.operands[0], right = broad.operands[1];
  const BinaryParams params{uint32_t(broad.shape.elements()), left.inner, left.period, right.inner,
                            right.period};
  NodeSpec spec{.op = op, .inputs = {left.x, right.x}, .shape = broad.shape};
  spec.launch = [=](Launch& k) {
    k.dispatch({.kernel = "binary_" + op,
                .groups = elements(k, params.count, kSteps),
                .constants = {{"kRepeatsA", left.repeats}, {"kRepeatsB", right.repeats}},
                .reads = {{"a_base", k.in(0)}, {"b_base", k.in(1)}},
                .writes = {{"y", k.out()}}},
               params);
  };
  if (gradients)
    spec.grad = [=](Outputs y, Tensor dy) {
      const std::vector<Tensor> made = gradients(left.x, right.x, y[0], dy);
      return std::vector{sum_to(made[0], left.x.shape()), sum_to(made[1], right.x.shape())};
    };
  return spec;
}

Tensor binary(const std::string& op, Tensor a, Tensor b, Gradients gradients = nullptr) {
  NodeSpec spec = spec_of(op, a, b, gradients);
  return a.graph->add(std::move(spec));
}

// What a product may take over: a residual of its own shape, or a bias along its last axis.
std::optional<Epilogue> epilogue_of(const NodeSpec& sum) {
  const Tensor added = sum.inputs[1];
  if (added.shape() == sum.shape) return Epilogue{Epilogue::Kind::residual, added};
  const bool along_rows = added.shape().rank() == 1 && added.shape().back() == sum.shape.back();
  if (along_rows) return Epilogue{Epilogue::Kind::bias, added};
  return std::nullopt;
}

// 1 where a > b, 1/2 where they are equal, 0 where a < b.
Tensor step(Tensor a, Tensor b) { return binary("step", a, b); }

}  // namespace

Tensor add(Tensor a, Tensor b) {
  const auto size = [](Tensor x) { return std::pair(x.shape().elements(), x.shape().rank()); };
  if (a && b && size(a) < size(b)) std::swap(a, b);  // the one that repeats is the second
  NodeSpec spec = spec_of("add", a, b, [](Tensor, Tensor, Tensor, Tensor dy) { return std::vector{dy, dy}; });
  spec.epilogue = epilogue_of(spec);
  return a.graph->add(std::move(spec));
}

Tensor sub(Tensor a, Tensor b) {
  return binary("sub", a, b,
                [](Tensor, Tensor, Tensor, Tensor dy) { return std::vector{dy, scale(dy, -1)}; });
}

Tensor mul(Tensor a, Tensor b) {
  return binary("mul", a, b, [](Tensor left, Tensor right, Tensor, Tensor dy) {
    return std::vector{mul(dy, right), mul(dy, left)};
  });
}

Tensor div(Tensor a, Tensor b) {
  return binary("div", a, b, [](Tensor, Tensor right, Tensor y, Tensor dy) {
    const Tensor da = div(dy, right);
    return std::vector{da, scale(mul(da, y), -1)};
  });
}

Tensor maximum(Tensor a, Tensor b) {
  return binary("maximum", a, b, [](Tensor left, Tensor right, Tensor, Tensor dy) {
    return std::vector{mul(dy, step(left, right)), mul(dy, step(right, left))};
  });
}

Tensor minimum(Tensor a, Tensor b) {
  return binary("minimum", a, b, [](Tensor left, Tensor right, Tensor, Tensor dy) {
    return std::vector{mul(dy, step(right, left)), mul(dy, step(left, right))};
  });
}

Tensor less(Tensor a, Tensor b) { return binary("less", a, b); }
Tensor less_equal(Tensor a, Tensor b) { return binary("less_equal", a, b); }
Tensor greater(Tensor a, Tensor b) { return binary("greater", a, b); }
Tensor greater_equal(Tensor a, Tensor b) { return binary("greater_equal", a, b); }
Tensor equal(Tensor a, Tensor b) { return binary("equal", a, b); }
Tensor not_equal(Tensor a, Tensor b) { return binary("not_equal", a, b); }

}  // namespace fovea
