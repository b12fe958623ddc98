// vit_attention: where a Vision Transformer looks on photos, head by head; and one that learns (Zhang et al.,
// Dive into Deep Learning, section 11.8).
//
//   vit_attention [--model DIR] [--layer L] [--patch ROW,COLUMN] [--out DIR] [IMAGE...]
//   vit_attention [--train STEPS | --data DIR --epochs N] [--e5] [--pool mean] [--image-size S] ...
//
// For each photo it prints what the model sees on it, and on which patch each head of a layer, their mean and
// the rollout over all layers look most: from the class token, or from the patch of --patch (from 1). With
// --out it draws these maps, the photo lit by the rollout, and attention.html, a page in which layers, heads
// and the patch are chosen. Then the chapter's block of attention is taken apart (inner width 512 for any
// width), and a small network is trained: on folders of class folders in --data, or on squares at ten places.
// Needs FOVEA_TRAINING.
#include <fovea/attention_page.hpp>
#include <fovea/figure.hpp>
#include <fovea/fovea.hpp>
#include <fovea/png.hpp>

#include "../common/sample.h"
#include "block.h"
#include "train.h"

namespace {

struct Options {
  std::string model = project_file("samples/models/vit");
  std::vector<std::string> images = {project_file("samples/images/kitten.jpg"),
                                     project_file("samples/images/duck.jpg")};
  int64_t layer = 0;           // from 1; 0: the last
  std::vector<int64_t> patch;  // row and column from 1; none: the class token
};

using Layers = std::vector<std::span<const float>>;  // (heads, tokens, tokens) each

// A map for each head of the layer, their mean, and the rollout: what the query looks at.
struct Maps {
  std::vector<std::string> names;
  std::vector<fovea::Heatmap> maps;
};

Maps maps_of(const Layers& layers, int64_t layer, int64_t query, const fovea::PatchGrid& grid) {
  const int64_t tokens = grid.tokens(), patches = grid.rows * grid.columns;
  const std::span<const float> weights = layers[size_t(layer)];
  const int64_t heads = int64_t(weights.size()) / (tokens * tokens);
  Maps made;
  fovea::Heatmap mean{grid.rows, grid.columns, std::vector<float>(size_t(patches))};
  for (int64_t head = 0; head < heads; ++head) {
    const auto row = weights.begin() + (head * tokens + query) * tokens + grid.prefix;
    made.names.push_back(fmt::format("head {}", head + 1));
    made.maps.push_back({grid.rows, grid.columns, {row, row + patches}});
    for (int64_t i = 0; i < patches; ++i) mean.weights[size_t(i)] += row[i] / float(heads);
  }
  made.names.insert(made.names.end(), {"mean", "rollout"});
  made.maps.push_back(std::move(mean));
  made.maps.push_back(fovea::attention_rollout(layers, grid, {.contrast = true, .query = query}));
  return made;
}

std::vector<std::string> numbers(int64_t count) {
  std::vector<std::string> names;
  for (int64_t i = 1; i <= count; ++i) names.push_back(std::to_string(i));
  return names;
}

// All maps, each divided by its largest weight; many in two rows.
void draw(const std::filesystem::path& path, const Maps& made) {
  const fovea::Heatmap& first = made.maps[0];
  const int64_t count = int64_t(made.maps.size()), down = count > 6 && count % 2 == 0 ? 2 : 1;
  fovea::Matrices matrices{down, count / down, first.rows, first.columns, {}};
  for (const fovea::Heatmap& map : made.maps) {
    const float largest = std::ranges::max(map.weights);
    for (const float weight : map.weights) matrices.values.push_back(largest > 0 ? weight / largest : 0);
  }
  fovea::show_heatmaps(path, matrices,
                       {.xlabel = "column",
                        .ylabel = "row",
                        .titles = made.names,
                        .xticks = numbers(first.columns),
                        .yticks = numbers(first.rows),
                        .width = 1.5,
                        .height = 1.5});
}

// How far the rows of a layer's weights are from summing to 1.
double worst_sum(std::span<const float> weights, int64_t tokens) {
  double worst = 0;
  for (auto row = weights.begin(); row != weights.end(); row += tokens) {
    double sum = 0;
    for (int64_t i = 0; i < tokens; ++i) sum += double(row[i]);
    worst = std::max(worst, std::abs(sum - 1));
  }
  return worst;
}

int64_t query_of(const Options& options, const fovea::PatchGrid& grid) {
  if (options.patch.empty()) return 0;
  const int64_t row = options.patch[0], column = options.patch[1];
  if (row < 1 || row > grid.rows || column < 1 || column > grid.columns)
    throw CLI::ValidationError("--patch",
                               fmt::format("{},{} of {} x {} patches", row, column, grid.rows, grid.columns));
  return grid.prefix + (row - 1) * grid.columns + column - 1;
}

// The most probable label, and with which probability.
std::pair<std::string, double> answer_of(const std::vector<float>& logits,
                                         const std::vector<std::string>& labels) {
  const size_t best = size_t(std::ranges::max_element(logits) - logits.begin());
  double sum = 0;
  for (const float logit : logits) sum += std::exp(double(logit) - double(logits[best]));
  return {labels[best], 1 / sum};
}

void look(Sample& sample, const Options& options, fovea::Device& device) {
  fovea::VisionTransformer model(device, options.model);
  const fovea::ViTConfig& config = model.config();
  const auto preprocessor = fovea::Preprocessor::for_model(options.model, config.width, config.height);
  const fovea::PatchGrid grid{config.height / config.patch, config.width / config.patch,
                              config.distillation ? 2 : 1};
  const int64_t layer = (options.layer == 0 ? config.depth : options.layer) - 1,
                query = query_of(options, grid);
  if (layer >= config.depth)
    throw CLI::ValidationError("--layer", fmt::format("{} of {}", options.layer, config.depth));
  std::vector<fovea::AttentionView> views;
  for (const std::string& name : options.images) {
    const std::string stem = std::filesystem::path(name).stem().string();
    const fovea::Image image = fovea::load_image(name);
    const fovea::ViTResult seen = model.run(preprocessor.pixels(image), 1, {.attentions = true});
    const Layers layers(seen.attentions.begin(), seen.attentions.end());
    const auto answer = answer_of(seen.logits, config.labels);
    fmt::print("{}: {} ({:.1f} %)\n", name, answer.first, 100 * answer.second);
    sample.number(stem + ": rows of weights, sum - 1", worst_sum(layers[size_t(layer)], grid.tokens()), 0,
                  1e-5);
    const Maps made = maps_of(layers, layer, query, grid);
    for (size_t i = 0; i < made.maps.size(); ++i) {
      const std::vector<float>& weights = made.maps[i].weights;
      const int64_t most = std::ranges::max_element(weights) - weights.begin();
      sample.number(fmt::format("{}: {} at row {} column {}", stem, made.names[i], most / grid.columns + 1,
                                most % grid.columns + 1),
                    double(weights[size_t(most)]));
    }
    if (sample.out.empty()) continue;
    draw(sample.out / (stem + "-heads.png"), made);
    fovea::write_png(sample.out / (stem + "-seen.png"),
                     fovea::overlay(image, made.maps.back(), preprocessor.seen(image)));
    fovea::ImageView view{.title = stem,
                          .image = image,
                          .grid = grid,
                          .seen = preprocessor.seen(image),
                          .layers = config.depth,
                          .heads = config.heads,
                          .query = query,
                          .answers = {answer}};
    for (const std::span<const float> weights : layers)
      view.weights.insert(view.weights.end(), weights.begin(), weights.end());
    views.push_back(std::move(view));
  }
  if (!views.empty())
    fovea::attention_page(sample.out / "attention.html", "What a Vision Transformer looks at", views);
}

}  // namespace

int main(int argc, char** argv) {
  Sample sample("Where a Vision Transformer looks on photos, and one that learns.");
  Options options;
  TrainOptions training;
  sample.app.add_option("IMAGE", options.images, "PNG, JPEG or BMP files");
  sample.app.add_option("--model", options.model, "Hugging Face directory, vit or deit")
      ->capture_default_str();
  sample.app.add_option("--layer", options.layer, "from 1; the last without it")->check(CLI::PositiveNumber);
  sample.app
      .add_option("--patch", options.patch, "row,column of the query, from 1; the class token without it")
      ->delimiter(',')
      ->expected(2);
  add_options(sample.app, training);
  return sample.run(argc, argv, [&](Sample& s) {
    fovea::Device device({.name = s.device, .cache = fovea::cache_folder()});
    look(s, options, device);
    take_apart(s, device);
    if (training.steps > 0 || training.epochs > 0) train(s, training, device);
  });
}
