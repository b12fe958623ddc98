// The layers of an encoder-decoder Transformer on a device, and the graphs they make: for training and for
// inference.
#pragma once

#include <optional>
#include <vector>

#include "decode/decoder.h"
#include "models/layers.h"
#include "models/seq2seq/file.h"

namespace fovea {

class Seq2SeqNetwork : public Decoder {
 public:
  Seq2SeqNetwork(const LayerSource& from, const Seq2SeqConfig& config);

  Seq2SeqNetwork(const Seq2SeqNetwork&) = delete;  // layers point at distances_

  const Seq2SeqConfig& config() const { return config_; }
  // (batch, keys) u32 -> out (batch, keys, width); options: as of an encoder's layers
  Encoder::Result encode(Tensor ids, const LayerOptions& options) const;

  struct Decoded {
    Tensor logits;              // (batch, tokens, vocab)
    std::vector<Tensor> cross;  // when asked for, of each layer (batch, heads, tokens, keys)
    std::vector<Tensor> own;    // and (batch, heads, tokens, tokens) of the attention to its own tokens
  };
  // Whole targets: ids (batch, tokens) u32. options: of the attention to the source.
  Decoded decode(Tensor ids, Tensor encoded, const LayerOptions& options) const;

  // Of a network for training: what changes, then what its file holds beside that.
  Parameters parameters();
  Parameters tensors();

  DecoderFacts facts() const override;
  DecoderMemory memory(Device& device, const StepState& search, int64_t keys) const override;
  void begin(Tensor ids, Tensor lengths, const StepState& search, DecoderMemory& memory) const override;
  Next step(Graph& graph, const StepState& search, DecoderMemory& memory, int64_t weights_of) const override;

 private:
  Tensor logits(Tensor x) const;

  Seq2SeqConfig config_;
  std::optional<State> distances_;  // of relative positions
  Embedding encoder_embedding_, decoder_embedding_;
  Encoder encoder_;
  DecoderStack decoder_;
  std::optional<Linear> projection_;  // absent: the table of tokens, and bias_
  std::optional<State> bias_;         // (vocab), fixed
};

// Every part of the network that the file holds.
Seq2SeqNetwork load_network(Device& device, const Seq2SeqFile& file, Use use, const LoadOptions& load = {});

}  // namespace fovea
