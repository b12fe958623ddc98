#include "images.h"

#include <algorithm>
#include <filesystem>
#include <fovea/fovea.hpp>
#include <sstream>
#include <utility>
#include <vector>

#include "core/check.h"

namespace fovea {
namespace {

namespace fs = std::filesystem;

struct Picture {
  fs::path file;
  uint32_t label;
};

// Sorted; without those whose names start with a point.
std::vector<fs::path> entries(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator each(folder, error), end; !error && each != end; each.increment(error))
    if (!each->path().filename().string().starts_with('.')) found.push_back(each->path());
  FOVEA_CHECK(!error, folder.string(), ": ", error.message());
  std::ranges::sort(found);
  return found;
}

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
  Device device({.name = settings.device});
  VisionTransformer model(device, settings.model);
  const ViTConfig& config = model.config();
  FOVEA_CHECK(!config.labels.empty(), settings.model, ": a model without a classifier");
  const Preprocessor steps = Preprocessor::for_model(settings.model, config.width, config.height);
  FOVEA_CHECK(steps.width() == config.width && steps.height() == config.height && config.channels == 3,
              settings.model, ": pictures become 3 x ", steps.height(), " x ", steps.width(),
              ", the model takes ", config.channels, " x ", config.height, " x ", config.width);

  ImageAccuracy made{.top1 = {0, 0}, .top5 = {0, 0}, .device = device.info().name};
  std::vector<Picture> pictures;
  for (const fs::path& folder : entries(settings.folder)) {
    if (!fs::is_directory(folder)) continue;
    const uint32_t label = label_of(folder, config.labels);
    for (const fs::path& file : entries(folder)) pictures.push_back({file, label});
    ++made.folders;
  }
  FOVEA_CHECK(!pictures.empty(), settings.folder, ": no pictures in ", made.folders, " class folders");

  std::vector<float> pixels;    // (batch, 3, height, width)
  std::vector<uint32_t> right;  // (batch)
  for (size_t i = 0; i < pictures.size(); ++i) {
    const std::vector<float> one = steps.pixels(load_image(pictures[i].file));
    pixels.insert(pixels.end(), one.begin(), one.end());
    right.push_back(pictures[i].label);
    if (int64_t(right.size()) < settings.batch && i + 1 < pictures.size()) continue;
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
