// vit: what is on a photo, said by a Vision Transformer.
//
//   vit [--model DIR] [--device NAME] [--top K] [--batch N] [--json] [--logits] [--attention OUT.png] IMAGE...
//
// For each photo: its name, the most probable classes, the device and the time. Any Hugging Face directory of model
// type vit or deit that has a classifier will do.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fovea/fovea.hpp>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>

namespace fs = std::filesystem;

struct Options {
  std::string model, device, attention;
  std::vector<std::string> images;
  int64_t top = 5, batch = 1, layer = 0;  // layer 0: rollout over all layers
  bool json = false, logits = false;
};

struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// A photo on its way: read, then answered.
struct Photo {
  std::string name;
  fovea::Image image;
  std::vector<float> pixels;  // (3, height, width)
};

struct Timed {
  fovea::ViTResult result;
  double milliseconds;
};

// The directory of --model, or one beside the sources that this program or the current folder belongs to.
fs::path find_model(const Options& options, const fs::path& program) {
  if (!options.model.empty()) {
    if (fs::is_directory(options.model)) return options.model;
    throw UsageError("--model " + options.model + ": no such directory");
  }
  std::error_code ignored;
  for (const char* place : {"samples/models/vit", "../shared/models/deit-tiny-patch16-224"})
    for (const fs::path& start : {fs::weakly_canonical(program, ignored), fs::current_path() / "here"})
      for (fs::path folder = start.parent_path(); !folder.empty(); folder = folder.parent_path()) {
        if (fs::exists(folder / place / "config.json")) return (folder / place).lexically_normal();
        if (folder == folder.root_path()) break;
      }
  std::string message = "no model: give --model DIR, or fetch one into the project's folder:";
  for (const char* file : {"config.json", "preprocessor_config.json", "model.safetensors"})
    message += fmt::format("\n  curl -L --create-dirs -o samples/models/vit/{0} "
                           "https://huggingface.co/facebook/deit-tiny-patch16-224/resolve/main/{0}", file);
  throw UsageError(message);
}

// OUT.png for one photo, OUT-<stem>.png for several.
fs::path overlay_path(const Options& options, const fs::path& image) {
  const fs::path out = options.attention;
  if (options.images.size() == 1) return out;
  fs::path name = out.stem();
  name += "-";
  name += image.stem();
  name += out.extension();
  return out.parent_path() / name;
}

void check_overlay_paths(const Options& options) {
  std::set<fs::path> taken;
  for (const std::string& image : options.images)
    if (!taken.insert(overlay_path(options, image)).second)
      throw UsageError("--attention: two photos would be written to " + overlay_path(options, image).string());
}

// The forward pass of a batch. The first of a size also compiles its kernels, so it runs once before it is timed.
Timed run(fovea::VisionTransformer& model, const std::vector<Photo>& batch, const Options& options, bool warm) {
  std::vector<float> pixels;  // (batch, 3, height, width)
  for (const Photo& photo : batch) pixels.insert(pixels.end(), photo.pixels.begin(), photo.pixels.end());
  const fovea::ViTRequest request{.attentions = !options.attention.empty()};
  if (!warm) model.run(pixels, int64_t(batch.size()), request);
  const auto start = std::chrono::steady_clock::now();
  fovea::ViTResult result = model.run(pixels, int64_t(batch.size()), request);
  const std::chrono::duration<double, std::milli> passed = std::chrono::steady_clock::now() - start;
  return {std::move(result), passed.count()};
}

std::vector<double> softmax(std::span<const float> logits) {
  const double largest = *std::ranges::max_element(logits);
  std::vector<double> probabilities;
  for (const float logit : logits) probabilities.push_back(std::exp(logit - largest));
  const double sum = std::accumulate(probabilities.begin(), probabilities.end(), 0.0);
  for (double& probability : probabilities) probability /= sum;
  return probabilities;
}

