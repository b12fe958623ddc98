// Encoder-decoder Transformer on token ids: what Translator stands on.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "decode/sessions.h"
#include "models/seq2seq/file.h"

namespace fovea {

class Seq2Seq {
 public:
  Seq2Seq(Device& device, const Seq2SeqFile& file, const LoadOptions& load = {});
  ~Seq2Seq();

  const Seq2SeqConfig& config() const;
  const DecodeStatistics& statistics() const;
  void trim();  // as Translator

  // Forward pass over whole targets, for tests and scores. sources (batch, keys) and targets (batch, tokens)
  // u32, lengths (batch) of the sources.
  struct Forward {
    Tensor encoded;               // (batch, keys, width)
    Tensor logits;                // (batch, tokens, target vocabulary)
    std::vector<Tensor> cross;    // of every layer (batch, heads, tokens, keys), when asked for
    std::vector<Tensor> encoder;  // and (batch, heads, keys, keys) of the encoder's
    std::vector<Tensor> own;      // and (batch, heads, tokens, tokens) of the decoder's to its own tokens
  };
  Forward forward(Tensor sources, Tensor lengths, Tensor targets, bool weights) const;

  // See DecodeSessions.
  std::vector<std::vector<DecodedTarget>> decode(const DecodeRequest& request,
                                                 const std::function<bool(uint32_t)>& on_token = {});
  std::unique_ptr<DecodeJob> start(const DecodeRequest& request);  // the same in slices
  // While a target is read: source and target as of score(), the end included; see TranslationAttention.
  struct Weights {
    int64_t encoder_heads = 0, decoder_heads = 0;
    std::vector<float> encoder, own, cross;  // (layers, heads, queries, keys)
  };
  Weights weights(const std::vector<uint32_t>& source, const std::vector<uint32_t>& target) const;
  // log p of each target's tokens; targets without the start token, with the end where it counts.
  std::vector<std::vector<float>> score(const std::vector<std::vector<uint32_t>>& sources,
                                        const std::vector<std::vector<uint32_t>>& targets);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fovea
