// What attention_grad_q_shared.comp and attention_grad_kv_shared.comp share. A workgroup owns kOwn rows,
// queries or keys, in groups of 4 (the components of a vec4) with kGroupLanes lanes each. A step takes
// kStep rows of the other side: lane c of a group multiplies rows c, c + kGroupLanes, .. of them with its
// 4 own ones, and sums quads c, c + kGroupLanes, .. of its 4 rows of a result.
#include "attention_grad.h"
#include "limits.glsl"

layout(constant_id = 1) const uint kOwn = 32;   // a multiple of 4
layout(constant_id = 2) const uint kStep = 32;  // a multiple of 4; divides kGroupLanes or the other way round
layout(constant_id = 3) const uint kHeadDim = 64;
layout(constant_id = 4) const bool kCausal = false;   // query i sees keys j <= i + keys - tokens
layout(constant_id = 5) const bool kHasLengths = false;  // keys from lengths[batch] on are not seen
layout(constant_id = 6) const bool kHasBias = false;

const uint kLanes = gl_WorkGroupSize.x;
const uint kQuads = kHeadDim / 4;
const uint kStride = kQuads | 1;  // odd: neighbouring rows of a tile start in different banks
const uint kGroups = kOwn / 4;
const uint kGroupLanes = kLanes / kGroups;
const uint kLaneSteps = (kStep + kGroupLanes - 1) / kGroupLanes;
const uint kLaneQuads = (kQuads + kGroupLanes - 1) / kGroupLanes;
const uint kFirst = 0;                   // places in tiles: of own rows that make the scores,
const uint kSecond = kOwn * kStride;     // of own rows that make dp,
const uint kOther = 2 * kOwn * kStride;  // of the rows of a step

shared vec4 tiles[(2 * kOwn + kStep) * kStride];
shared vec4 weights[kGroups * (kStep + 1)];  // of a group's 4 rows, one row of the step after another
shared vec4 partial[kLanes];                 // a lane's part of a sum over its group

vec4 dots[kLaneSteps];
vec4 sums[2 * 4 * kLaneQuads];  // of two results, of a row, its quads one after another

uint start_of(AttentionStrides s) { return gl_WorkGroupID.z * s.batch + gl_WorkGroupID.y * s.head; }
// Of a (batch, rows, heads, head_dim) tensor.
uint start_of_out(uint rows) {
  return (gl_WorkGroupID.z * rows * gl_NumWorkGroups.y + gl_WorkGroupID.y) * kHeadDim;
}
uint stride_of_out() { return gl_NumWorkGroups.y * kHeadDim; }

// `count` rows from `first` on to tiles[place], zeros from row `end` on: what nobody sees spreads no NaN.
void put(uint place, uint count, F32x4 from, uint start, uint stride, uint first, uint end, float factor) {
  [[dont_unroll]] for (uint i = gl_LocalInvocationID.x; i < count * kQuads; i += kLanes) {
    const uint row = first + i / kQuads;
    vec4 value = vec4(0);
    if (row < end) value = factor * from.at[(start + row * stride) / 4 + i % kQuads];
    tiles[place + i / kQuads * kStride + i % kQuads] = value;
  }
}

// exp(x), NaN of NaN: not all drivers give it.
vec4 falling_exp(vec4 x) {
  const vec4 result = mix(exp(x), vec4(0), lessThan(x, vec4(kVanishing)));
  return mix(result, x, greaterThan(floatBitsToUint(x) & kMagnitudeBits, uvec4(kInfinityBits)));
}

float times(vec4 a, vec4 b, float sum) { return a.x * b.x + (a.y * b.y + (a.z * b.z + (a.w * b.w + sum))); }

// dots[x]: of row c + x * kGroupLanes of the step with the group's 4 rows at `place`
void multiply(uint place, uint group, uint c) {
  [[unroll]] for (uint x = 0; x < kLaneSteps; ++x) dots[x] = vec4(0);
  [[dont_unroll]] for (uint d = 0; d < kQuads; ++d) {
    const uint row = place + 4 * group * kStride + d;
    const vec4 own0 = tiles[row], own1 = tiles[row + kStride];
    const vec4 own2 = tiles[row + 2 * kStride], own3 = tiles[row + 3 * kStride];
    [[unroll]] for (uint x = 0; x < kLaneSteps; ++x) {
      const vec4 other = tiles[kOther + (c + x * kGroupLanes) * kStride + d];
      const vec4 s = dots[x];
      dots[x] = vec4(times(own0, other, s.x), times(own1, other, s.y), times(own2, other, s.z),
                     times(own3, other, s.w));
    }
  }
}

// Adds the rows of the step times their weights to a result, the first or the second. Rows past `count` up
// to a multiple of 4 weigh 0 and hold zeros.
void accumulate(uint result, uint group, uint c, uint count) {
  [[dont_unroll]] for (uint other = 0; other < count; other += 4) {
    [[unroll]] for (uint u = 0; u < 4; ++u) {
      const vec4 w = weights[group * (kStep + 1) + other + u];
      [[unroll]] for (uint j = 0; j < kLaneQuads; ++j) {
        const vec4 value = tiles[kOther + (other + u) * kStride + min(c + j * kGroupLanes, kQuads - 1)];
        [[unroll]] for (uint i = 0; i < 4; ++i) {
          const uint at = (4 * result + i) * kLaneQuads + j;
          sums[at] = w[i] * value + sums[at];
        }
      }
    }
  }
}

// Row i of a group's 4 of a result; zeros, not a NaN, where the factor is 0.
void store(F32x4 to, uint at, uint result, uint i, uint c, float factor) {
  [[unroll]] for (uint j = 0; j < kLaneQuads; ++j) {
    const uint quad = c + j * kGroupLanes;
    const vec4 value = factor == 0 ? vec4(0) : factor * sums[(4 * result + i) * kLaneQuads + j];
    if (quad < kQuads) to.at[at / 4 + quad] = value;
  }
}

// The sum of every lane's value over the lanes of its group.
vec4 group_sum(vec4 value, uint group) {
  barrier();
  partial[gl_LocalInvocationID.x] = value;
  barrier();
  vec4 sum = vec4(0);
  [[dont_unroll]] for (uint t = 0; t < kGroupLanes; ++t) sum += partial[group * kGroupLanes + t];
  return sum;
}
