// The layers of a recurrent encoder-decoder on a device, and the graphs they make: for training and for
// inference.
#pragma once

#include <memory>

#include "decode/decoder.h"
#include "fovea/bahdanau.hpp"
#include "fovea/scores.hpp"
#include "models/layers.h"

namespace fovea {

TensorTable bahdanau_table(const BahdanauConfig& config);

class BahdanauNetwork : public Decoder {
 public:
  BahdanauNetwork(const LayerSource& from, const BahdanauConfig& config);

  const BahdanauConfig& config() const { return config_; }
  Bahdanau::Encoded encode(Tensor ids, Tensor lengths, const Dropout& dropout) const;
  Bahdanau::Result decode(const Bahdanau::Encoded& encoded, Tensor lengths, Tensor inputs,
                          const Bahdanau::Options& options) const;
  Parameters parameters();

  DecoderFacts facts() const override;
  DecoderMemory memory(Device& device, const StepState& search, int64_t keys) const override;
  void begin(Tensor ids, Tensor lengths, const StepState& search, DecoderMemory& memory) const override;
  Next step(Graph& graph, const StepState& search, DecoderMemory& memory, int64_t weights_of) const override;

 private:
  BahdanauConfig config_;
  Use use_;
  State source_, target_;  // (vocab, embedding)
  Rnn encoder_, decoder_;
  std::unique_ptr<Score> score_;
  Linear out_;  // width -> target_vocab
};

}  // namespace fovea
