// selftest_int64: y[2i], y[2i+1] = the halves of the 64-bit word x[i], exchanged;
//                 y[32 + 2i], y[33 + 2i] = the halves of x[i] + its low half
// One workgroup of one subgroup; lanes stride over i. x: (16) of 64 bits, y: (64).
#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_shader_explicit_arithmetic_types_int64 : require
#include "common/buffer.glsl"

layout(buffer_reference, std430, buffer_reference_align = 8) buffer U64 { uint64_t at[]; };
layout(push_constant, std430) uniform Push {
  U64 x;
  U32 y;
};

void main() {
  for (uint i = gl_LocalInvocationID.x; i < 16; i += gl_WorkGroupSize.x) {
    const uvec2 halves = unpack32(x.at[i]);
    y.at[2 * i] = halves.y;
    y.at[2 * i + 1] = halves.x;
    const uvec2 sum = unpack32(x.at[i] + uint64_t(halves.x));
    y.at[32 + 2 * i] = sum.x;
    y.at[32 + 2 * i + 1] = sum.y;
  }
}
