// Functions of one operand, elementwise: each is one line here, one in shaders/unary.comp and one in ops.hpp.
#include "shaders/unary.h"

#include "ops/shapes.h"
#include "shaders/common/activation.h"
#include "shaders/common/elementwise.h"

namespace fovea {
namespace {

static_assert(kActivationRelu == uint(Activation::relu) && kActivationGelu == uint(Activation::gelu) &&
              kActivationGeluTanh == uint(Activation::gelu_tanh) &&
              kActivationSilu == uint(Activation::silu) && kActivationSigmoid == uint(Activation::sigmoid) &&
              kActivationQuickGelu == uint(Activation::quick_gelu) &&
              kActivationTanh == uint(Activation::tanh));

enum class From { x, y };  // what the gradient is made of, beside dy

void launch_unary(Launch& k, const std::string& op, bool gradient, uint32_t count) {
  k.dispatch({.kernel = "unary_" + op,
              .groups = elements(k, count, kSteps),
              .constants = {{"kGradient", gradient}},
              .reads = {{"from", k.in(0)}, {"dy", gradient ? k.in(1) : Span()}},
              .writes = {{"to", k.out()}}},
             UnaryParams{count});
}

Tensor unary_grad(const std::string& op, Tensor from, Tensor dy) {
  dy = dense(op.c_str(), dy);
  const uint32_t count = uint32_t(from.shape().elements());
  return from.graph->add(
      {.op = op + "_grad", .inputs = {from, dy}, .shape = from.shape(), .launch = [=](Launch& k) {
         launch_unary(k, op, true, count);
       }});
}

// A product takes a function over that is an activation; if its gradient is made of y, while training, too.
Tensor unary(const std::string& op, Tensor x, From from, Activation activation = Activation::none) {
  x = dense(op.c_str(), x);
  const uint32_t count = uint32_t(x.shape().elements());
  NodeSpec spec{
      .op = op,
      .inputs = {x},
      .shape = x.shape(),
      .launch = [=](Launch& k) { launch_unary(k, op, false, count); },
      .grad = [=](Outputs y,
                  Tensor dy) { return std::vector{unary_grad(op, from == From::x ? x : y[0], dy)}; }};
  if (activation != Activation::none)
    spec.epilogue = Epilogue{.kind = Epilogue::Kind::activation, .activation = activation};
  return x.graph->add(std::move(spec));
}

}  // namespace

Tensor abs(Tensor x) { return unary("abs", x, From::x); }
Tensor exp(Tensor x) { return unary("exp", x, From::y); }
Tensor expm1(Tensor x) { return unary("expm1", x, From::y); }
Tensor gelu(Tensor x) { return unary("gelu", x, From::x, Activation::gelu); }
Tensor gelu_tanh(Tensor x) { return unary("gelu_tanh", x, From::x, Activation::gelu_tanh); }
Tensor hard_sigmoid(Tensor x) { return unary("hard_sigmoid", x, From::x); }
Tensor hard_swish(Tensor x) { return unary("hard_swish", x, From::x); }
Tensor hard_tanh(Tensor x) { return unary("hard_tanh", x, From::y); }
Tensor log(Tensor x) { return unary("log", x, From::x); }
Tensor quick_gelu(Tensor x) { return unary("quick_gelu", x, From::x, Activation::quick_gelu); }
Tensor relu(Tensor x) { return unary("relu", x, From::y, Activation::relu); }
Tensor sigmoid(Tensor x) { return unary("sigmoid", x, From::y, Activation::sigmoid); }
Tensor silu(Tensor x) { return unary("silu", x, From::x, Activation::silu); }
Tensor sqrt(Tensor x) { return unary("sqrt", x, From::y); }
Tensor square(Tensor x) { return unary("square", x, From::x); }
Tensor tanh(Tensor x) { return unary("tanh", x, From::y, Activation::tanh); }

Tensor activate(Tensor x, Activation activation) {
  switch (activation) {
    case Activation::none:
      return x;
    case Activation::relu:
      return relu(x);
    case Activation::gelu:
      return gelu(x);
    case Activation::gelu_tanh:
      return gelu_tanh(x);
    case Activation::silu:
      return silu(x);
    case Activation::sigmoid:
      return sigmoid(x);
    case Activation::quick_gelu:
      return quick_gelu(x);
    case Activation::tanh:
      return tanh(x);
  }
  return x;
}

}  // namespace fovea
