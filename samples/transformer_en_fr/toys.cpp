#include "toys.h"

using namespace fovea;

namespace {

// Weights of no importance: sines of their places, so that no two are alike.
Linear linear(Device& device, int64_t in, int64_t out, bool biased = true) {
  std::vector<float> weight(size_t(in * out)), bias(biased ? size_t(out) : 0);
  for (size_t i = 0; i < weight.size(); ++i) weight[i] = std::sin(float(i + 1)) / std::sqrt(float(in));
  for (size_t i = 0; i < bias.size(); ++i) bias[i] = std::cos(float(i));
  return Linear(device, out, in, weight, bias);
}

// Normalises all axes of `over` together, as it begins.
LayerNorm norm(Device& device, const Shape& over) {
  State weight(device, over), bias(device, over);
  weight.write(std::vector<float>(over.elements(), 1));
  return LayerNorm(std::move(weight), std::move(bias), 1e-5f);
}

// y for an input of ones.
std::vector<float> of_ones(Device& device, Graph& graph, Tensor x, Tensor y) {
  Plan plan(device, graph, {y});
  plan.write(x, std::vector<float>(x.shape().elements(), 1));
  plan.run();
  return plan.read(y);
}

// The same two layers at every place: three equal rows become three equal rows, and may change their width.
void show_feed_forward(Device& device, Sample& sample) {
  const FeedForward network(linear(device, 4, 4), linear(device, 4, 8), Activation::relu);
  Graph graph;
  const Tensor x = graph.input({2, 3, 4}), y = network(x);  // (2, 3, 8)
  const std::vector<float> values = of_ones(device, graph, x, y);
  bool equal = true;
  for (size_t i = 0; i < values.size(); ++i) equal = equal && values[i] == values[i % 8];
  sample.number("feed-forward: width of its result", double(y.shape().back()), 8, 0);
  sample.holds("feed-forward: all rows are equal", equal);
}

// Layer normalisation takes each row of [[1, 2], [2, 3]], batch normalisation each column.
void show_norms(Device& device, Sample& sample) {
  const LayerNorm layer = norm(device, {2});
  Graph graph;
  const Tensor x = graph.input({2, 2}), weight = graph.input({2}), bias = graph.input({2});
  const Tensor rows = layer(x), columns = batch_norm(x, weight, bias);
  Plan plan(device, graph, {rows, columns});
  plan.write(x, std::vector<float>{1, 2, 2, 3});
  plan.write(weight, std::vector<float>{1, 1});
  plan.write(bias, std::vector<float>{0, 0});
  plan.run();
  const std::vector<float> by_row = plan.read(rows), by_column = plan.read(columns);
  sample.number("layer norm of [[1, 2], [2, 3]]: [0][0]", double(by_row[0]), -1, 1e-4);
  sample.number("layer norm of [[1, 2], [2, 3]]: [0][1]", double(by_row[1]), 1, 1e-4);
  sample.number("batch norm of [[1, 2], [2, 3]]: [0][1]", double(by_column[1]), -1, 1e-4);
  sample.number("batch norm of [[1, 2], [2, 3]]: [1][0]", double(by_column[2]), 1, 1e-4);
}

// "Add and norm" over the last two axes, then a whole encoder layer whose norms take (tokens, width)
// together.
void show_encoder_layer(Device& device, Sample& sample) {
  const LayerNorm add_and_norm = norm(device, {3, 4});
  Graph small;
  const Tensor y = small.input({2, 3, 4}), added = add_and_norm(y, y);
  const std::vector<float> zeros = of_ones(device, small, y, added);
  sample.number("add and norm of ones: largest", double(*std::ranges::max_element(zeros)), 0, 1e-6);

  const EncoderLayer layer(
      norm(device, {100, 24}), SelfAttention(linear(device, 24, 72, false), linear(device, 24, 24, false), 8),
      norm(device, {100, 24}), FeedForward(linear(device, 24, 48), linear(device, 48, 24), Activation::relu),
      NormPlace::after);
  Graph graph;
  const Tensor x = graph.input({2, 100, 24}), lengths = graph.input({2}, DType::u32);
  const Tensor out = layer(x, {.attention = {.lengths = lengths}}).out;
  Plan plan(device, graph, {out});
  plan.write(x, std::vector<float>(4800, 1));
  plan.write(lengths, std::vector<uint32_t>{3, 2});
  plan.run();
  sample.holds("encoder layer: (2, 100, 24) stays (2, 100, 24)", out.shape() == Shape({2, 100, 24}));
  sample.holds("encoder layer: all numbers are finite",
               std::ranges::all_of(plan.read(out), [](float v) { return std::isfinite(v); }));
}

}  // namespace

void show_parts(Device& device, Sample& sample) {
  fmt::print("Parts of a Transformer\n");
  show_feed_forward(device, sample);
  show_norms(device, sample);
  show_encoder_layer(device, sample);
}
