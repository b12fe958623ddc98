// Layers of an encoder-decoder Transformer from their weights.
#pragma once

#include <optional>

#include "models/seq2seq/weights.h"

namespace fovea {

struct LayerMaking {
  const State* distances = nullptr;  // of relative positions, the model's
  Use use = Use::inference;
};

Linear make_linear(Device& device, const LinearWeights& w, Use use = Use::inference);
LayerNorm make_norm(Device& device, const NormWeights& w, float eps);
std::optional<LayerNorm> make_norm_if(Device& device, const std::optional<NormWeights>& w, float eps);
EncoderLayer make_encoder_layer(Device& device, const LayerWeights& w, const Seq2SeqConfig& config,
                                const LayerMaking& how);
DecoderLayer make_decoder_layer(Device& device, const LayerWeights& w, const Seq2SeqConfig& config,
                                const LayerMaking& how);

}  // namespace fovea
