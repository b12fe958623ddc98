#include "models/vit/config.h"

#include <nlohmann/json.hpp>

#include "core/check.h"
#include "core/extents.h"
#include "io/config.h"
#include "io/json.h"
#include "models/layers.h"

namespace fovea {
namespace {

// A number, or [height, width].
std::pair<int64_t, int64_t> size(const JsonFile& file, const char* key, int64_t fallback) {
  if (!file.has(key)) return {fallback, fallback};
  const std::vector<double> both = file.require_floats(key, 2);
  for (double side : both)
    FOVEA_CHECK(side >= 1 && side <= 65536 && side == double(int64_t(side)), file.file(), ": ", key, " ",
                side, " is no size in pixels");
  return {int64_t(both[0]), int64_t(both[1])};
}

// One for each row of the classifier's weights, which the file holds; none without a classifier.
std::vector<std::string> labels(const JsonFile& file, const TensorFile& weights, const ViTLayout& layout,
                                int64_t width) {
  if (layout.classifier.empty()) return {};
  const std::string head = layout.classifier + ".weight";
  const std::vector<int64_t> shape = weights.shape(head);
  FOVEA_CHECK(shape.size() == 2 && shape[0] >= 1 && shape[1] == width, weights.where(head),
              ": expected shape (labels, ", width, "), got ", extents_text(shape));
  return file.labels(shape[0]);
}

// What the settings say of the tensors: how many layers there are, and whether Q, K and V have biases.
void check_layers(const JsonFile& file, const TensorFile& weights, const ViTLayout& layout,
                  const ViTConfig& config) {
  int64_t layers = 0;
  while (weights.has_any(layer_name(layout.prefix, layers) + ".")) ++layers;
  FOVEA_CHECK(config.depth == layers, file.file(), ": num_hidden_layers ", config.depth, ", but ",
              weights.path(), " has tensors \"", layer_name("", 0), "..\" of ", layers, " layers");
  const bool biased = file.get_bool("qkv_bias", true);
  const TensorTable table = vit_table(config, layout);
  for (const TensorRow& row : table.rows())
    FOVEA_CHECK(!row.optional || weights.has(row.in_file) == biased, file.file(), ": qkv_bias ",
                biased ? "true" : "false", ", but ", weights.where(row.in_file),
                biased ? " is missing" : " exists");
}

}  // namespace

void check_vit_sizes(const std::string& where, const ViTConfig& config) {
  FOVEA_CHECK(config.patch >= 1 && config.height % config.patch == 0 && config.width % config.patch == 0,
              where, ": image_size ", config.height, " x ", config.width, " is no multiple of patch_size ",
              config.patch);
  check_heads(where, {"hidden_size", config.embedding}, {"num_attention_heads", config.heads});
}

ViTConfig read_vit_config(const ModelFiles& files, const TensorFile& weights, const ViTLayout& layout) {
  const JsonFile file = JsonFile::load(files.open("config.json"));
  const std::string type = file.get_string("model_type", "vit");
  FOVEA_CHECK(type == "vit" || type == "deit", file.file(), ": model_type \"", type,
              "\", known are vit and deit");
  constexpr Bounds<int64_t> kCount{1, 1 << 20};
  ViTConfig config;
  std::tie(config.height, config.width) = size(file, "image_size", 224);
  const auto [patch_height, patch_width] = size(file, "patch_size", 16);
  FOVEA_CHECK(patch_height == patch_width, file.file(), ": patch_size ", patch_height, " x ", patch_width,
              ", patches must be square");
  config.patch = patch_height;
  config.channels = file.get_int("num_channels", 3, kCount);
  config.embedding = file.get_int("hidden_size", 768, kCount);
  config.depth = file.get_int("num_hidden_layers", 12, {1, 1024});
  config.heads = file.get_int("num_attention_heads", 12, kCount);
  config.hidden = file.get_int("intermediate_size", 3072, kCount);
  check_vit_sizes(file.file(), config);
  config.activation =
      transformers_activation(concat(file.file(), ": hidden_act"), file.get_string("hidden_act", "gelu"));
  config.eps = float(file.get_float("layer_norm_eps", 1e-12, {0, 1}));
  config.distillation = weights.has(layout.prefix + "embeddings.distillation_token");
  config.labels = labels(file, weights, layout, config.embedding);
  check_layers(file, weights, layout, config);
  // The second classifier looks at the second token.
  FOVEA_CHECK(
      config.distillation || layout.classifier != "cls_classifier", weights.path(),
      ": has tensors of cls_classifier or distillation_classifier, but no \"embeddings.distillation_token\"");
  return config;
}

void write_vit_config(const std::filesystem::path& directory, const ViTConfig& config, bool qkv_bias) {
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

}  // namespace fovea
