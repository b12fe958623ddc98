// decoder_layer_step: y[r] = a whole decoder layer of x[r], one new token a row, K and V of it into the cache
// One subgroup a workgroup takes ROWS rows through all parts; lanes stride over columns, keys or heads.
// LANES * COLUMNS divide a panel's columns and are no less than its depth, so that no column stays unwritten.
// A row needs nothing of other rows, so parts meet in the workgroup's own scratch: one dispatch instead of
// eleven, each of which costs a CPU driver more than the arithmetic of a narrow model.
// layer: for each of attention, cross attention and feed-forward the norm's weight and bias, then matrices in
// panels with their biases: qkv, out; q, out; up, down. x, y: (rows, width) by places, cache: by rows; the
// rest as in attention_step.
// class cpu
// variant 4_1: LANES=4 COLUMNS=4 ROWS=1
// variant 4_4: LANES=4 COLUMNS=8 ROWS=4
// variant 4_8: LANES=4 COLUMNS=4 ROWS=8
// variant 8_1: LANES=8 COLUMNS=8 ROWS=1
// variant 8_4: LANES=8 COLUMNS=8 ROWS=4
// variant 8_8: LANES=8 COLUMNS=8 ROWS=8
// variant 16_1: LANES=16 COLUMNS=4 ROWS=1
// variant 16_4: LANES=16 COLUMNS=4 ROWS=4
// variant 16_8: LANES=16 COLUMNS=4 ROWS=8
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/reduce.glsl"
#include "common/activate.glsl"
#include "common/panels.h"
#include "decoder_layer_step.h"
#include "common/order.glsl"

layout(constant_id = 1) const bool kNormBefore = true;

layout(push_constant, std430) uniform Push {
  F32 x;
  F32 layer;
  U32 control;
  U32 history;
  F32 memory;
  U32 lengths;
  F32 y;
  F32 scratch;
  F32 cache;
  DecoderLayerStepParams p;
};

const uint kStore = 0, kActivate = 1, kAdd = 2;  // what becomes of a product

// to = from x matrix (k, n) + bias, rows of scratch; `at` moves behind the bias.
void product(LayerScratch s, inout uint at, uint from, uint k, uint to, uint n, uint kind) {
  const uint lane = gl_LocalInvocationID.x, depth = padded_depth(k);
  const uint bias_at = at + (n + kPanelColumns - 1) / kPanelColumns * kPanelColumns * depth;
  for (uint c0 = 0; c0 < n; c0 += LANES * COLUMNS) {
    float sum[ROWS * COLUMNS];
    [[unroll]] for (uint c = 0; c < COLUMNS; ++c) {
      const uint column = c0 + c * LANES + lane;
      const float start = layer.at[bias_at + min(column, n - 1)];
      [[unroll]] for (uint r = 0; r < ROWS; ++r) sum[r * COLUMNS + c] = column < n ? start : 0;
    }
    const uint matrix = at + c0 / kPanelColumns * kPanelColumns * depth + c0 % kPanelColumns + lane;
    for (uint k0 = 0; k0 < depth; k0 += LANES) {
      float left[ROWS];
      [[unroll]] for (uint r = 0; r < ROWS; ++r)
        left[r] = scratch.at[s.rows + r * s.stride + from + k0 + lane];
      [[unroll]] for (uint i = 0; i < LANES; ++i) {
        float right[COLUMNS];
        [[unroll]] for (uint c = 0; c < COLUMNS; ++c)
          right[c] = layer.at[matrix + (k0 + i) * kPanelColumns + c * LANES];
        [[unroll]] for (uint r = 0; r < ROWS; ++r) {
          const float value = subgroupBroadcast(left[r], i);
          [[unroll]] for (uint c = 0; c < COLUMNS; ++c) sum[r * COLUMNS + c] += value * right[c];
        }
      }
    }
    [[unroll]] for (uint r = 0; r < ROWS; ++r)
      [[unroll]] for (uint c = 0; c < COLUMNS; ++c) {
        const uint column = c0 + c * LANES + lane, target = s.rows + r * s.stride + to + column;
        float value = sum[r * COLUMNS + c];
        if (kind == kActivate) value = activate(value);
        if (column >= n) value = 0;
        if (kind == kAdd) value += scratch.at[target];
        scratch.at[target] = value;
      }
  }
  at = bias_at + n;
  settle();
}

