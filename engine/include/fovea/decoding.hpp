// How a decoder's targets are searched, and what that took.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "fovea/version.h"

namespace fovea FOVEA_API {

// How targets are searched. One beam is greedy, or sampling when top_k is not 1.
struct Decoding {
  int64_t beams = 1;
  int64_t n_best = 1;  // outputs of a sentence: at most `beams`, any number when sampling
  // Lengths count the tokens of a translation's prefix, not those of a prompt that a model goes on with.
  int64_t min_length = 0;    // tokens before the end of a sentence may come
  int64_t max_length = 256;  // tokens, the end counted; longer outputs are cut
  // Tokens of a source; longer ones are cut, as are those beyond the model's limit.
  int64_t max_source = 1024;
  float length_penalty = 1;  // hypotheses are ranked by sum of log-probabilities / length^penalty
  bool stop_early = false;   // end with `beams` hypotheses, not when none can become better
  bool patient = false;      // judge "can become better" at max_length
  float repetition = 1;      // penalty of tokens that came before (Keskar et al. 2019, section 4.1)
  int64_t ngram = 0;         // no n-gram of this size comes twice; 0: they may
  std::vector<std::vector<uint32_t>> suppressed = {};  // sequences of ids that never come
  std::optional<uint32_t> first = {};                  // the first token, by its id
  bool renormalise = false;  // beams too add up log-probabilities that sum to 1 after the rules below
  bool forced_end = false;   // the last of max_length tokens is the end of the sentence
  float temperature = 1;     // of sampling
  int64_t top_k = 1;         // candidates to sample from; 0: all
  float top_p = 1;           // of them the likeliest with this much probability
  uint32_t seed = 0;

  bool operator==(const Decoding&) const = default;
};

struct DecodeStatistics {
  uint64_t sentences = 0, tokens = 0, steps = 0, submits = 0, waits = 0;
  uint64_t cache_bytes = 0;  // of keys and values, the largest so far
};

}  // namespace fovea
