#include "drawing.h"

#include <fovea/figure.hpp>

Floats test_points() {
  Floats points;
  for (int i = 0; i < 50; ++i) points.push_back(float(i) * 0.1f);
  return points;
}

void draw(const std::filesystem::path& folder, const std::string& name, const Data& data,
          const Predictions& made) {
  const Floats points = test_points();
  const std::vector<double> x(points.begin(), points.end());
  std::vector<fovea::Series> curves{{.name = "truth", .x = x}};
  for (const float point : points) curves[0].y.push_back(double(truth(point)));
  fovea::Matrices weights{1, int64_t(made.size()), int64_t(points.size()), int64_t(data.x.size()), {}};
  fovea::FigureOptions labels{.xlabel = "training x, sorted", .ylabel = "test x, sorted"};
  for (const auto& [title, prediction] : made) {
    curves.push_back({.name = title, .x = x, .y = {prediction.y.begin(), prediction.y.end()}});
    weights.values.insert(weights.values.end(), prediction.weights.begin(), prediction.weights.end());
    labels.titles.push_back(title);
  }
  curves.push_back({.name = "examples",
                    .x = {data.x.begin(), data.x.end()},
                    .y = {data.y.begin(), data.y.end()},
                    .points = true});
  fovea::show_plot(folder / (name + ".png"), curves, {.xlabel = "x", .ylabel = "y"});
  fovea::show_heatmaps(folder / (name + "_weights.png"), weights, labels);
}

void draw_losses(const std::filesystem::path& path, const std::vector<double>& losses) {
  fovea::Series curve{.name = "loss", .y = losses};
  for (size_t i = 0; i < losses.size(); ++i) curve.x.push_back(double(i + 1));
  fovea::show_plot(path, std::span(&curve, 1), {.xlabel = "epoch", .ylabel = "loss"});
}
