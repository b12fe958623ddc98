// The slides: each prints its shapes and its numbers beside those of a plain computation, and draws.
#pragma once

#include <fovea/fovea.hpp>

#include "../common/sample.h"

struct Slides {
  Sample& sample;
  fovea::Device& device;

  std::string picture(const std::string& name) const { return (sample.out / name).string(); }
  bool draws() const { return !sample.out.empty(); }
};

void convolution_slides(Slides& slides);  // 5 and 6
void attention_slides(Slides& slides);    // 9 to 15
// 16 to 19, of a ViT's directory and a photo.
void vision_slides(Slides& slides, const std::string& model, const std::string& photo);
