// The layers of an encoder-decoder Transformer on a device, and the graphs they make.
#pragma once

#include <optional>
#include <vector>

#include "models/seq2seq/weights.h"
#include "decode/search.h"
#include "ops/decoder_layer_step.h"

namespace fovea {

class Seq2SeqNetwork {
 public:
  Seq2SeqNetwork(Device& device, Seq2SeqWeights weights);

  Seq2SeqNetwork(const Seq2SeqNetwork&) = delete;  // layers point at distances_

  const Seq2SeqConfig& config() const { return config_; }
  int64_t depth() const { return int64_t(decoder_layers_.size()); }

  Tensor encode(Tensor ids, Tensor lengths) const;  // (batch, keys) u32 -> (batch, keys, width)
  Tensor memory(Tensor encoded,
                int64_t layer) const;  // -> (batch, keys, 2 width): K and V of a decoder layer

  struct Decoded {
    Tensor logits;              // (batch, tokens, vocab) or (rows, vocab)
    std::vector<Tensor> cross;  // weights of the layers asked for
  };
  // Whole targets: ids (batch, tokens) u32.
  Decoded decode(Tensor ids, Tensor encoded, Tensor lengths, bool weights) const;
  // One token a row: what search says comes next. weights_of: the layer whose weights are wanted, or -1.
  Decoded step(Graph& graph, Search& search, std::vector<State>& caches, const std::vector<State>& memories,
               Tensor lengths, int64_t weights_of) const;

 private:
  struct Embeddings {
    State table;      // (vocab, width)
    State positions;  // (positions, width)
    std::optional<LayerNorm> norm;
  };
  static Embeddings load_embeddings(Device& device, const StackWeights& weights, int64_t vocab, int64_t width,
                                    float eps);
  Tensor embed(const Embeddings& embeddings, Tensor ids, Tensor positions) const;
  const State* distances() const { return distances_ ? &*distances_ : nullptr; }

  Seq2SeqConfig config_;
  std::optional<State> distances_;  // of relative positions
  Embeddings encoder_embeddings_, decoder_embeddings_;
  std::vector<EncoderLayer> encoder_layers_;
  std::vector<DecoderLayer> decoder_layers_;
  std::vector<DecoderLayerState>
      fused_;  // the same layers for decoder_layer_step; empty where it does not pay
  std::optional<LayerNorm> encoder_last_, decoder_last_;
  Linear projection_;
};

}  // namespace fovea
