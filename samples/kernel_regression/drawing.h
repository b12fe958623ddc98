// The pictures of kernel_regression, and what they show.
#pragma once

#include <cmath>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

using Floats = std::vector<float>;

struct Data {
  Floats x, y;  // examples, x in order
};

struct Prediction {
  Floats y, weights;  // (tests), (tests, examples)
  double error = 0;   // root of the mean square distance from the truth
};
using Predictions = std::vector<std::pair<std::string, Prediction>>;

inline float truth(float x) { return 2 * std::sin(x) + std::pow(x, 0.8f); }
Floats test_points();  // 0 to 4.9

// folder/name.png: the curves, with truth and examples; folder/name_weights.png: their weights.
void draw(const std::filesystem::path& folder, const std::string& name, const Data& data,
          const Predictions& made);
void draw_losses(const std::filesystem::path& path, const std::vector<double>& losses);
