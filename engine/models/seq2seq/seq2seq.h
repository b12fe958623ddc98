// Encoder-decoder Transformer on token ids: what Translator stands on.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "fovea/plan.hpp"
#include "models/seq2seq/weights.h"

namespace fovea {

// What is asked of a batch of sentences, by token ids.
struct DecodeRequest {
  std::vector<std::vector<uint32_t>> sources;   // each of at least 1 token, the ends of the sentence included
  std::vector<std::vector<uint32_t>> prefixes;  // of the targets; empty or one for each source
  std::vector<uint32_t> seeds;                  // of sampling; one for each source
  Decoding decoding;
  bool attention = false;
  int64_t layer = -1, head = -1;
};
struct DecodedTarget {
  std::vector<uint32_t> tokens;  // with the end, if it came
  std::vector<float> log_probs;  // of each
  double score = 0;
  std::vector<std::vector<float>> attention;  // (tokens, source tokens)
};

class Seq2Seq {
 public:
  Seq2Seq(Device& device, Seq2SeqWeights weights);
  ~Seq2Seq();

  const Seq2SeqConfig& config() const;
  const TranslatorStatistics& statistics() const;

  // Forward pass over whole targets, for tests and scores. sources (batch, keys) and targets (batch, tokens)
  // u32, lengths (batch) of the sources.
  struct Forward {
    Tensor encoded;             // (batch, keys, width)
    Tensor logits;              // (batch, tokens, target vocabulary)
    std::vector<Tensor> cross;  // of every layer (batch, heads, tokens, keys), when asked for
  };
  Forward forward(Tensor sources, Tensor lengths, Tensor targets, bool weights) const;

  // The best targets of each source, best first.
  std::vector<std::vector<DecodedTarget>> decode(const DecodeRequest& request,
                                                 const std::function<bool(uint32_t)>& on_token = {});
  // log p of each target's tokens; targets without the start token, with the end where it counts.
  std::vector<std::vector<float>> score(const std::vector<std::vector<uint32_t>>& sources,
                                        const std::vector<std::vector<uint32_t>>& targets);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fovea
