// beam_step: extends each sentence's hypotheses by their likeliest tokens and collects those that end
// One workgroup per place. Of all beams * candidates continuations the best 2 beams are ranked: the first
// `beams` that do not end go on, those that end within the first `beams` ranks join the pool of finished
// ones, scored by sum / length^penalty (Wu et al. 2016, with the plain power that transformers uses).
// values, indices: (rows, candidates).
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/reduce.glsl"
#include "beam_step.h"
#include "common/order.glsl"

layout(push_constant, std430) uniform Push {
  F32 values;
  U32 indices;
  U32 history;
  U32 control;
  BeamStepParams p;
};

// Where a continuation starts in values and indices, and its sum.
struct Candidate {
  uint at;
  float score;
};

// Where a sentence's rows lie in control and history, and its continuations in values and indices.
struct Sentence {
  uint index, first, start;
};

float score_at(Sentence of, uint i) {
  const uint row = of.first + i / p.candidates;
  return uintBitsToFloat(control.at[p.search.scores + row]) + values.at[of.start + i];
}

// The best continuation behind `last` in the order of (score falling, place rising).
Candidate next_best(Sentence of, Candidate last, bool is_first) {
  uint best = 0, at = 0xffffffffu;
  const uint last_key = order_key(last.score), count = p.search.beams * p.candidates;
  for (uint i = gl_LocalInvocationID.x; i < count; i += gl_WorkGroupSize.x) {
    const uint key = order_key(score_at(of, i));
    const bool later = is_first || key < last_key || (key == last_key && i > last.at);
    if (later && key > best) {
      best = key;
      at = i;
    }
  }
  const uint largest = lanes_max(best);
  at = lanes_min(best == largest ? at : 0xffffffffu);
  return Candidate(at, value_of_key(largest));
}

// Copies a row's history up to this step and appends the continuation.
void extend(uint from, uint to_parity, uint to, Candidate chosen, Sentence of) {
  const SearchParams s = p.search;
  const uint step = control.at[kStepWord], parity = parity_of(s, step);
  for (uint kind = 0; kind < kKinds; ++kind) {
    const uint a = history_at(s, parity, kind, from), b = history_at(s, to_parity, kind, to);
    for (uint t = gl_LocalInvocationID.x; t < step; t += gl_WorkGroupSize.x)
      history.at[b + t] = history.at[a + t];
  }
  if (gl_LocalInvocationID.x != 0) return;
  history.at[history_at(s, to_parity, kTokens, to) + step] = indices.at[of.start + chosen.at];
  history.at[history_at(s, to_parity, kOrigins, to) + step] = from;
  const uint log_prob = floatBitsToUint(values.at[of.start + chosen.at]);
  history.at[history_at(s, to_parity, kLogProbs, to) + step] = log_prob;
}

// The pool's worst place: the first free one, else the one of least score.
uint worst_slot(uint first, out float score, out bool full) {
  uint slot = first;
  score = infinity();
  full = true;
  for (uint i = first; i < first + p.search.beams; ++i) {
    const bool used = control.at[p.search.pool_lengths + i] != 0;
    const float held = used ? uintBitsToFloat(control.at[p.search.pool_scores + i]) : kNever;
    full = full && used;
    if (held < score) {
      score = held;
      slot = i;
    }
  }
  return slot;
}

float normalised(float score, uint length) { return score / pow(float(length), p.length_penalty); }

void finish(Sentence of, Candidate chosen) {
  const SearchParams s = p.search;
  const uint step = control.at[kStepWord];
  const float score = normalised(chosen.score, step + 1 - min(control.at[s.prompt + of.index], step));
  float worst;
  bool full;
  const uint slot = worst_slot(of.first, worst, full);
  settle();  // all lanes have seen the pool
  if (score <= worst) return;
  extend(of.first + chosen.at / p.candidates, kFinished, slot, chosen, of);
  if (gl_LocalInvocationID.x == 0) {
    control.at[s.pool_scores + slot] = floatBitsToUint(score);
    control.at[s.pool_lengths + slot] = step + 1;
  }
  settle();
}

void main() {
  const SearchParams s = p.search;
  const uint place = group_index(), step = control.at[kStepWord];
  if (place >= s.places) return;
  const uint sentence = sentence_at(control, s, place), first = sentence * s.beams;
  if (step >= min(control.at[s.ends + sentence], s.steps)) return;
  const uint most = control.at[s.ends + sentence];
  const bool last_step = step + 1 == most, in_prompt = step < control.at[s.prompt + sentence];
  const uint next_parity = 1 - parity_of(s, step);
  const Sentence of = Sentence(sentence, first, place * s.beams * p.candidates);

  Candidate chosen = Candidate(0, 0);
  uint going = 0;
  float best_going = kNever;
  // New scores wait in the second half of scores: the first is still read while ranking.
  for (uint rank = 0; rank < 2 * s.beams; ++rank) {
    chosen = next_best(of, chosen, rank == 0);
    const bool ends = last_step || (indices.at[of.start + chosen.at] == s.eos && !in_prompt);
    if (ends && rank < s.beams) finish(of, chosen);
    if (ends || going == s.beams) continue;
    if (going == 0) best_going = chosen.score;
    extend(first + chosen.at / p.candidates, next_parity, first + going, chosen, of);
    if (gl_LocalInvocationID.x == 0)
      control.at[s.scores + s.batch * s.beams + first + going] = floatBitsToUint(chosen.score);
    ++going;
  }
  settle();
  for (uint i = first + gl_LocalInvocationID.x; i < first + s.beams; i += gl_WorkGroupSize.x)
    control.at[s.scores + i] = control.at[s.scores + s.batch * s.beams + i];

  float worst;
  bool full;
  worst_slot(first, worst, full);
  const uint shown = p.patient != 0 && p.length_penalty > 0 ? most : step + 1;
  const uint length = max(shown - min(control.at[s.prompt + sentence], shown - 1), 1);
  const bool may_improve = normalised(best_going, length) > worst;
  const bool ended = last_step || (p.stop_early != 0 ? full : full && !may_improve);
  if (ended && gl_LocalInvocationID.x == 0) control.at[s.ends + sentence] = step + 1;
}
