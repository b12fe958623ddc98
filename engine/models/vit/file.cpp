#include "models/vit/file.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "core/check.h"
#include "io/json.h"
#include "models/model_file.h"
#include "models/vit/config.h"

namespace fovea {
namespace {

void write_config(const std::filesystem::path& directory, const ViTConfig& config, bool qkv_bias) {
  nlohmann::ordered_json json;
  json["architectures"] = {config.distillation     ? "DeiTForImageClassificationWithTeacher"
                           : config.labels.empty() ? "ViTModel"
                                                   : "ViTForImageClassification"};
  json["model_type"] = config.distillation ? "deit" : "vit";
  const auto size = [](int64_t height, int64_t width) {
    return height == width ? nlohmann::ordered_json(height) : nlohmann::ordered_json{height, width};
  };
  json["image_size"] = size(config.height, config.width);
  json["patch_size"] = config.patch;
  json["num_channels"] = config.channels;
  json["hidden_size"] = config.embedding;
  json["num_hidden_layers"] = config.depth;
  json["num_attention_heads"] = config.heads;
  json["intermediate_size"] = config.hidden;
  json["hidden_act"] = transformers_name(config.activation);
  json["layer_norm_eps"] = config.eps;
  json["qkv_bias"] = qkv_bias;
  for (size_t i = 0; i < config.labels.size(); ++i) {
    json["id2label"][std::to_string(i)] = config.labels[i];
    json["label2id"][config.labels[i]] = i;
  }
  write_json(directory / "config.json", json);
}

const std::vector<FileName>& names() {
  static const std::vector<FileName> kNames = {
      {"attention_norm", {"layernorm_before"}},
      {"attention.qkv",
       {"attention.attention.query", "attention.attention.key", "attention.attention.value"}},
      {"attention.out", {"attention.output.dense"}},
      {"feed_forward_norm", {"layernorm_after"}},
      {"feed_forward.up", {"intermediate.dense"}},
      {"feed_forward.down", {"output.dense"}}};
  return kNames;
}

}  // namespace

void save_vit(const std::string& directory, const ViTConfig& config, const Parameters& parameters,
              Storage storage) {
  std::filesystem::create_directories(directory);
  std::vector<FileTensor> tensors = file_tensors(parameters, names());
  const int64_t width = config.embedding, patch = config.patch;
  bool qkv_bias = false;
  for (size_t i = 0; i < tensors.size(); ++i) {  // (width, ..) of ours have other shapes in the file
    FileTensor& tensor = tensors[i];
    qkv_bias = qkv_bias || tensor.name.ends_with(".query.bias");
    if (tensor.name.ends_with(".position_embeddings")) tensor.shape = {1, config.tokens(), width};
    if (tensor.name.ends_with(".projection.weight")) tensor.shape = {width, config.channels, patch, patch};
    if (!tensor.name.ends_with("embeddings.prefix")) continue;
    const std::string base = tensor.name.substr(0, tensor.name.size() - 6);
    tensor.name = base + "cls_token";
    tensor.shape = {1, 1, width};
    if (config.distillation) {
      const auto second = tensor.values.begin() + width;
      tensors.push_back({base + "distillation_token", {1, 1, width}, {second, second + width}});
    }
    tensors[i].values.resize(size_t(width));
  }
  write_tensors(std::filesystem::path(directory) / "model.safetensors", tensors, storage);
  write_config(directory, config, qkv_bias);
}

void write_fresh_vit(const std::string& directory, const ViTConfig& config, uint64_t seed) {
  constexpr double kDeviation = 0.02;  // of tokens and positions, as Dosovitskiy et al. start
  check_vit_sizes("write_fresh_vit", config);
  std::filesystem::create_directories(directory);
  const int64_t width = config.embedding, patch = config.patch;
  const std::string base = config.distillation ? "deit." : "vit.";
  FreshTensors fresh(seed);
  fresh.normal(base + "embeddings.cls_token", {1, 1, width}, kDeviation);
  if (config.distillation) fresh.normal(base + "embeddings.distillation_token", {1, 1, width}, kDeviation);
  fresh.normal(base + "embeddings.position_embeddings", {1, config.tokens(), width}, kDeviation);
  const std::string projection = base + "embeddings.patch_embeddings.projection";
  const double spread = 1 / std::sqrt(double(config.channels * patch * patch));
  fresh.normal(projection + ".weight", {width, config.channels, patch, patch}, spread);
  fresh.constant(projection + ".bias", {width}, 0);
  for (int64_t i = 0; i < config.depth; ++i) {
    const std::string layer = concat(base, "encoder.layer.", i, ".");
    for (const char* norm : {"layernorm_before", "layernorm_after"}) fresh.norm(layer + norm, width);
    for (const char* part : {"attention.attention.query", "attention.attention.key",
                             "attention.attention.value", "attention.output.dense"})
      fresh.linear(layer + part, width, width);
    fresh.linear(layer + "intermediate.dense", config.hidden, width);
    fresh.linear(layer + "output.dense", width, config.hidden);
  }
  fresh.norm(base + "layernorm", width);
  if (!config.labels.empty()) {
    const int64_t labels = int64_t(config.labels.size());
    fresh.linear(config.distillation ? "cls_classifier" : "classifier", labels, width);
    if (config.distillation) fresh.linear("distillation_classifier", labels, width);
  }
  write_tensors(std::filesystem::path(directory) / "model.safetensors", fresh.all());
  write_config(directory, config, true);
}

}  // namespace fovea