void normalise(LayerScratch s, uint at, uint from, uint to) {
  for (uint r = 0; r < ROWS; ++r) {
    const uint row = s.rows + r * s.stride;
    float sum = 0, squares = 0;
    for (uint c = gl_LocalInvocationID.x; c < p.width; c += LANES) sum += scratch.at[row + from + c];
    const float mean = lanes_add(sum) / p.width;
    for (uint c = gl_LocalInvocationID.x; c < p.width; c += LANES) {
      const float off = scratch.at[row + from + c] - mean;
      squares += off * off;
    }
    const float factor = inverse_root(lanes_add(squares) / p.width + p.eps);
    for (uint c = gl_LocalInvocationID.x; c < padded_depth(p.width); c += LANES) {
      const uint known = min(c, p.width - 1);
      const float value = (scratch.at[row + from + known] - mean) * factor * layer.at[at + known] +
                          layer.at[at + p.width + known];
      scratch.at[row + to + c] = c < p.width ? value : 0;
    }
  }
  settle();
}

// What a part reads: the stream itself, or the stream normalised by the norm at norm_at.
uint part_input(LayerScratch s, uint norm_at) {
  if (kNormBefore) normalise(s, norm_at, s.h, s.normed);
  return kNormBefore ? s.normed : s.h;
}
void end_part(LayerScratch s, uint norm_at) {
  if (!kNormBefore) normalise(s, norm_at, s.h, s.h);
}

SearchParams search() {
  SearchParams s = search_of(p.batch, p.beams, p.steps);
  s.places = p.places;
  s.order = p.order;
  return s;
}

// Row r of the workgroup, in x and y; where none is left the last one again.
uint index_of(uint r) { return min(gl_WorkGroupID.x * ROWS + r, p.places * p.beams - 1); }
uint row_of(uint r) { return row_at(control, search(), index_of(r)); }

// Where key t of a row lies: in the cache in the row its hypothesis then had, or in the sentence's memory.
uint self_at(uint row, uint step, uint t) {
  uint from = row;
  if (p.beams > 1 && t < step)
    from = history.at[history_at(search(), parity_of(search(), step), kOrigins, row) + t];
  return (from * p.steps + t) * p.width;
}
uint cross_at(uint row, uint t) { return (row / p.beams * p.keys + t) * 2 * p.width; }

void keep_keys_and_values(LayerScratch s, uint step) {
  const uint to_values = p.batch * p.beams * p.steps * p.width;
  for (uint r = 0; r < ROWS && gl_WorkGroupID.x * ROWS + r < p.places * p.beams; ++r)
    for (uint c = gl_LocalInvocationID.x; c < p.width; c += LANES) {
      const uint from = s.rows + r * s.stride + s.q + p.width + c;
      const uint to = (row_of(r) * p.steps + step) * p.width + c;
      cache.at[to] = scratch.at[from];
      cache.at[to + to_values] = scratch.at[from + p.width];
    }
  settle();
}

