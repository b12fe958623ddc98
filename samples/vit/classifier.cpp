#include "classifier.h"

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <fovea/heatmap.hpp>
#include <fovea/png.hpp>
#include <nlohmann/json.hpp>

#include "../common/likeliest.h"

Classifier::Classifier(const Options& options, const std::string& directory)
    : options_(options),
      device_({.name = options.device, .cache = fovea::cache_folder()}),
      model_(device_, directory),
      config_(model_.config()),
      preprocessor_(fovea::Preprocessor::for_model(directory, config_.width, config_.height)) {
  if (config_.labels.empty()) throw fovea::Error(directory + ": a model without a classifier");
  if (options.layer > config_.depth)
    throw CLI::ValidationError("--layer",
                               fmt::format("{}: the model has {} layers", options.layer, config_.depth));
  const int width = preprocessor_.width(), height = preprocessor_.height();
  if (width != config_.width || height != config_.height || config_.channels != 3)
    throw fovea::Error(fmt::format("{}: images become 3 x {} x {}, the model takes {} x {} x {}", directory,
                                   height, width, config_.channels, config_.height, config_.width));
}

bool Classifier::answer() {
  for (const std::string& name : options_.images) {
    attempt(name, [&] {
      const fovea::Image image = fovea::load_image(name);
      batch_.push_back({name, image, preprocessor_.pixels(image)});
    });
    if (int64_t(batch_.size()) == options_.batch) run();
  }
  if (!batch_.empty()) run();
  if (!views_.empty()) fovea::attention_page(options_.page, "What a Vision Transformer looks at", views_);
  return all_good_;
}

// An image that cannot be answered leaves the others alone.
void Classifier::attempt(const std::string& image, const std::function<void()>& action) {
  try {
    action();
  } catch (const fovea::Error& error) {
    const bool named = std::string(error.what()).starts_with(image);
    fmt::print(stderr, "vit: {}{}\n", named ? "" : image + ": ", error.what());
    all_good_ = false;
  }
}

void Classifier::run() {
  std::vector<float> pixels;  // (batch, 3, height, width)
  for (const Input& input : batch_) pixels.insert(pixels.end(), input.pixels.begin(), input.pixels.end());
  const fovea::ViTRequest request{.attentions = !options_.attention.empty() || !options_.page.empty()};
  // The first pass of a batch size compiles kernels: it is not the one whose time counts.
  if (compiled_.insert(batch_.size()).second) model_.run(pixels, int64_t(batch_.size()), request);
  const auto start = std::chrono::steady_clock::now();
  const fovea::ViTResult result = model_.run(pixels, int64_t(batch_.size()), request);
  const std::chrono::duration<double, std::milli> passed = std::chrono::steady_clock::now() - start;

  const size_t labels = config_.labels.size();
  for (size_t item = 0; item < batch_.size(); ++item) {
    const Input& input = batch_[item];
    const std::span<const float> logits = std::span(result.logits).subspan(item * labels, labels);
    options_.json ? print_json(input, logits, passed.count()) : print(input, logits, passed.count());
    const std::vector<std::span<const float>> layers = layers_of(result, item);
    if (!options_.page.empty()) views_.push_back(view(input, layers, logits));
    if (options_.attention.empty()) continue;
    attempt(input.name,
            [&] { fovea::write_png(overlay_path(options_, input.name), overlay(input, layers)); });
  }
  batch_.clear();
}

void Classifier::print(const Input& input, std::span<const float> logits, double milliseconds) const {
  fmt::print("{}\n", input.name);
  for (const auto& [label, probability] : likeliest(logits, size_t(options_.top)))
    fmt::print("{:8.2f} %  {}\n", 100 * probability, config_.labels[label]);
  fmt::print("  on {}, {:.1f} ms\n", device_.info().name, milliseconds);
}

void Classifier::print_json(const Input& input, std::span<const float> logits, double milliseconds) const {
  nlohmann::ordered_json line{{"image", input.name}, {"top", nlohmann::json::array()}};
  for (const auto& [label, probability] : likeliest(logits, size_t(options_.top)))
    line["top"].push_back({{"index", label},
                           {"label", config_.labels[label]},
                           {"logit", logits[label]},
                           {"probability", probability}});
  if (options_.logits) line["logits"] = std::vector<float>(logits.begin(), logits.end());
  line.update({{"device", device_.info().name}, {"milliseconds", milliseconds}});
  // The name of a file need not be UTF-8: dump() alone would throw.
  fmt::print("{}\n", line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

fovea::PatchGrid Classifier::grid() const {
  return {config_.height / config_.patch, config_.width / config_.patch, config_.distillation ? 2 : 1};
}

std::vector<std::span<const float>> Classifier::layers_of(const fovea::ViTResult& result, size_t item) const {
  const size_t size = size_t(config_.heads * config_.tokens() * config_.tokens());
  std::vector<std::span<const float>> layers;
  for (const auto& all : result.attentions) layers.push_back(std::span(all).subspan(item * size, size));
  return layers;
}

// The image darkened where the class token does not look.
fovea::Image Classifier::overlay(const Input& input,
                                 const std::vector<std::span<const float>>& layers) const {
  const fovea::Heatmap map = options_.layer > 0
                                 ? fovea::class_attention(layers[size_t(options_.layer - 1)], grid())
                                 : fovea::attention_rollout(layers, grid(), {.contrast = true});
  return fovea::overlay(input.image, map, preprocessor_.seen(input.image));
}

fovea::ImageView Classifier::view(const Input& input, const std::vector<std::span<const float>>& layers,
                                  std::span<const float> logits) const {
  fovea::ImageView view{.title = std::filesystem::path(input.name).filename().string(),
                        .image = input.image,
                        .grid = grid(),
                        .seen = preprocessor_.seen(input.image),
                        .layers = config_.depth,
                        .heads = config_.heads};
  for (const std::span<const float> layer : layers)
    view.weights.insert(view.weights.end(), layer.begin(), layer.end());
  for (const auto& [label, probability] : likeliest(logits, 3))
    view.answers.emplace_back(config_.labels[label], probability);
  return view;
}
