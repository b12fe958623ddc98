// Layers of any model from its tensors. A layer called `name` takes the tensors that its parameters() name
// so, and its sizes from their rows in the table.
#pragma once

#include <string>

#include "fovea/rnn.hpp"
#include "fovea/stacks.hpp"
#include "models/tensor_table.h"

namespace fovea {

// A size in a model's config.json.
struct Setting {
  std::string key;
  int64_t value = 0;
};
// Error, which begins with `where`: heads that attention cannot have.
void check_heads(const std::string& where, const Setting& width, const Setting& heads);

// What layers are made with.
struct LayerSource {
  Device& device;
  const TensorSource& tensors;
  Use use = Use::inference;
  float eps = 1e-5f;                 // of normalisations
  const State* distances = nullptr;  // of relative positions, the model's
};

// In the extents given, which are a Shape only if the file's tensor fits the table; by default its parts'.
State make_state(const LayerSource& from, const std::string& name, const std::vector<int64_t>& extents = {});
Linear make_linear(const LayerSource& from, const std::string& name);
LayerNorm make_norm(const LayerSource& from, const std::string& name);
SelfAttention make_self_attention(const LayerSource& from, const std::string& name, int64_t heads);
FeedForward make_feed_forward(const LayerSource& from, const std::string& name, Activation activation);
// By PyTorch's names, in the network as in the file.
Rnn make_rnn(const LayerSource& from, const std::string& name, const RnnConfig& config);
// The rows of its tensors. matrices: how they begin, uniform within 1 / sqrt(width) or glorot.
void add_rnn(TensorTable& table, const std::string& name, const RnnConfig& config,
             Beginning::Kind matrices = Beginning::Kind::uniform);

struct LayerForm {
  int64_t heads = 0;
  Activation activation = Activation::gelu;
  NormPlace place = NormPlace::before;
  bool cross = false;  // a decoder's, of a model with an encoder
};
EncoderLayer make_encoder_layer(const LayerSource& from, const std::string& name, const LayerForm& form);
// name.0 to name.(depth - 1)
std::vector<EncoderLayer> make_encoder_layers(const LayerSource& from, const std::string& name, int64_t depth,
                                              const LayerForm& form);
DecoderLayer make_decoder_layer(const LayerSource& from, const std::string& name, const LayerForm& form);
std::vector<DecoderLayer> make_decoder_layers(const LayerSource& from, const std::string& name, int64_t depth,
                                              const LayerForm& form);

}  // namespace fovea
