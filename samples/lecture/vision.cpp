// Slides 16 to 19: a picture's patches as words, and where a Vision Transformer looks.
#include <fovea/heatmap.hpp>
#include <fovea/png.hpp>

#include "plain.h"
#include "slides.h"

using namespace fovea;

namespace {

double sum_of(std::span<const float> numbers) {
  double sum = 0;
  for (const float each : numbers) sum += double(each);
  return sum;
}

}  // namespace

void vision_slides(Slides& slides, const std::string& directory, const std::string& file) {
  VisionTransformer model(slides.device, directory);
  const ViTConfig& config = model.config();
  if (config.labels.empty()) throw Error(directory + ": a model without a classifier");
  const Preprocessor eye = Preprocessor::for_model(directory, config.width, config.height);
  const Image photo = load_image(file);
  const ViTResult seen = model.run(eye.pixels(photo), 1, {.attentions = true});

  const PatchGrid grid{
      .rows = config.height / config.patch,
      .columns = config.width / config.patch,
      .prefix = config.tokens() - config.height / config.patch * (config.width / config.patch)};
  fmt::print("slide 16, 17: {} x {} pixels as {} x {} patches of {} x {}: a sentence of {} tokens\n",
             config.width, config.height, grid.rows, grid.columns, config.patch, config.patch,
             config.tokens());
  slides.sample.number("slide 17: tokens", double(grid.tokens()),
                       double(grid.prefix + config.height * config.width / (config.patch * config.patch)), 0);

  // Every row of every head is a share of attention: all of them sum to 1.
  double worst = 0;
  for (const std::vector<float>& layer : seen.attentions)
    for (size_t row = 0; row < layer.size(); row += size_t(config.tokens()))
      worst = std::max(worst, std::abs(1 - sum_of(std::span(layer).subspan(row, size_t(config.tokens())))));
  fmt::print("slide 18: an encoder alone, {} layers of {} heads\n", config.depth, config.heads);
  slides.sample.number("slide 18: worst sum of a row of weights", 1 + worst, 1, 1e-4);

  const Numbers logits(seen.logits.begin(), seen.logits.end());
  const size_t best = size_t(std::max_element(logits.begin(), logits.end()) - logits.begin());
  double odds = 0;
  for (const double each : logits) odds += std::exp(each - logits[best]);
  fmt::print("slide 19: {} is {} ({:.1f} %)\n", file, config.labels[best], 100 / odds);
  slides.sample.number("slide 19: probability of the answer", 1 / odds);
  const std::vector<std::span<const float>> layers(seen.attentions.begin(), seen.attentions.end());
  const Heatmap map = attention_rollout(layers, grid, {.contrast = true});
  if (slides.draws()) write_png(slides.picture("slide-19-photo.png"), overlay(photo, map, eye.seen(photo)));
}
