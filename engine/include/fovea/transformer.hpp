// Encoder-decoder Transformer (Vaswani et al. 2017) for training. By default in the form of transformers'
// MarianMTModel: normalisation after each block, sinusoidal positions, one vocabulary and one table of
// embeddings for source, target and output; what it saves is loaded by Translator, and by transformers. Other
// forms, such as that of Zhang et al., Dive into Deep Learning, section 11.7, are settings; Translator loads
// them too.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fovea/files.hpp"
#include "fovea/stacks.hpp"

namespace fovea FOVEA_API {

struct TransformerConfig {
  int64_t vocab = 0;
  int64_t width = 256, heads = 4, hidden = 1024;  // hidden: of the feed-forward network
  int64_t encoder_layers = 3, decoder_layers = 3;
  int64_t positions = 256;  // tokens of a source or target at most
  Activation activation = Activation::relu;
  uint32_t eos = 0, pad = 2;  // pad is also what the decoder reads first
  int64_t beams = 4;          // that a translation takes unless it is told otherwise

  // Of the target, which then has a table of its own, as have source and output; 0: it shares the source's.
  int64_t target_vocab = 0;
  std::optional<uint32_t> start = {};    // what the decoder reads first; absent: pad
  NormPlace place = NormPlace::after;    // before: each side ends with a normalisation
  bool attention_bias = true;            // of the projections of attention
  bool additive = false;                 // attention compares by w . tanh(q + k) (Bahdanau et al. 2015)
  bool interleaved_positions = false;    // sines and cosines in turn
  bool learned_positions = false;        // in place of sinusoids; needs a target_vocab
  std::vector<int64_t> kept_heads = {};  // of each attention, in the order of a head mask; empty: all
};

// How Transformer::forward is called.
struct TransformerOptions {
  Dropout dropout = {};         // of embeddings, and of what each block adds
  Dropout weight_dropout = {};  // of attention weights
  // (encoder_layers + 2 decoder_layers, heads): factors of what heads give, of the encoder's layers, then of
  // each decoder layer's attention to its own tokens and to the source.
  Tensor head_mask = {};
  bool weights = false;  // also gives attention weights
};

// Writes config.json, generation_config.json and model.safetensors of a model that has learnt nothing yet.
void write_fresh_transformer(const std::string& directory, const TransformerConfig& config, uint64_t seed);

class Transformer {
 public:
  // Files of write_fresh_transformer(), save(), or transformers with one shared vocabulary.
  Transformer(Device& device, const ModelFiles& files, const LoadOptions& load = {});
  ~Transformer();
  Transformer(Transformer&&) noexcept;

  const TransformerConfig& config() const;

  // What the decoder says after each of its inputs. source: (rows, source_length) u32, lengths: (rows) u32,
  // inputs: (rows, target_length) u32, pad first -> logits (rows, target_length, vocab)
  Tensor operator()(Tensor source, Tensor lengths, Tensor inputs, const Dropout& dropout = {}) const;

  struct Result {
    Tensor logits;  // (rows, target_length, target vocabulary)
    // When asked for, of each layer: (rows, heads, queries, keys) of the encoder's, the decoder's to its own
    // tokens, and the decoder's to the source.
    std::vector<Tensor> encoder, decoder, cross;
  };
  Result forward(Tensor source, Tensor lengths, Tensor inputs, const TransformerOptions& options) const;

  // Named as in the file but for products that are one: attention.qkv and cross.kv.
  Parameters parameters();
  void save(const std::string& directory, Storage storage = Storage::f32);
  // Without some of its heads. kept: as a head mask, 1 for those that stay and 0 for the others; each
  // attention keeps one at least. Not of a model that was pruned before.
  void save_pruned(const std::string& directory, const std::vector<uint32_t>& kept);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fovea
