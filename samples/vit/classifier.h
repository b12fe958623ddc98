// Images in, classes and overlays out, a batch at a time.
#pragma once

#include <fovea/attention_page.hpp>
#include <fovea/fovea.hpp>
#include <functional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "options.h"

class Classifier {
 public:
  // directory: of the model. Wrong usage: a layer that it does not have.
  Classifier(const Options& options, const std::string& directory);
  bool answer();  // all images; false when one of them could not be answered

 private:
  struct Input {
    std::string name;
    fovea::Image image;
    std::vector<float> pixels;  // (3, height, width)
  };
  void attempt(const std::string& image, const std::function<void()>& action);
  void run();  // the batch
  void print(const Input& input, std::span<const float> logits, double milliseconds) const;
  void print_json(const Input& input, std::span<const float> logits, double milliseconds) const;
  // The attention of an image of the batch, layer by layer: (heads, tokens, tokens) each.
  std::vector<std::span<const float>> layers_of(const fovea::ViTResult& result, size_t item) const;
  fovea::PatchGrid grid() const;
  fovea::Image overlay(const Input& input, const std::vector<std::span<const float>>& layers) const;
  fovea::ImageView view(const Input& input, const std::vector<std::span<const float>>& layers,
                        std::span<const float> logits) const;

  const Options& options_;
  fovea::Device device_;
  fovea::VisionTransformer model_;
  const fovea::ViTConfig& config_;
  fovea::Preprocessor preprocessor_;
  std::vector<Input> batch_;   // what waits until it is full
  std::set<size_t> compiled_;  // batch sizes
  std::vector<fovea::AttentionView> views_;
  bool all_good_ = true;
};
