// unary: y[i] = VALUE of x[i]; when kGradient dx[i] = GRADIENT of dy[i] and x[i] or y[i]; NaN stays NaN
// One lane visits kSteps elements, a workgroup's width apart. x, y, dy, dx: (count).
// Each function is one of these lines. Its GRADIENT names x or y, as engine/ops/unary.cpp says.
// variant abs: VALUE=abs(x) GRADIENT=dy*sign(x)
// variant exp: VALUE=exponential(x) GRADIENT=dy*y
// variant expm1: VALUE=expm1(x) GRADIENT=dy*(y+1)
// variant gelu: VALUE=gelu_erf(x) GRADIENT=dy*gelu_erf_derivative(x)
// variant gelu_tanh: VALUE=gelu_tanh(x) GRADIENT=dy*gelu_tanh_derivative(x)
// variant hard_sigmoid: VALUE=x<=-3?0:x>=3?1:x/6+0.5 GRADIENT=abs(x)<3?dy/6:0
// variant hard_swish: VALUE=x<=-3?0:x>=3?x:x*(x+3)/6 GRADIENT=x<=-3?0:x>=3?dy:dy*(x/3+0.5)
// variant hard_tanh: VALUE=x<=-1?-1:x>=1?1:x GRADIENT=abs(y)<1?dy:0
// variant log: VALUE=logarithm(x) GRADIENT=dy/x
// variant quick_gelu: VALUE=quick_gelu(x) GRADIENT=dy*silu_derivative(1.702*x)
// variant relu: VALUE=relu(x) GRADIENT=is_positive(y)?dy:0
// variant sigmoid: VALUE=sigmoid(x) GRADIENT=dy*y*(1-y)
// variant silu: VALUE=silu(x) GRADIENT=dy*silu_derivative(x)
// variant sqrt: VALUE=square_root(x) GRADIENT=dy/(2*y)
// variant square: VALUE=x*x GRADIENT=dy*2*x
// variant tanh: VALUE=hyperbolic_tangent(x) GRADIENT=dy*(1-y*y)
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/elementwise.h"
#include "common/reduce.glsl"
#include "common/elementary.glsl"
#include "common/gelu.glsl"
#include "common/sigmoid.glsl"
#include "unary.h"

layout(constant_id = 1) const bool kGradient = false;

layout(push_constant, std430) uniform Push {
  F32 from;  // x, or what the gradient is made of
  F32 dy;    // absent without kGradient
  F32 to;
  UnaryParams p;
};

// As words: the negative numbers are 0x80000000 (-0) to 0xff800000 (-infinity), the positive ones 1 to
// 0x7f800000. A comparison of floats would leave it to the compiler whether NaN and tiny numbers survive.
float relu(float x) {
  const uint word = floatBitsToUint(x);
  return word >= 0x80000000u && word <= kMinusInfinityBits ? 0 : x;
}
bool is_positive(float x) { return floatBitsToUint(x) - 1 < kInfinityBits; }

float value_at(float x) { return VALUE; }

// The number read is x to one GRADIENT and y to another.
float gradient_at(float x, float y, float dy) {
  const float gradient = GRADIENT;
  return is_nan(x) ? x : is_nan(dy) ? dy : gradient;
}

void main() {
  const uint first = group_index() * gl_WorkGroupSize.x * kSteps + gl_LocalInvocationID.x;
  for (uint step = 0; step < kSteps; ++step) {
    const uint i = first + step * gl_WorkGroupSize.x;
    if (i >= p.count) continue;
    const float read = from.at[i];
    to.at[i] = kGradient ? gradient_at(read, read, dy.at[i]) : value_at(read);
  }
}
