// vit: a Vision Transformer says what is on photos, and shows where it looked.
//
//   vit [--model DIR] [--device NAME] [--top K] [--batch N] [--json] [--logits]
//       [--attention OUT.png] [--layer L] IMAGE...
//
// For each photo: its name, the most probable classes, the device and the time. The model is any Hugging Face
// directory of type vit or deit that has a classifier.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fovea/fovea.hpp>
#include <functional>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>

namespace fs = std::filesystem;

struct Options {
  std::string model, device, attention;
  std::vector<std::string> images;
  int64_t top = 5, batch = 1, layer = 0;  // layer 0: all of them
  bool json = false, logits = false;
};

// A photo that waits for its batch to be full.
struct Photo {
  std::string name;
  fovea::Image image;
  std::vector<float> pixels;  // (3, height, width)
};

struct UsageError : fovea::Error { using Error::Error; };

// The directory of --model, or the shipped one of the sources that the program or the current folder is in.
fs::path find_model(const std::string& given, const fs::path& program) {
  if (fs::is_directory(given)) return given;
  if (!given.empty()) throw UsageError("--model " + given + ": no such directory");
  const fs::path place = "samples/models/vit";
  for (fs::path folder : {fs::absolute(program).parent_path(), fs::current_path()})
    for (; folder != folder.root_path(); folder = folder.parent_path())
      if (fs::exists(folder / place / "config.json")) return (folder / place).lexically_normal();
  throw UsageError("no model: give --model DIR; " + place.string() +
                   " is neither near this program nor the current folder");
}

// --attention OUT.png: OUT.png for the only photo, OUT-<stem>.png for one of several.
fs::path overlay_path(const Options& options, const fs::path& image) {
  if (options.images.size() == 1) return options.attention;
  const std::string stem = options.attention.substr(0, options.attention.size() - 4);
  return stem + "-" + image.stem().string() + ".png";
}

struct Classifier {
  Classifier(const Options& given, const std::string& directory);
  bool answer();
  void attempt(const std::string& image, const std::function<void()>& action);
  void run();
  void print(const Photo& photo, std::span<const float> logits, double milliseconds) const;
  fovea::Image overlay(const Photo& photo, const fovea::ViTResult& result, size_t item) const;
  const Options& options;
  fovea::Device device;
  fovea::VisionTransformer model;
  const fovea::ViTConfig& config;
  fovea::Preprocessor steps;
  std::vector<Photo> batch;
  std::set<size_t> compiled;  // batch sizes
  bool all_good = true;
};

Classifier::Classifier(const Options& given, const std::string& directory)
    : options(given), device({.name = given.device}), model(device, directory), config(model.config()),
      steps(fovea::Preprocessor::for_model(directory, config.width, config.height)) {
  if (config.labels.empty()) throw fovea::Error(directory + ": a model without a classifier");
  if (options.layer > config.depth)
    throw UsageError(fmt::format("--layer {}: the model has {} layers", options.layer, config.depth));
  if (steps.width() != config.width || steps.height() != config.height || config.channels != 3)
    throw fovea::Error(fmt::format("{}: pictures become 3 x {} x {}, the model takes {} x {} x {}", directory,
        steps.height(), steps.width(), config.channels, config.height, config.width));
}

// All photos; false when one of them could not be answered.
bool Classifier::answer() {
  for (const std::string& name : options.images) {
    attempt(name, [&] {
      const fovea::Image image = fovea::load_image(name);
      batch.push_back({name, image, steps.pixels(image)});
    });
    if (int64_t(batch.size()) == options.batch) run();
  }
  if (!batch.empty()) run();
  return all_good;
}

// An image that cannot be answered leaves the others alone.
void Classifier::attempt(const std::string& image, const std::function<void()>& action) {
  try {
    action();
  } catch (const fovea::Error& error) {
    const bool named = std::string(error.what()).starts_with(image);
    fmt::print(stderr, "vit: {}{}\n", named ? "" : image + ": ", error.what());
    all_good = false;
  }
}

void Classifier::run() {
  std::vector<float> pixels;  // (batch, 3, height, width)
  for (const Photo& photo : batch) pixels.insert(pixels.end(), photo.pixels.begin(), photo.pixels.end());
  const fovea::ViTRequest request{.attentions = !options.attention.empty()};
  // The first pass of a batch size compiles kernels: it is not the one whose time counts.
  if (compiled.insert(batch.size()).second) model.run(pixels, int64_t(batch.size()), request);
  const auto start = std::chrono::steady_clock::now();
  const fovea::ViTResult result = model.run(pixels, int64_t(batch.size()), request);
  const std::chrono::duration<double, std::milli> passed = std::chrono::steady_clock::now() - start;
  const size_t labels = config.labels.size();
  for (size_t item = 0; item < batch.size(); ++item) {
    print(batch[item], std::span(result.logits).subspan(item * labels, labels), passed.count());
    if (options.attention.empty()) continue;
    attempt(batch[item].name, [&] {
      fovea::write_png(overlay_path(options, batch[item].name), overlay(batch[item], result, item));
    });
  }
  batch.clear();
}

