// sample_step: appends one token to each row, the likeliest or one drawn from the likeliest candidates
// One lane per place. values, indices: (rows, candidates) in falling order; without candidates values are
// (rows, vocab) log-probabilities and indices (rows) the best. Drawn: weights exp(value / temperature), cut
// where they reach top_p of their sum (nucleus sampling, Holtzman et al. 2020), by a counter-based generator.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "sample_step.h"
#include "common/order.glsl"

layout(push_constant, std430) uniform Push {
  F32 values;
  U32 indices;
  U32 history;
  U32 control;
  SampleStepParams p;
};

// PCG hash (Jarzynski and Olano 2020, table 1).
uint hash(uint v) {
  const uint state = v * 747796405u + 2891336453u;
  const uint word = ((state >> ((state >> 28) + 4)) ^ state) * 277803737u;
  return (word >> 22) ^ word;
}

uint draw(uint place, uint row, uint step) {
  const uint start = place * p.candidates;
  const float largest = values.at[start];
  float sum = 0;
  for (uint i = 0; i < p.candidates; ++i) sum += exp((values.at[start + i] - largest) / p.temperature);
  float kept = 0;
  uint count = 0;
  while (count < p.candidates && (count == 0 || kept < p.top_p * sum))
    kept += exp((values.at[start + count++] - largest) / p.temperature);
  float left = float(hash(control.at[p.search.seeds + row] ^ hash(step)) >> 8) * (1.0 / 16777216) * kept;
  uint i = 0;
  while (i + 1 < count) {
    left -= exp((values.at[start + i] - largest) / p.temperature);
    if (left < 0) break;
    ++i;
  }
  return i;
}

void main() {
  const SearchParams s = p.search;
  const uint place = group_index() * gl_WorkGroupSize.x + gl_LocalInvocationID.x;
  const uint step = control.at[kStepWord];
  if (place >= s.places) return;
  const uint row = sentence_at(control, s, place);
  if (step >= min(control.at[s.ends + row], s.steps)) return;
  uint id;
  float log_prob;
  if (p.candidates == 0) {
    id = indices.at[place];
    log_prob = values.at[place * p.vocab + id];
  } else {
    const uint at = place * p.candidates + (step < control.at[s.prompt + row] ? 0 : draw(place, row, step));
    id = indices.at[at];
    log_prob = values.at[at];
  }
  history.at[history_at(s, 0, kTokens, row) + step] = id;
  history.at[history_at(s, 0, kOrigins, row) + step] = row;
  history.at[history_at(s, 0, kLogProbs, row) + step] = floatBitsToUint(log_prob);
  const float score = uintBitsToFloat(control.at[s.scores + row]) + log_prob;
  control.at[s.scores + row] = floatBitsToUint(score);
  const bool end = id == s.eos && step >= control.at[s.prompt + row];  // in a prompt: a token like others
  if (end || step + 1 == control.at[s.ends + row]) {
    control.at[s.ends + row] = step + 1;
    control.at[s.pool_scores + row] = floatBitsToUint(score);
    control.at[s.pool_lengths + row] = step + 1;
  }
}
