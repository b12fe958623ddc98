// Figures: heatmaps of matrices, lines and dots over axes, and sheets of images, with titles, labels and
// tokens in any script. They are written as PNG or as SVG, by the ending of the path, whole or not at all; in
// SVG text is outlines. The same call writes the same bytes where the same fonts are. Of fovea_viz.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "fovea/image.hpp"

namespace fovea FOVEA_API {

struct FigureOptions {
  std::string xlabel, ylabel;               // of every matrix of the last row, and of the first column
  std::vector<std::string> titles;          // one a matrix in row order, or one a column; or none
  std::vector<std::string> xticks, yticks;  // one a key, one a query; none: numbers. Long ones are turned
  double width = 2.5, height = 2.5;         // of one matrix, inches
  double scale = 1;                         // pixels of a PNG: 100 * scale an inch
  Colormap colormap = Colormap::reds;
  // Ends of the colour scale; none: 0, or the least value where that is below 0, and the largest value.
  std::optional<double> low = {}, high = {};
  std::string font;  // a file that comes before what fontconfig finds for each script
};

// rows x columns matrices beside each other, all on one colour scale, which stands on the right.
struct Matrices {
  int64_t rows = 1, columns = 1, queries = 0, keys = 0;
  std::vector<float> values;  // (rows, columns, queries, keys)
};

// Queries go down, keys to the right. Error: sizes that do not fit, a value that is not finite or not on the
// colour scale.
void show_heatmaps(const std::filesystem::path& path, const Matrices& matrices,
                   const FigureOptions& options = {});

struct Series {
  std::string name;          // in the legend, if it has one
  std::vector<double> x, y;  // as many of both; what is not finite or beyond 1e100 is a gap
  bool points = false;       // dots instead of a line
};

struct PlotOptions {
  std::string title, xlabel, ylabel;
  bool log_x = false, log_y = false;
  double width = 5, height = 3.5;  // of the plot inside its axes, inches
  double scale = 1;
  std::string font;
};

// Error: no series, sizes that do not fit, a value that a logarithm does not take.
void show_plot(const std::filesystem::path& path, std::span<const Series> series,
               const PlotOptions& options = {});

// rows x columns images beside each other.
struct ImageSheet {
  int64_t rows = 1, columns = 1;
  std::vector<Image> images;  // row after row
};

struct SheetOptions {
  std::vector<std::string> titles;  // of the columns, above them; or none
  std::vector<std::string> names;   // of the rows, on their left; or none
  double side = 1;                  // of an image, the longer one, inches
  double scale = 1;
  std::string font;
};

// Pixels of small images are squares. Error: sizes that do not fit.
void show_images(const std::filesystem::path& path, const ImageSheet& sheet,
                 const SheetOptions& options = {});

}  // namespace fovea
