// attention_step: out[r,h] = softmax(scale q[r,h] K^T) V for the one new query of each row
// One workgroup per row r and head h. First lanes stride over keys, then over head_dim.
// kSelf: q is (rows, 3 width) of Q, K and V; K and V of this step go into cache (2, rows, steps, width), and
// keys are those of all steps so far, each in the row its hypothesis then had. Else q is (rows, width), cache
// is (batch, keys, 2 width) of K and V, and lengths (batch) says how many count.
// learned: kHasRelative: (2, 2 reach + 1, head_dim), added to keys and values by distance (Shaw et al. 2018,
// eq. 3, 4); kAdditive: w (head_dim), scores are w . tanh(q + k) in place of the scaled product.
// weights: (rows, heads, keys); a NaN or +infinity among the scores makes them NaN. Nothing is done once all
// steps are taken.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/reduce.glsl"
#include "common/elementary.glsl"
#include "attention_step.h"
#include "common/search.glsl"

layout(constant_id = 1) const bool kSelf = false;
layout(constant_id = 2) const bool kHasRelative = false;  // of kSelf
layout(constant_id = 3) const bool kAdditive = false;

layout(push_constant, std430) uniform Push {
  F32 q;
  U32 control;
  U32 history;
  U32 lengths;
  F32 learned;
  F32 y;
  F32 weights;
  F32 cache;
  AttentionStepParams p;
};

// Where the keys of key t of this row start; the values lie value_offset() behind.
uint key_at(SearchParams s, uint row, uint head, uint step, uint t) {
  const uint width = p.heads * p.head_dim;
  if (!kSelf) return (row / s.beams * p.keys + t) * 2 * width + head * p.head_dim;
  uint from = row;
  if (s.beams > 1 && t < step) from = history.at[history_at(s, parity_of(s, step), kOrigins, row) + t];
  return (from * s.steps + t) * width + head * p.head_dim;
}
uint value_offset(SearchParams s) {
  const uint width = p.heads * p.head_dim;
  return kSelf ? s.batch * s.beams * s.steps * width : width;
}

// Where the vector of key t's distance lies; part 0: that of keys, 1: of values.
uint relative_at(uint part, uint step, uint t) {
  const uint distance = min(step - t, p.reach);  // back from the query
  return (part * (2 * p.reach + 1) + p.reach - distance) * p.head_dim;
}

void main() {
  const SearchParams s = search_of(p.batch, p.beams, p.steps);
  const uint row = gl_WorkGroupID.x, head = gl_WorkGroupID.y, lane = gl_LocalInvocationID.x;
  const uint lanes = gl_WorkGroupSize.x, dim = p.head_dim, width = p.heads * dim;
  const uint step = control.at[kStepWord];
  if (kSelf && step >= s.steps) return;
  const uint q_at = row * (kSelf ? 3 : 1) * width + head * dim, to_value = value_offset(s);

  if (kSelf) {
    const uint to = key_at(s, row, head, step, step);
    for (uint d = lane; d < dim; d += lanes) {
      cache.at[to + d] = q.at[q_at + width + d];
      cache.at[to + to_value + d] = q.at[q_at + 2 * width + d];
    }
    settle();
  }

  const uint keys = kSelf ? step + 1 : min(lengths.at[row / s.beams], p.keys);
  const float scale = 1 / sqrt(float(dim));
  const uint weights_at = (row * p.heads + head) * p.keys;
  float largest = kHalfLeast;
  for (uint t = lane; t < keys; t += lanes) {
    const uint at = key_at(s, row, head, step, t);
    float score = 0;
    for (uint d = 0; d < dim; ++d) {
      float key = cache.at[at + d];
      if (kHasRelative) key += learned.at[relative_at(0, step, t) + d];
      score += kAdditive ? learned.at[d] * hyperbolic_tangent(q.at[q_at + d] + key) : q.at[q_at + d] * key;
    }
    if (!kAdditive) score *= scale;
    weights.at[weights_at + t] = score;
    largest = score > largest ? score : largest;
  }
  largest = lanes_max(largest);
  float sum = 0;  // a lane reads back only what it wrote itself
  for (uint t = lane; t < keys; t += lanes) {
    const float score = weights.at[weights_at + t];
    const bool nothing = floatBitsToUint(score) == kMinusInfinityBits;
    const float weight = is_nan(score) ? score : nothing ? 0 : exp(score - largest);
    weights.at[weights_at + t] = weight;
    sum += weight;
  }
  sum = lanes_add(sum);
  // +infinity: exp(infinity - infinity). Decided here, as drivers differ in exp(NaN).
  const bool valid = is_finite(sum) && is_finite(largest);
  const float part = valid ? (sum > 0 ? 1 / sum : 0) : not_a_number();
  const uint end = kSelf ? keys : p.keys;  // later steps of self-attention stay as they are
  for (uint t = lane; t < end; t += lanes)
    weights.at[weights_at + t] = t >= keys ? 0 : valid ? weights.at[weights_at + t] * part : part;
  settle();

  for (uint d = lane; d < dim; d += lanes) {
    float value = 0;
    for (uint t = 0; t < keys; ++t) {
      float seen = cache.at[key_at(s, row, head, step, t) + to_value + d];
      if (kHasRelative) seen += learned.at[relative_at(1, step, t) + d];
      value += weights.at[weights_at + t] * seen;
    }
    y.at[row * width + head * dim + d] = value;
  }
}
