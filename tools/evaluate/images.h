// How often a Vision Transformer finds the class of images.
#pragma once

#include <string>

#include "fovea/metrics.hpp"

namespace fovea {

struct ImageSettings {
  std::string folder;  // of class folders of images
  std::string model;   // a Hugging Face directory
  std::string device;
  int64_t batch = 16;
};
struct ImageAccuracy {
  size_t folders = 0;  // classes that have a folder
  Ratio top1, top5;    // of all images
  std::string device;
};

// Error: what ImageFolder rejects, or a folder that no label or several labels of the model name.
ImageAccuracy image_accuracy(const ImageSettings& settings);

}  // namespace fovea