void Classifier::print(const Photo& photo, std::span<const float> logits, double milliseconds) const {
  const double largest = *std::ranges::max_element(logits);
  double sum = 0;
  for (const float logit : logits) sum += std::exp(logit - largest);
  const auto probability = [&](size_t i) { return std::exp(logits[i] - largest) / sum; };
  std::vector<size_t> order(logits.size());
  std::iota(order.begin(), order.end(), size_t(0));
  std::ranges::stable_sort(order, std::greater(), [&](size_t i) { return logits[i]; });
  order.resize(std::min(order.size(), size_t(options.top)));
  if (!options.json) {
    fmt::print("{}\n", photo.name);
    for (const size_t i : order) fmt::print("{:8.2f} %  {}\n", 100 * probability(i), config.labels[i]);
    return fmt::print("  on {}, {:.1f} ms\n", device.info().name, milliseconds);
  }
  nlohmann::ordered_json line{{"image", photo.name}, {"top", nlohmann::json::array()}};
  for (const size_t i : order)
    line["top"].push_back({{"index", i}, {"label", config.labels[i]}, {"logit", logits[i]},
                           {"probability", probability(i)}});
  if (options.logits) line["logits"] = std::vector<float>(logits.begin(), logits.end());
  line.update({{"device", device.info().name}, {"milliseconds", milliseconds}});
  // The name of a file need not be UTF-8: dump() alone would throw.
  fmt::print("{}\n", line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

// The photo darkened where the class token does not look.
fovea::Image Classifier::overlay(const Photo& photo, const fovea::ViTResult& result, size_t item) const {
  const int64_t patch = config.patch, prefix = config.distillation ? 2 : 1;
  const fovea::PatchGrid grid{config.height / patch, config.width / patch, prefix};
  const size_t size = size_t(config.heads * grid.tokens() * grid.tokens());
  std::vector<std::span<const float>> layers;  // depth of (heads, tokens, tokens)
  for (const auto& all : result.attentions) layers.push_back(std::span(all).subspan(item * size, size));
  const fovea::Heatmap map = options.layer > 0 ? class_attention(layers[size_t(options.layer - 1)], grid)
                                               : attention_rollout(layers, grid, {.contrast = true});
  return fovea::overlay(photo.image, map, steps.seen(photo.image));
}

int main(int argc, char** argv) try {
  Options options;
  CLI::App app("Says what is on photos (PNG, JPEG, BMP) with a Vision Transformer.");
  app.add_option("IMAGE", options.images, "photos")->required();
  app.add_option("--model", options.model, "Hugging Face directory, vit or deit; else samples/models/vit");
  app.add_option("--device", options.device, "index or part of the name, see fovea-info");
  app.add_option("--top", options.top, "how many classes to show, 5 by default")->check(CLI::PositiveNumber);
  app.add_option("--batch", options.batch, "photos a forward pass, 1 by default")->check(CLI::PositiveNumber);
  app.add_flag("--json", options.json, "one JSON object a line for each photo");
  app.add_flag("--logits", options.logits, "all logits in the JSON objects")->needs("--json");
  app.add_option("--attention", options.attention, "writes the photo darkened where the class token does not "
                 "look: for one photo OUT.png, for several OUT-<stem>.png each")
      ->type_name("OUT.png")
      ->check([](const std::string& out) { return out.ends_with(".png") ? "" : out + " is no .png"; });
  app.add_option("--layer", options.layer, "of this layer, from 1; without it a rollout over all layers")
      ->check(CLI::PositiveNumber)->needs("--attention");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem) == 0 ? 0 : 2;
  }
  std::set<fs::path> written;
  for (size_t i = 0; i < options.images.size() && !options.attention.empty(); ++i)
    if (const fs::path out = overlay_path(options, options.images[i]); !written.insert(out).second)
      throw UsageError("--attention: two photos would become " + out.string());
  Classifier classifier(options, find_model(options.model, argv[0]).string());
  return classifier.answer() && std::fflush(stdout) == 0 ? 0 : 1;
} catch (const std::exception& problem) {
  fmt::print(stderr, "vit: {}\n", problem.what());
  return dynamic_cast<const UsageError*>(&problem) ? 2 : 1;
}
