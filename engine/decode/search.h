// A search for targets, and the ops of its steps.
#pragma once

#include "fovea/device.hpp"
#include "fovea/ops.hpp"
#include "ops/step_state.h"

namespace fovea {

// Sentences decoded together; see shaders/search.h for what lies where.
struct Search : StepState {
  // ordered: sentences change places when others are done, so that steps may take fewer.
  Search(Device& device, int64_t batch, int64_t beams, int64_t length, uint32_t eos, bool ordered = false);
  // The same search, of whose places a step takes the first ones.
  Search(const Search& of, int64_t places);

  // What control holds before the first step: every row reads `start`, only the first beam counts, any token
  // may come, no sentence has a prompt and each may take all steps.
  std::vector<uint32_t> initial(uint32_t start) const;

 private:
  Search(Device& device, const SearchParams& params);
};

// What a step reads.
struct StepTokens {
  Tensor tokens;  // (rows) u32
  Tensor place;   // (1) u32, of all of them in their sequences
};
StepTokens step_tokens(Graph& graph, const StepState& search);

// Rules on what may come next.
struct NextRules {
  int64_t min_length = 0;
  bool behind_prompt = false;  // min_length begins behind the prompt
  int64_t ngram = 0;
  float repetition = 1;
  bool forced_eos = false;
  bool renormalise = false;  // also with several beams
  // (n) u32 tokens, or (n, longest) sequences behind kNoToken, that never come.
  const State* suppressed = nullptr;
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

// y[r] = x[o] for x (rows, n), o the row in which the hypothesis of row r was one step ago, r at the first
// step: what a step hands to the next follows its beam.
Tensor origin_rows(Tensor x, const StepState& search);

// record[r, step] = x[r] for x (rows, n) and record (rows, steps, n), in place.
Tensor record_step(Tensor x, const Search& search, State& record);

}  // namespace fovea
