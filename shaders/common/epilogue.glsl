// The end of a product: which parts it has, and its activation.
#include "gelu.glsl"
#include "silu.glsl"

layout(constant_id = 3) const uint kHasBias = 0;
layout(constant_id = 4) const uint kActivation = 0;  // as enum Activation: none, relu, gelu, gelu_tanh, silu
layout(constant_id = 5) const uint kHasResidual = 0;

float activate(float x) {
  if (kActivation == 1) return x < 0 ? 0 : x;  // NaN stays
  if (kActivation == 2) return gelu_erf(x);
  if (kActivation == 3) return gelu_tanh(x);
  if (kActivation == 4) return silu(x);
  return x;
}
