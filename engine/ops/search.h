// The ops of one decoding step, for nn/ and models/: a search keeps its hypotheses in two States and every
// step updates them in place, so that a recorded plan is replayed step after step.
#pragma once

#include "fovea/device.hpp"
#include "fovea/ops.hpp"
#include "shaders/search.h"

namespace fovea {

constexpr uint32_t kNoToken = UINT32_MAX;

// Sentences decoded together. rows = batch * beams; see shaders/search.h for what lies where.
struct Search {
  Search(Device& device, int64_t batch, int64_t beams, int64_t length, uint32_t eos);

  int64_t rows() const { return int64_t(params.batch) * params.beams; }
  // What control holds before the first step: every row reads `start`, only the first beam counts, any token
  // may come.
  std::vector<uint32_t> initial(uint32_t start) const;

  SearchParams params;
  State control, history;
};

struct AttentionStep {
  Tensor out;      // (rows, width)
  Tensor weights;  // (rows, heads, keys)
};
// qkv: (rows, 3 width); cache: (2, rows, steps, width), to which this step's K and V are added.
// relative: (2, 2 reach + 1, head_dim), what distances add to keys and to values.
AttentionStep attention_step(Tensor qkv, const Search& search, State& cache, int64_t heads,
                             const State* relative = nullptr);
// q: (rows, width); memory: (batch, keys, 2 width) of K and V; lengths: (batch).
AttentionStep attention_step(Tensor q, const Search& search, Tensor memory, Tensor lengths, int64_t heads);

// A decoder layer of a narrow model in one dispatch, on CPU drivers.
struct DecoderLayerState {
  State weights;  // (n), in the order of shaders/decoder_layer_step.comp
  int64_t heads, hidden;
  Activation activation;
  bool norm_before;
  float eps;
};
bool has_decoder_layer_step(const Limits& limits, int64_t width, int64_t hidden);
// x: (rows, width) -> (rows, width); cache, memory and lengths as for attention_step.
Tensor decoder_layer_step(Tensor x, const Search& search, const DecoderLayerState& layer, State& cache,
                          Tensor memory, Tensor lengths);

// Rules on what may come next.
struct NextRules {
  uint32_t start = 0;  // what rows read before the first step
  int64_t min_length = 0;
  int64_t ngram = 0;
  float repetition = 1;
  bool forced_eos = false;
  bool renormalise = false;  // also with several beams
  const State* suppressed =
      nullptr;  // (n) u32 tokens, or (n, longest) sequences behind kNoToken, that never come
};
Tensor next_log_probs(Tensor logits, const Search& search, const NextRules& rules);  // (rows, vocab)

struct Sampling {
  float temperature = 1, top_p = 1;
  int64_t top_k = 1;  // 1: the likeliest
};
// Both append a token to every row, advance the step and give how many sentences are unfinished: (1) u32.
Tensor sample_step(Tensor log_probs, Search& search, const Sampling& sampling);

struct BeamRules {
  float length_penalty = 1;
  bool stop_early = false, patient = false;
};
Tensor beam_step(Tensor log_probs, Search& search, const BeamRules& rules);

// record[r, step] = x[r] for x (rows, n) and record (rows, steps, n), in place.
Tensor record_step(Tensor x, const Search& search, State& record);

}  // namespace fovea
