// next_log_probs: y[r] = log_softmax(x[r]) under the rules of the search: what may come next in row r
// One workgroup per row r of the places; lanes stride over the vocabulary, then history. x, y: (rows, vocab)
// Beam search adjusts log-probabilities, and normalises them again only with kRenormalise; with one beam the
// logits are adjusted and normalised afterwards.
// A NaN, a +infinity or nothing but -infinity make a row NaN where no token is given.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/log_weights.glsl"
#include "next_log_probs.h"
#include "common/order.glsl"

layout(constant_id = 1) const bool kRules = false;  // repetition, n-grams, suppressed tokens, least length
layout(constant_id = 2) const bool kRenormalise = false;

layout(push_constant, std430) uniform Push {
  F32 x;
  U32 control;
  U32 history;
  U32 suppressed;
  F32 y;
  NextLogProbsParams p;
};

// Where the tokens given to the row's sentence start.
uint given_at(uint row) { return p.search.given + row / p.search.beams * (1 + p.search.steps); }
// Token t of the row, the one in front of the first step being token 0.
uint token(uint row, uint tokens, uint t) {
  return t == 0 ? control.at[given_at(row)] : history.at[tokens + t - 1];
}

void apply_rules(uint row, uint step, uint start, LogWeights weights) {
  const SearchParams s = p.search;
  const uint tokens = history_at(s, parity_of(s, step), kTokens, row), lane = gl_LocalInvocationID.x;
  const uint lanes = gl_WorkGroupSize.x, count = step + 1;
  settle();
  if (p.repetition != 1)
    for (uint t = lane; t < count; t += lanes) {  // a token that came twice is written twice alike
      const uint c = token(row, tokens, t);
      const float v = log_weight(x.at[start + c], weights);
      y.at[start + c] = v < 0 ? v * p.repetition : v / p.repetition;
    }
  settle();
  if (p.ngram > 0)
    for (uint t = lane; t + p.ngram <= count; t += lanes) {
      bool same = true;
      for (uint i = 0; i + 1 < p.ngram; ++i)
        same = same && token(row, tokens, t + i) == token(row, tokens, count + 1 - p.ngram + i);
      if (same) y.at[start + token(row, tokens, t + p.ngram - 1)] = -infinity();
    }
  for (uint i = lane; i < p.suppressed; i += lanes) {
    const uint last = (i + 1) * p.longest - 1;  // comes when those in front of it have come
    bool same = true;
    for (uint j = 1; j < p.longest && same; ++j) {
      const uint wanted = suppressed.at[last - j];
      if (wanted == kNoToken) break;
      same = j <= count && token(row, tokens, count - j) == wanted;
    }
    if (same) y.at[start + suppressed.at[last]] = -infinity();
  }
  const uint from = p.behind_prompt != 0 ? control.at[s.prompt + row / s.beams] : 0;
  if (step < from + p.min_length && lane == 0) y.at[start + s.eos] = -infinity();
  settle();
}

void main() {
  const SearchParams s = p.search;
  const uint step = control.at[kStepWord], lanes = gl_WorkGroupSize.x;
  if (group_index() >= s.places * s.beams || step >= s.steps) return;
  const uint start = group_index() * p.vocab, lane = gl_LocalInvocationID.x;
  const uint row = row_at(control, s, group_index());

  uint given = control.at[given_at(row) + 1 + step];
  if (given == kNoToken && p.forced_eos != 0 && step + 1 == control.at[s.ends + row / s.beams]) given = s.eos;
  if (given != kNoToken) {
    for (uint c = lane; c < p.vocab; c += lanes) y.at[start + c] = c == given ? 0 : -infinity();
    return;
  }
  const bool first = s.beams > 1 || !kRules;
  LogWeights weights = LogWeights(0, 0);
  if (first) weights = log_weights(x, start, p.vocab);
  for (uint c = lane; c < p.vocab; c += lanes) y.at[start + c] = log_weight(x.at[start + c], weights);
  if (kRules) apply_rules(row, step, start, weights);
  if (!first || (kRules && kRenormalise)) {
    weights = log_weights(y, start, p.vocab);
    for (uint c = lane; c < p.vocab; c += lanes) y.at[start + c] = log_weight(y.at[start + c], weights);
  }
}
