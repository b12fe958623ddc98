#include "fovea/bert.hpp"

#include <nlohmann/json.hpp>

#include "core/check.h"
#include "fovea/stacks.hpp"
#include "io/config.h"
#include "io/json.h"
#include "io/safetensors.h"
#include "models/layers.h"
#include "models/load.h"

namespace fovea {
namespace {

namespace fs = std::filesystem;

// prefix: of the names in the file, "bert." where the model is a part of another, or nothing.
TensorTable bert_table(const BertConfig& c, const std::string& prefix) {
  constexpr Beginning kStart{Beginning::Kind::normal, 0.02};  // as BERT's initializer_range
  const std::string embeddings = prefix + "embeddings.";
  TensorTable table;
  table.add({"embeddings.weight", embeddings + "word_embeddings.weight", {c.vocab, c.width}, kStart});
  table.add(
      {"embeddings.positions", embeddings + "position_embeddings.weight", {c.positions, c.width}, kStart});
  table.add({"embeddings.types", embeddings + "token_type_embeddings.weight", {c.types, c.width}, kStart});
  table.norm("embeddings.norm", embeddings + "LayerNorm", c.width);
  for (int64_t i = 0; i < c.depth; ++i) {
    const std::string name = concat("encoder.layer.", i), in_file = prefix + name + ".";
    const std::string self = in_file + "attention.self.", output = in_file + "attention.output.";
    table.linear(name + ".attention.qkv", {self + "query", self + "key", self + "value"},
                 {.out = 3 * c.width, .in = c.width});
    table.linear(name + ".attention.out", {output + "dense"}, {.out = c.width, .in = c.width});
    table.norm(name + ".attention_norm", output + "LayerNorm", c.width);
    table.linear(name + ".feed_forward.up", {in_file + "intermediate.dense"},
                 {.out = c.hidden, .in = c.width});
    table.linear(name + ".feed_forward.down", {in_file + "output.dense"}, {.out = c.width, .in = c.hidden});
    table.norm(name + ".feed_forward_norm", in_file + "output.LayerNorm", c.width);
  }
  if (c.pooler) table.linear("pooler", {prefix + "pooler.dense"}, {.out = c.width, .in = c.width});
  return table;
}

BertConfig read_config(const ModelFiles& files) {
  const JsonFile file = JsonFile::load(files.open("config.json"));
  const std::string type = file.require_string("model_type");
  FOVEA_CHECK(type == "bert", file.file(), ": model_type \"", type, "\", known is bert");
  const std::string places = file.get_string("position_embedding_type", "absolute");
  FOVEA_CHECK(places == "absolute", file.file(), ": position_embedding_type \"", places,
              "\", known is absolute");
  FOVEA_CHECK(!file.get_bool("is_decoder", false), file.file(), ": is_decoder true, known are encoders");
  constexpr Bounds<int64_t> kCount{1, 1 << 24};
  BertConfig c;
  c.vocab = file.require_int("vocab_size", kCount);
  c.positions = file.require_int("max_position_embeddings", kCount);
  c.types = file.get_int("type_vocab_size", c.types, kCount);
  c.width = file.require_int("hidden_size", kCount);
  c.depth = file.require_int("num_hidden_layers", {1, 1024});
  c.heads = file.require_int("num_attention_heads", kCount);
  c.hidden = file.require_int("intermediate_size", kCount);
  check_heads(file.file(), {"hidden_size", c.width}, {"num_attention_heads", c.heads});
  c.activation = transformers_activation(file.file() + ": hidden_act", file.get_string("hidden_act", "gelu"));
  c.eps = float(file.get_float("layer_norm_eps", 1e-12, {0, 1}));
  return c;
}

void write_config(const fs::path& directory, const BertConfig& c) {
  nlohmann::ordered_json json;
  json["architectures"] = {"BertModel"};
  json["model_type"] = "bert";
  json["vocab_size"] = c.vocab;
  json["max_position_embeddings"] = c.positions;
  json["type_vocab_size"] = c.types;
  json["hidden_size"] = c.width;
  json["num_hidden_layers"] = c.depth;
  json["num_attention_heads"] = c.heads;
  json["intermediate_size"] = c.hidden;
  json["hidden_act"] = transformers_name(c.activation);
  json["layer_norm_eps"] = c.eps;
  write_json(directory / "config.json", json);
}

}  // namespace

struct Bert::Impl {
  BertConfig config;
  Embedding embedding;
  Encoder encoder;
  std::optional<Linear> pooler;

  static std::unique_ptr<Impl> make(Device& device, const ModelFiles& files, Use use,
                                    const LoadOptions& load) {
    const SafeTensors file(files.open("model.safetensors"));
    const std::string prefix = file.has_any("bert.") ? "bert." : "";
    BertConfig config = read_config(files);
    config.pooler = file.has_any(prefix + "pooler.");
    const TensorTable table = bert_table(config, prefix);
    const TensorSource tensors(table, file, load);
    const LayerSource from{.device = device, .tensors = tensors, .use = use, .eps = config.eps};
    Impl made{config,
              Embedding({.tokens = make_state(from, "embeddings.weight"),
                         .positions = make_state(from, "embeddings.positions"),
                         .types = make_state(from, "embeddings.types"),
                         .norm = make_norm(from, "embeddings.norm")}),
              Encoder(make_encoder_layers(from, "encoder.layer", config.depth,
                                          {config.heads, config.activation, NormPlace::after})),
              {}};
    if (config.pooler) made.pooler = make_linear(from, "pooler");
    return std::make_unique<Impl>(std::move(made));
  }
};

void write_fresh_bert(const std::string& directory, const BertConfig& config, uint64_t seed) {
  check_heads("write_fresh_bert", {"hidden_size", config.width}, {"num_attention_heads", config.heads});
  fs::create_directories(directory);
  write_fresh_tensors(fs::path(directory) / "model.safetensors", bert_table(config, ""), seed);
  write_config(directory, config);
}

Bert::Bert(Device& device, const ModelFiles& files, Use use, const LoadOptions& load)
    : impl_(load_model(load, [&] { return Impl::make(device, files, use, load); })) {}
Bert::~Bert() = default;
Bert::Bert(Bert&&) noexcept = default;

const BertConfig& Bert::config() const { return impl_->config; }

BertTensors Bert::operator()(Tensor ids, Tensor lengths, Tensor types, const Dropout& dropout) const {
  const LayerOptions layers{.attention = {.lengths = lengths}, .dropout = dropout};
  const Tensor x = dropout(impl_->embedding(ids, types));  // (batch, tokens, width)
  const Tensor hidden = impl_->encoder(x, {.layers = layers}).out;
  if (!impl_->pooler) return {hidden, {}};
  const Tensor first = reshape(slice(hidden, 1, 0, 1), {ids.shape()[0], impl_->config.width});
  return {hidden, tanh((*impl_->pooler)(first))};
}

Parameters Bert::parameters() {
  Parameters all;
  impl_->embedding.parameters("embeddings", all);
  impl_->encoder.parameters("encoder.layer", all);
  if (impl_->pooler) impl_->pooler->parameters("pooler", all);
  return all;
}

void Bert::save(const std::string& directory, Storage storage) {
  fs::create_directories(directory);
  save_tensors(fs::path(directory) / "model.safetensors", bert_table(config(), ""), parameters(), storage);
  write_config(directory, config());
}

}  // namespace fovea
