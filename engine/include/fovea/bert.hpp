// BERT (Devlin et al. 2019) from Hugging Face directories: an encoder of texts, as transformers' BertModel.
#pragma once

#include <memory>
#include <string>

#include "fovea/files.hpp"
#include "fovea/nn.hpp"

namespace fovea FOVEA_API {

struct BertConfig {
  int64_t vocab = 30522, positions = 512, types = 2;           // positions: tokens of a text at most
  int64_t width = 768, depth = 12, heads = 12, hidden = 3072;  // hidden: of the feed-forward network
  Activation activation = Activation::gelu;
  float eps = 1e-12f;
  bool pooler = true;
};

// What a forward pass gives, as handles of its graph.
struct BertTensors {
  Tensor hidden;  // (batch, tokens, width): after the last layer
  Tensor pooled;  // (batch, width): tanh of a product with the first token; absent without a pooler
};

// Writes config.json and model.safetensors of a model that has learnt nothing yet: where a training starts.
void write_fresh_bert(const std::string& directory, const BertConfig& config, uint64_t seed);

class Bert {
 public:
  // config.json and model.safetensors of model_type bert, of a BertModel or a model around one; see Error for
  // what does not fit.
  Bert(Device& device, const ModelFiles& files, Use use = Use::inference, const LoadOptions& load = {});
  ~Bert();
  Bert(Bert&&) noexcept;

  const BertConfig& config() const;

  // Adds the forward pass to a graph. ids, types: (batch, tokens) u32, absent types are 0; lengths: (batch)
  // u32, tokens behind them are not seen. dropout: of the embeddings and of what each block adds.
  BertTensors operator()(Tensor ids, Tensor lengths, Tensor types = {}, const Dropout& dropout = {}) const;

  // Of a model for training: embeddings, encoder.layer.N and pooler.
  Parameters parameters();
  // config.json and model.safetensors of a BertModel, which this class and transformers load.
  void save(const std::string& directory, Storage storage = Storage::f32);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fovea