// Prints the top classes of one photo. logits: (labels)
void print(const Photo& photo, std::span<const float> logits, const std::vector<std::string>& labels,
           const Options& options, const std::string& device, double milliseconds) {
  const std::vector<double> probabilities = softmax(logits);
  std::vector<size_t> order(logits.size());
  std::iota(order.begin(), order.end(), size_t(0));
  std::ranges::stable_sort(order, [&](size_t a, size_t b) { return logits[a] > logits[b]; });
  order.resize(std::min(order.size(), size_t(options.top)));
  if (!options.json) {
    fmt::print("{}\n", photo.name);
    for (const size_t index : order) fmt::print("{:8.2f} %  {}\n", 100 * probabilities[index], labels[index]);
    fmt::print("  on {}, {:.1f} ms\n", device, milliseconds);
    return;
  }
  nlohmann::ordered_json line{{"image", photo.name}, {"top", nlohmann::json::array()}};
  for (const size_t index : order)
    line["top"].push_back({{"index", index}, {"label", labels[index]}, {"logit", logits[index]},
                           {"probability", probabilities[index]}});
  if (options.logits) line["logits"] = std::vector<float>(logits.begin(), logits.end());
  line["device"] = device;
  line["milliseconds"] = milliseconds;
  // The name of a file need not be UTF-8.
  fmt::print("{}\n", line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

// The photo darkened where the class token of batch item `item` does not look.
fovea::Image lit(const Photo& photo, const fovea::Region& seen, const fovea::ViTConfig& config,
                 const fovea::ViTResult& result, size_t item, int64_t layer) {
  const fovea::PatchGrid grid{config.height / config.patch, config.width / config.patch, config.distillation ? 2 : 1};
  const size_t size = size_t(config.heads * grid.tokens() * grid.tokens());
  std::vector<std::span<const float>> layers;  // depth of (heads, tokens, tokens)
  for (const std::vector<float>& all : result.attentions) layers.push_back(std::span(all).subspan(item * size, size));
  return fovea::overlay(photo.image,
                        layer > 0 ? fovea::class_attention(layers[size_t(layer - 1)], grid)
                                  : fovea::attention_rollout(layers, grid),
                        seen);
}

// Answers all photos; false when one could not be.
bool answer(const Options& options, const fs::path& directory) {
  fovea::Device device({.name = options.device});
  fovea::VisionTransformer model(device, directory.string());
  const fovea::ViTConfig& config = model.config();
  const auto steps = fovea::Preprocessor::for_model(directory, config.width, config.height);
  if (config.labels.empty()) throw fovea::Error(directory.string() + ": a model without a classifier names nothing");
  if (steps.width() != config.width || steps.height() != config.height || config.channels != 3)
    throw fovea::Error(fmt::format("{}: pictures become 3 x {} x {}, the model takes {} x {} x {}", directory.string(),
                                   steps.height(), steps.width(), config.channels, config.height, config.width));
  if (options.layer > config.depth)
    throw UsageError(fmt::format("--layer {}: the model has {} layers", options.layer, config.depth));

  bool all_good = true;
  const auto attempt = [&](const std::string& name, const auto& action) {
    try {
      action();
    } catch (const fovea::Error& error) {
      const bool named = std::string_view(error.what()).starts_with(name);
      fmt::print(stderr, "vit: {}{}{}\n", named ? "" : name, named ? "" : ": ", error.what());
      all_good = false;
    }
  };
  std::vector<Photo> batch;
  std::set<size_t> warm;  // batch sizes that have run
  const auto flush = [&] {
    if (batch.empty()) return;
    const Timed timed = run(model, batch, options, !warm.insert(batch.size()).second);
    for (size_t item = 0; item < batch.size(); ++item) {
      const Photo& photo = batch[item];
      const size_t count = config.labels.size();
      print(photo, std::span(timed.result.logits).subspan(item * count, count), config.labels, options,
            device.info().name, timed.milliseconds);
      if (options.attention.empty()) continue;
      attempt(photo.name, [&] {
        fovea::write_png(overlay_path(options, photo.name),
                         lit(photo, steps.seen(photo.image), config, timed.result, item, options.layer));
      });
    }
    batch.clear();
  };
  for (const std::string& name : options.images) {
    attempt(name, [&] {
      fovea::Image image = fovea::load_image(name);
      std::vector<float> pixels = steps.pixels(image);
      batch.push_back({name, std::move(image), std::move(pixels)});
    });
    if (int64_t(batch.size()) == options.batch) flush();
  }
  flush();
  return all_good;
}

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Says what is on photos (PNG, JPEG, BMP) with a Vision Transformer.");
  app.add_option("IMAGE", options.images, "photos")->required();
  app.add_option("--model", options.model,
                 "Hugging Face directory of model type vit or deit; by default samples/models/vit or "
                 "../shared/models/deit-tiny-patch16-224 of the project");
  app.add_option("--device", options.device, "index or part of the name of a Vulkan device (fovea-info lists them)");
  app.add_option("--top", options.top, "how many classes to show, 5 by default")->check(CLI::PositiveNumber);
  app.add_option("--batch", options.batch, "photos a forward pass, 1 by default")->check(CLI::PositiveNumber);
  auto* json = app.add_flag("--json", options.json,
                            "one JSON object a photo and line; its milliseconds are the forward pass of its batch");
  app.add_flag("--logits", options.logits, "all logits in the JSON object")->needs(json);
  auto* attention =
      app.add_option("--attention", options.attention,
                     "writes the photo darkened where the class token does not look (attention rollout over all "
                     "layers) to OUT.png, with several photos to OUT-<stem>.png each")
          ->check([](const std::string& out) { return out.ends_with(".png") ? "" : out + " does not end in .png"; });
  attention->type_name("OUT.png");
  app.add_option("--layer", options.layer, "attention of this layer alone, the first is 1")
      ->check(CLI::PositiveNumber)
      ->needs(attention);
  try {
    app.parse(argc, argv);
    if (!options.attention.empty()) check_overlay_paths(options);
    const bool all_good = answer(options, find_model(options, argv[0]));
    return std::fflush(stdout) == 0 && all_good ? 0 : 1;
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem) == 0 ? 0 : 2;
  } catch (const UsageError& problem) {
    fmt::print(stderr, "vit: {}\n", problem.what());
    return 2;
  } catch (const std::exception& problem) {
    fmt::print(stderr, "vit: {}\n", problem.what());
    return 1;
  }
}
