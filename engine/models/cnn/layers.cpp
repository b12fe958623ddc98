#include "models/cnn/layers.h"

#include "core/check.h"
#include "core/random.h"

namespace fovea {
namespace {

// As PyTorch begins, see fresh_conv2d.
Beginning start_of(const ConvRow& row) {
  return {Beginning::Kind::uniform, fan_in_limit(row.in * row.kernel * row.kernel)};
}

void add_weight(TensorTable& table, const std::string& name, const ConvRow& row) {
  const std::string weight = name + ".weight";
  table.add({weight, weight, {row.out, row.in, row.kernel, row.kernel}, start_of(row)});
}

Conv2dWeights conv_weights(const LayerSource& from, const std::string& name, bool bias) {
  const TensorSource::Host weight = from.tensors.read(name + ".weight");
  Conv2dWeights made{weight.shape, weight.values, {}};
  if (bias) made.bias = from.tensors.read(name + ".bias").values;
  return made;
}

}  // namespace

void add_conv(TensorTable& table, const std::string& name, const ConvRow& row) {
  add_weight(table, name, row);
  table.add({name + ".bias", name + ".bias", {row.out}, start_of(row)});
}

void add_normed_conv(TensorTable& table, const std::string& name, const ConvRow& row) {
  add_weight(table, name + ".conv", row);
  const std::string norm = name + ".norm";
  table.norm(norm, norm, row.out);
  table.add({norm + ".mean", norm + ".running_mean", {row.out}});
  table.add({norm + ".variance", norm + ".running_var", {row.out}, {.value = 1}});
}

Conv2d make_conv(const LayerSource& from, const std::string& name, const Conv2dOptions& options) {
  return {from.device, conv_weights(from, name, true), options};
}

NormedConv2d make_normed_conv(const LayerSource& from, const std::string& name,
                              const Conv2dOptions& options) {
  const Conv2dWeights conv = conv_weights(from, name + ".conv", false);
  const auto vector = [&](const char* part) { return from.tensors.read(name + ".norm" + part).values; };
  const BatchNorm2d::Weights norm{vector(".weight"), vector(".bias"), vector(".mean"), vector(".variance"),
                                  from.eps};
  if (from.use == Use::inference) return {Conv2d(from.device, folded(conv, norm), options), {}};
  return {Conv2d(from.device, conv, options), BatchNorm2d(from.device, norm)};
}

JsonFile read_cnn_config(const ModelFiles& files, const CnnSettings& settings) {
  const JsonFile file = JsonFile::load(files.open("config.json"));
  const std::string type = file.require_string("model_type");
  FOVEA_CHECK(type == settings.model_type, file.file(), ": model_type \"", type, "\", expected ",
              settings.model_type);
  settings.size = file.require_int("image_size");
  settings.channels = file.get_int("num_channels", 3);
  settings.width = file.require_int("width");
  settings.stages = file.require_int("stages");
  settings.labels = file.labels(0);
  check_cnn_sizes(file.file(), settings);
  return file;
}

nlohmann::ordered_json cnn_config(const CnnSettings& settings) {
  nlohmann::ordered_json json;
  json["model_type"] = settings.model_type;
  json["image_size"] = settings.size;
  json["num_channels"] = settings.channels;
  json["width"] = settings.width;
  json["stages"] = settings.stages;
  for (size_t i = 0; i < settings.labels.size(); ++i)
    json["id2label"][std::to_string(i)] = settings.labels[i];
  return json;
}

void check_cnn_sizes(const std::string& where, const CnnSettings& settings) {
  FOVEA_CHECK(!settings.labels.empty(), where, ": no labels, a classifier needs one a class");
  const auto check = [&](const char* key, int64_t value, int64_t most) {
    FOVEA_CHECK(value >= 1 && value <= most, where, ": ", key, " ", value, ", 1 to ", most, " are possible");
  };
  check("image_size", settings.size, 1 << 14);
  check("num_channels", settings.channels, 1 << 16);
  check("width", settings.width, 1 << 16);
  check("stages", settings.stages, 14);
  const int64_t halved = settings.stages - settings.whole;
  FOVEA_CHECK(settings.size >> halved >= 1, where, ": image_size ", settings.size, " cannot be halved ",
              halved, " times, once a stage", settings.whole > 0 ? " behind the first" : "");
}

void expect_for_training(const char* model_type, Use use) {
  FOVEA_CHECK(use == Use::training, "save: batch normalisation of a ", model_type,
              " for inference is folded into its convolutions; make the model for training");
}

void CnnPlans::expect_pixels(const char* op, Tensor pixels) const {
  const Shape& shape = pixels.shape();
  FOVEA_CHECK(shape.rank() == 4 && shape == Shape({shape[0], channels_, size_, size_}), op, ": pixels ",
              shape, ", the model takes (batch, ", channels_, ", ", size_, ", ", size_, ")");
}

CnnPlans::Compiled& CnnPlans::compiled(const Forward& forward, int64_t batch, bool attention) {
  const auto key = std::pair(batch, attention);
  if (const auto found = plans_.find(key); found != plans_.end()) return found->second;
  auto graph = std::make_unique<Graph>();
  const Tensor pixels = graph->input({batch, channels_, size_, size_}, DType::f32, "pixels");
  CnnTensors tensors = forward(pixels);
  if (!attention) tensors.attention.clear();
  std::vector<Tensor> outputs{tensors.logits};
  outputs.insert(outputs.end(), tensors.attention.begin(), tensors.attention.end());
  Plan plan(device_, *graph, outputs);
  return plans_.emplace(key, Compiled{std::move(graph), pixels, tensors, std::move(plan)}).first->second;
}

CnnResult CnnPlans::run(const Forward& forward, std::span<const float> pixels, int64_t batch,
                        bool attention) {
  FOVEA_CHECK(batch >= 1, "cnn: a batch of ", batch);
  Compiled& made = compiled(forward, batch, attention);
  made.plan.write(made.pixels, pixels);
  made.plan.run();
  CnnResult result{made.plan.read(made.tensors.logits), {}};
  for (const Tensor each : made.tensors.attention) result.attention.push_back(made.plan.read(each));
  return result;
}

}  // namespace fovea
