// The activation that a product ends with.
#include "activation.h"
#include "elementary.glsl"
#include "gelu.glsl"
#include "sigmoid.glsl"

layout(constant_id = 4) const uint kActivation = 0;  // one of activation.h, or none of them

float activate(float x) {
  if (kActivation == kActivationRelu) return x < 0 ? 0 : x;  // NaN stays
  if (kActivation == kActivationGelu) return gelu_erf(x);
  if (kActivation == kActivationGeluTanh) return gelu_tanh(x);
  if (kActivation == kActivationSilu) return silu(x);
  if (kActivation == kActivationSigmoid) return sigmoid(x);
  if (kActivation == kActivationQuickGelu) return quick_gelu(x);
  if (kActivation == kActivationTanh) return hyperbolic_tangent(x);
  return x;
}
