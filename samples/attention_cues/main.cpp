// attention_cues: weights of attention are probabilities, a row of them for each query, and how they look.
//
//   attention_cues [--out DIR]
//
// What a query attends to is a row of weights over the keys, none below 0, all together 1; softmax makes such
// a row of any scores. The simplest weights are one key a query: the identity matrix. Here a random 10 x 10
// matrix becomes weights, and every row's sum is checked. Softmax over the wrong axis is a common slip, for
// the picture looks much the same: but then the columns sum to 1, and what a query gets is no mean of the
// values.
//
// With --out: identity.png (the identity matrix), scores.png, and weights.png (theirs, and the slip beside
// it).
#include <algorithm>
#include <fovea/figure.hpp>
#include <fovea/fovea.hpp>
#include <random>

#include "../common/sample.h"

namespace {

constexpr int64_t kSize = 10;

struct Sums {
  double worst = 0;              // how far a row's sum is from 1 at most
  double least = 1e9, most = 0;  // of the rows' sums
};
Sums sums_of_rows(const std::vector<float>& matrix) {
  Sums sums;
  for (int64_t row = 0; row < kSize; ++row) {
    double sum = 0;
    for (int64_t column = 0; column < kSize; ++column) sum += double(matrix[size_t(row * kSize + column)]);
    sums.worst = std::max(sums.worst, std::abs(sum - 1));
    sums.least = std::min(sums.least, sum);
    sums.most = std::max(sums.most, sum);
  }
  return sums;
}

void draw(const Sample& sample, const std::vector<float>& scores, const std::vector<float>& weights,
          const std::vector<float>& slip) {
  std::vector<float> identity(kSize * kSize, 0);
  for (int64_t i = 0; i < kSize; ++i) identity[size_t(i * kSize + i)] = 1;
  const fovea::FigureOptions labels{.xlabel = "Keys", .ylabel = "Queries"};
  fovea::show_heatmaps(sample.out / "identity.png", {1, 1, kSize, kSize, identity}, labels);

  fovea::show_heatmaps(sample.out / "scores.png", {1, 1, kSize, kSize, scores}, labels);

  fovea::Matrices both{1, 2, kSize, kSize, weights};
  both.values.insert(both.values.end(), slip.begin(), slip.end());
  fovea::show_heatmaps(
      sample.out / "weights.png", both,
      {.xlabel = "Keys", .ylabel = "Queries", .titles = {"softmax of rows", "softmax of columns"}});
}

void show(Sample& sample) {
  std::mt19937 random(sample.seed);
  std::vector<float> scores(kSize * kSize);
  for (float& score : scores) score = float(random()) * 0x1p-32f;  // 0 to 1

  fovea::Device device({.name = sample.device, .cache = fovea::cache_folder()});
  fovea::Graph graph;
  const fovea::Tensor x = graph.input({kSize, kSize});
  const fovea::Tensor weights = fovea::softmax(x);  // over the last axis, the keys
  const fovea::Tensor slip = fovea::transpose(fovea::softmax(fovea::transpose(x)));  // over the queries
  fovea::Plan plan(device, graph, {weights, slip});
  plan.write(x, scores);
  plan.run();

  const std::vector<float> right = plan.read(weights), wrong = plan.read(slip);
  fmt::print("softmax over the keys, on {}\n", device.info().name);
  const Sums sums = sums_of_rows(right), slip_sums = sums_of_rows(wrong);
  sample.number("sums of rows, the least", sums.least, 1, 1e-6);
  sample.number("sums of rows, the most", sums.most, 1, 1e-6);
  sample.holds("no weight is below 0", *std::min_element(right.begin(), right.end()) >= 0);
  fmt::print("softmax over the queries: the slip\n");
  sample.number("slip: sums of rows, the least", slip_sums.least);
  sample.number("slip: sums of rows, the most", slip_sums.most);
  sample.holds("slip: rows do not sum to 1", slip_sums.worst > 0.01);
  if (!sample.out.empty()) draw(sample, scores, right, wrong);
}

}  // namespace

int main(int argc, char** argv) {
  return Sample("Weights of attention are probabilities, a row for each query.").run(argc, argv, show);
}
