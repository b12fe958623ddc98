// The end of a product: which parts it has, and its activation.
#include "activation.h"
#include "gelu.glsl"
#include "sigmoid.glsl"

layout(constant_id = 3) const uint kHasBias = 0;
layout(constant_id = 4) const uint kActivation = 0;  // one of activation.h, or none of them
layout(constant_id = 5) const uint kHasResidual = 0;

float activate(float x) {
  if (kActivation == kActivationRelu) return x < 0 ? 0 : x;  // NaN stays
  if (kActivation == kActivationGelu) return gelu_erf(x);
  if (kActivation == kActivationGeluTanh) return gelu_tanh(x);
  if (kActivation == kActivationSilu) return silu(x);
  if (kActivation == kActivationSigmoid) return sigmoid(x);
  if (kActivation == kActivationQuickGelu) return quick_gelu(x);
  return x;
}
