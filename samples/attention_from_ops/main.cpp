// attention_from_ops: attention written out in single ops, checked against the fused op, and drawn.
//
//   attention_from_ops [OUT.png]
//
// Attention (Vaswani et al. 2017, section 3.2.1) is softmax(Q K^T / sqrt(d)) V: every query gives each key a
// weight, and takes the values by these weights. As three ops it can be looked into; as one op, attention(),
// the weights never lie in memory. Prints the steps of both plans and
//   worst difference of single ops and attention(): 6.0e-07
// and ends with status 1 where that is more than 1e-5. OUT.png (attention.png by default) shows the weights
// of the heads: a row for each query, a column for each key, darker for more.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <exception>
#include <fovea/figure.hpp>
#include <fovea/fovea.hpp>

namespace {

constexpr int64_t kHeads = 2, kTokens = 24, kHeadDim = 16;
constexpr float kWorst = 1e-5f;  // fp32 sums in another order differ by less

// Positions as sines and cosines of falling frequencies (section 3.5 of the same paper), times `size`: the
// nearer two positions, the larger their inner product. (1, heads, tokens, head_dim)
std::vector<float> positions(float size) {
  std::vector<float> values;
  for (int64_t head = 0; head < kHeads; ++head)
    for (int64_t token = 0; token < kTokens; ++token)
      for (int64_t i = 0; i < kHeadDim; ++i) {
        const float frequency = std::pow(100.0f, -float(i / 2 * 2) / float(kHeadDim));
        const float angle = float(token) * frequency;
        values.push_back(size * (i % 2 == 0 ? std::sin(angle) : std::cos(angle)));
      }
  return values;
}

// weights: (1, heads, tokens, tokens)
void draw(const std::vector<float>& weights, const char* path) {
  std::vector<std::string> titles;
  for (int64_t head = 1; head <= kHeads; ++head) titles.push_back("head " + std::to_string(head));
  fovea::show_heatmaps(path, {1, kHeads, kTokens, kTokens, weights},
                       {.xlabel = "keys", .ylabel = "queries", .titles = titles});
}

}  // namespace

int main(int count, char** arguments) try {
  fovea::Device device;
  const fovea::Shape shape{1, kHeads, kTokens, kHeadDim};

  fovea::Graph graph;
  const fovea::Tensor q = graph.input(shape, fovea::DType::f32, "q");
  const fovea::Tensor k = graph.input(shape, fovea::DType::f32, "k");
  const fovea::Tensor v = graph.input(shape, fovea::DType::f32, "v");

  // How well each query fits each key. A transposed tensor is a view: nothing is moved.
  const fovea::Tensor scores = fovea::matmul(q, fovea::transpose(k));  // (1, heads, tokens, tokens)
  // Every row becomes weights that sum to 1. Without the scale they would be all but 0 and 1 for a large d.
  const fovea::Tensor weights = fovea::softmax(scores, {.scale = 1 / std::sqrt(float(kHeadDim))});
  const fovea::Tensor from_ops = fovea::matmul(weights, v);  // (1, heads, tokens, head_dim)

  const fovea::Tensor fused = fovea::attention(q, k, v).out;  // the same, in one kernel

  // A plan computes what its outputs need and no more: the first one has no attention, the second only that.
  fovea::Plan single(device, graph, {weights, from_ops});
  fovea::Plan together(device, graph, {fused});
  std::printf("%s\n%s\n", single.print().c_str(), together.print().c_str());
  for (fovea::Plan* plan : {&single, &together}) {
    plan->write(q, positions(2));
    plan->write(k, positions(2));
    plan->write(v, positions(1));
    plan->run();
  }

  const std::vector<float> expected = single.read(from_ops), got = together.read(fused);
  float worst = 0;
  for (size_t i = 0; i < got.size(); ++i) worst = std::max(worst, std::abs(got[i] - expected[i]));
  std::printf("worst difference of single ops and attention(): %.1e\n", double(worst));

  const char* path = count > 1 ? arguments[1] : "attention.png";
  draw(single.read(weights), path);
  std::printf("weights of the heads: %s\n", path);
  return worst <= kWorst ? 0 : 1;
} catch (const std::exception& error) {
  std::fprintf(stderr, "attention_from_ops: %s\n", error.what());
  return 1;
}
