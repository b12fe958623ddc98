#include "images.h"

#include <filesystem>
#include <fovea/fovea.hpp>
#include <sstream>
#include <utility>
#include <vector>

#include "core/check.h"

namespace fovea {
namespace {

namespace fs = std::filesystem;

std::string plain(std::string name) {  // Tabby_cat -> tabby cat
  for (char& c : name) c = c == '_' ? ' ' : c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c;
  return name;
}

// "tench, Tinca tinca" has the names tench and tinca tinca.
bool has_name(const std::string& label, const std::string& name) {
  std::istringstream names(label);
  for (std::string each; std::getline(names >> std::ws, each, ',');)
    if (plain(each) == name) return true;
  return false;
}

// The label that is the folder's name, else the one that has it among its names.
uint32_t label_of(const fs::path& folder, const std::vector<std::string>& labels) {
  const std::string name = folder.filename().string();
  std::vector<uint32_t> found;
  for (uint32_t i = 0; i < labels.size(); ++i)
    if (labels[i] == name) found.push_back(i);
  const bool is_label = !found.empty();
  for (uint32_t i = 0; i < labels.size() && !is_label; ++i)
    if (plain(labels[i]) == plain(name) || has_name(labels[i], plain(name))) found.push_back(i);
  FOVEA_CHECK(!found.empty(), folder.string(), ": none of the model's ", labels.size(), " labels (",
              labels.front(), ", ..) has this name");
  FOVEA_CHECK(found.size() == 1, folder.string(), ": the labels \"", labels[found[0]], "\" and \"",
              labels[found[1]], "\" have this name");
  return found[0];
}

}  // namespace

ImageAccuracy image_accuracy(const ImageSettings& settings) {
  Device device({.name = settings.device, .cache = cache_folder()});
  VisionTransformer model(device, settings.model);
  const ViTConfig& config = model.config();
  FOVEA_CHECK(!config.labels.empty(), settings.model, ": a model without a classifier");
  const Preprocessor steps = Preprocessor::for_model(settings.model, config.width, config.height);
  FOVEA_CHECK(steps.width() == config.width && steps.height() == config.height && config.channels == 3,
              settings.model, ": images become 3 x ", steps.height(), " x ", steps.width(),
              ", the model takes ", config.channels, " x ", config.height, " x ", config.width);

  ImageAccuracy made{.top1 = {0, 0}, .top5 = {0, 0}, .device = device.info().name};
  const ImageFolder images(settings.folder, {.memory = 0});  // each is read once
  std::vector<uint32_t> labels;                              // of the model, for each class
  for (const std::string& name : images.classes())
    labels.push_back(label_of(fs::path(settings.folder) / name, config.labels));
  made.folders = labels.size();

  std::vector<float> pixels;    // (batch, 3, height, width)
  std::vector<uint32_t> right;  // (batch)
  for (int64_t i = 0; i < images.size(); ++i) {
    const std::vector<float> one = steps.pixels(images.image(i));
    pixels.insert(pixels.end(), one.begin(), one.end());
    right.push_back(labels[images.label(i)]);
    if (int64_t(right.size()) < settings.batch && i + 1 < images.size()) continue;
    const std::vector<float> logits = model.run(pixels, int64_t(right.size())).logits;
    for (const auto& [sum, k] : {std::pair(&made.top1, 1), std::pair(&made.top5, 5)}) {
      const Ratio hits = top_k_accuracy(logits, right, size_t(k));
      sum->part += hits.part, sum->whole += hits.whole;
    }
    pixels.clear();
    right.clear();
  }
  return made;
}

}  // namespace fovea
