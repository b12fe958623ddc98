#include "models/vit/table.h"

#include <cmath>

#include "core/check.h"

namespace fovea {
namespace {

constexpr Beginning kStart{Beginning::Kind::normal, 0.02};  // of tokens and positions, as Dosovitskiy et al.

void add_layer(TensorTable& table, const std::string& name, const std::string& in_file,
               const ViTConfig& config) {
  const int64_t width = config.embedding, hidden = config.hidden;
  const std::string self = in_file + ".attention.attention.";
  table.norm(name + ".attention_norm", in_file + ".layernorm_before", width);
  table.norm(name + ".feed_forward_norm", in_file + ".layernorm_after", width);
  table.linear(name + ".attention.qkv", {self + "query", self + "key", self + "value"},
               {.out = 3 * width, .in = width, .optional_bias = true});
  table.linear(name + ".attention.out", {in_file + ".attention.output.dense"}, {.out = width, .in = width});
  table.linear(name + ".feed_forward.up", {in_file + ".intermediate.dense"}, {.out = hidden, .in = width});
  table.linear(name + ".feed_forward.down", {in_file + ".output.dense"}, {.out = width, .in = hidden});
}

}  // namespace

ViTLayout layout_of(const TensorFile& file) {
  ViTLayout layout;
  for (const char* prefix : {"vit.", "deit."})
    if (file.has_any(prefix)) layout.prefix = prefix;
  if (file.has_any("classifier.")) layout.classifier = "classifier";
  if (file.has_any("cls_classifier.") || file.has_any("distillation_classifier."))
    layout.classifier = "cls_classifier";
  return layout;
}

ViTLayout usual_layout(const ViTConfig& config) {
  return {config.distillation ? "deit." : "vit.", config.labels.empty() ? ""
                                                  : config.distillation ? "cls_classifier"
                                                                        : "classifier"};
}

std::string layer_name(const std::string& prefix, int64_t layer) {
  return concat(prefix, "encoder.layer.", layer);
}

TensorTable vit_table(const ViTConfig& config, const ViTLayout& layout) {
  const int64_t width = config.embedding, patch = config.patch, labels = int64_t(config.labels.size());
  const std::string ours = usual_layout(config).prefix, theirs = layout.prefix;
  const auto token = [&](const char* name) {
    return TensorRow{ours + "embeddings.prefix", theirs + "embeddings." + name, {1, 1, width}, kStart};
  };
  TensorTable table;
  table.add(token("cls_token"));
  if (config.distillation) table.add(token("distillation_token"));
  const std::string positions = "embeddings.position_embeddings";
  table.add({ours + positions, theirs + positions, {1, config.tokens(), width}, kStart});
  const std::string projection = "embeddings.patch_embeddings.projection";
  table.add({ours + projection + ".weight",
             theirs + projection + ".weight",
             {width, config.channels, patch, patch},
             {Beginning::Kind::normal, 1 / std::sqrt(double(config.channels * patch * patch))}});
  table.add({ours + projection + ".bias", theirs + projection + ".bias", {width}});
  for (int64_t i = 0; i < config.depth; ++i)
    add_layer(table, layer_name(ours, i), layer_name(theirs, i), config);
  table.norm(ours + "layernorm", theirs + "layernorm", width);
  if (layout.classifier.empty()) return table;
  table.linear(layout.classifier, {layout.classifier}, {.out = labels, .in = width});
  if (layout.classifier == "cls_classifier")
    table.linear("distillation_classifier", {"distillation_classifier"}, {.out = labels, .in = width});
  return table;
}

}  // namespace fovea
