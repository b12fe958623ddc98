// Encoder-decoder Transformer (Vaswani et al. 2017) for training, in the form of transformers' MarianMTModel:
// normalisation after each block, sinusoidal positions, one vocabulary and one table of embeddings for
// source, target and output. What it saves is loaded by Translator, and by transformers.
#pragma once

#include <memory>
#include <string>

#include "fovea/nn.hpp"

namespace fovea {

struct TransformerConfig {
  int64_t vocab = 0;
  int64_t width = 256, heads = 4, hidden = 1024;  // hidden: of the feed-forward network
  int64_t encoder_layers = 3, decoder_layers = 3;
  int64_t positions = 256;  // tokens of a source or target at most
  Activation activation = Activation::relu;
  uint32_t eos = 0, pad = 2;  // pad is also what the decoder reads first
  int64_t beams = 4;          // that a translation takes unless it is told otherwise
};

// Writes config.json, generation_config.json and model.safetensors of a model that has learnt nothing yet.
void write_fresh_transformer(const std::string& directory, const TransformerConfig& config, uint64_t seed);

class Transformer {
 public:
  // A directory of write_fresh_transformer(), save(), or transformers with one shared vocabulary.
  Transformer(Device& device, const std::string& directory);
  ~Transformer();
  Transformer(Transformer&&) noexcept;

  const TransformerConfig& config() const;

  // What the decoder says after each of its inputs. source: (rows, source_length) u32, lengths: (rows) u32,
  // inputs: (rows, target_length) u32, pad first -> logits (rows, target_length, vocab)
  Tensor operator()(Tensor source, Tensor lengths, Tensor inputs, const Dropout& dropout = {}) const;

  // Named as in the file but for products that are one: attention.qkv and cross.kv.
  Parameters parameters();
  void save(const std::string& directory, Storage storage = Storage::f32);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fovea