void attend(LayerScratch s, uint step, bool self) {
  const uint lane = gl_LocalInvocationID.x, dim = p.width / p.heads;
  const uint to_values = self ? p.batch * p.beams * p.steps * p.width : p.width;
  for (uint r = 0; r < ROWS; ++r) {
    const uint row = row_of(r), at = s.rows + r * s.stride;
    const uint keys = self ? step + 1 : min(lengths.at[row / p.beams], p.keys);
    // Lanes go through the pairs of head and key; a division would cost more than the steps it saves.
    for (uint head = 0, t = lane; keys > 0; t += LANES) {
      while (t >= keys) t -= keys, ++head;
      if (head >= p.heads) break;
      const uint key = (self ? self_at(row, step, t) : cross_at(row, t)) + head * dim;
      float score = 0;
      for (uint d = 0; d < dim; ++d) {
        float value;
        if (self) value = cache.at[key + d];
        else value = memory.at[key + d];
        score += scratch.at[at + s.q + head * dim + d] * value;
      }
      scratch.at[at + s.scores + head * s.keys + t] = score / sqrt(float(dim));
    }
  }
  settle();
  for (uint i = lane; i < ROWS * p.heads; i += LANES) {
    const uint r = i / p.heads, row = row_of(r);
    const uint at = s.rows + r * s.stride + s.scores + i % p.heads * s.keys;
    const uint keys = self ? step + 1 : min(lengths.at[row / p.beams], p.keys);
    float largest = kHalfLeast, sum = 0;
    for (uint t = 0; t < keys; ++t) largest = max(largest, scratch.at[at + t]);
    for (uint t = 0; t < keys; ++t) {
      const float score = scratch.at[at + t];
      const float weight = is_nan(score) ? score : exp(score - largest);  // drivers differ in exp(NaN)
      scratch.at[at + t] = weight;
      sum += weight;
    }
    for (uint t = 0; t < keys; ++t) scratch.at[at + t] /= sum;
  }
  settle();
  for (uint r = 0; r < ROWS; ++r) {
    const uint row = row_of(r), at = s.rows + r * s.stride;
    const uint keys = self ? step + 1 : min(lengths.at[row / p.beams], p.keys);
    for (uint c = lane; c < padded_depth(p.width); c += LANES) {
      const uint known = min(c, p.width - 1), weights = at + s.scores + known / dim * s.keys;
      float sum = 0;
      for (uint t = 0; t < keys; ++t) {
        const uint key = (self ? self_at(row, step, t) : cross_at(row, t)) + to_values + known;
        float value;
        if (self) value = cache.at[key];
        else value = memory.at[key];
        sum += scratch.at[weights + t] * value;
      }
      scratch.at[at + s.attended + c] = c < p.width ? sum : 0;
    }
  }
  settle();
}

void main() {
  const uint step = control.at[kStepWord], lane = gl_LocalInvocationID.x, w = p.width;
  if (step >= p.steps) return;
  LayerScratch s = scratch_of(p);
  s.rows = gl_WorkGroupID.x * ROWS * s.stride;
  for (uint r = 0; r < ROWS; ++r)
    for (uint c = lane; c < padded_depth(w); c += LANES)
      scratch.at[s.rows + r * s.stride + s.h + c] = c < w ? x.at[index_of(r) * w + c] : 0;
  settle();

  // qkv and out of attention, q and out of cross attention, up and down: the product, which is most of the
  // kernel's code, stands here once.
  uint norm_at = 0, at = 0;
  for (uint i = 0; i < 6; ++i) {
    const bool first = i % 2 == 0;  // of a part
    uint from = i == 5 ? s.hidden : s.attended;
    if (first) {
      norm_at = at;
      at += 2 * w;
      from = part_input(s, norm_at);
    }
    const uint to = !first ? s.h : i == 4 ? s.hidden : s.q;
    product(s, at, from, i == 5 ? p.hidden : w, to, i == 0 ? 3 * w : i == 4 ? p.hidden : w,
            !first ? kAdd : i == 4 ? kActivate : kStore);
    if (i == 0) {
      keep_keys_and_values(s, step);
      attend(s, step, true);
    }
    if (i == 2) attend(s, step, false);
    if (!first) end_part(s, norm_at);
  }

  for (uint r = 0; r < ROWS && gl_WorkGroupID.x * ROWS + r < p.places * p.beams; ++r)
    for (uint c = lane; c < w; c += LANES)
      y.at[index_of(r) * w + c] = scratch.at[s.rows + r * s.stride + s.h + c];
}
