#include "block.h"

#include <random>

namespace {

constexpr int64_t kWidth = 48, kHeads = 8, kHeadDim = 64, kInner = kHeads * kHeadDim, kTokens = 65;

std::vector<float> normal(const fovea::Shape& shape, std::mt19937& random, float deviation) {
  std::normal_distribution<float> draw(0, deviation);
  std::vector<float> values(shape.elements());
  for (float& value : values) value = draw(random);
  return values;
}

}  // namespace

void take_apart(Sample& sample, fovea::Device& device) {
  fovea::Graph graph;
  const fovea::Tensor x = graph.input({1, kTokens, kWidth});
  const fovea::Tensor gain = graph.input({kWidth}), shift = graph.input({kWidth});
  const fovea::Tensor w_qkv = graph.input({kWidth, 3 * kInner});  // without a bias
  const fovea::Tensor w_out = graph.input({kInner, kWidth}), b_out = graph.input({kWidth});

  // The normalisation is inside the block; heads * head_dim, 512, need not be the width.
  const fovea::Tensor qkv = matmul(layer_norm(x, gain, shift), w_qkv);  // (1, tokens, 3 * inner)
  const auto part = [&](int64_t which) {                                // (1, heads, tokens, head_dim)
    const fovea::Tensor all = slice(qkv, 2, which * kInner, kInner);
    return permute(reshape(all, {1, kTokens, kHeads, kHeadDim}), {0, 2, 1, 3});
  };
  const fovea::Tensor q = part(0), k = part(1), v = part(2);
  const fovea::Attention attended = attention(q, k, v);
  const fovea::Tensor weights = attention_weights(q, k, attended.lse);  // (1, heads, tokens, tokens)
  const fovea::Tensor merged = reshape(permute(attended.out, {0, 2, 1, 3}), {1, kTokens, kInner});
  const fovea::Tensor out = matmul(merged, w_out, {.bias = b_out, .residual = x});  // (1, tokens, width)
  // The same from the weights, as the chapter writes it.
  const fovea::Tensor slow = reshape(permute(matmul(weights, v), {0, 2, 1, 3}), {1, kTokens, kInner});
  const fovea::Tensor again = matmul(slow, w_out, {.bias = b_out, .residual = x});

  fovea::Plan plan(device, graph, {weights, out, again});
  std::mt19937 random(sample.seed);
  uint64_t parameters = 0;
  for (const fovea::Tensor tensor : {gain, shift, w_qkv, w_out, b_out}) {
    plan.write(tensor, normal(tensor.shape(), random, 0.1f));
    parameters += tensor.shape().elements();
  }
  plan.write(x, normal(x.shape(), random, 1));
  plan.run();

  const std::vector<float> one = plan.read(out), other = plan.read(again), rows = plan.read(weights);
  double worst = 0, sum = 0;
  for (size_t i = 0; i < one.size(); ++i) worst = std::max(worst, double(std::abs(one[i] - other[i])));
  for (const float weight : rows) sum += double(weight);
  fmt::print("the block of attention, width {}, {} heads of {}\n", kWidth, kHeads, kHeadDim);
  sample.number("block: inner width", double(merged.shape().back()), 512, 0);
  sample.number("block: width of what comes out", double(out.shape().back()), kWidth, 0);
  // Normalisation 2 w, q, k and v 3 w 512 without a bias, output 512 w + w.
  sample.number("block: parameters", double(parameters),
                2 * kWidth + 3 * kWidth * 512 + 512 * kWidth + kWidth, 0);
  sample.number("block: sum of all weights", sum, double(kHeads * kTokens), 1e-3);
  sample.number("block: fused and written out differ by", worst, 0, 1e-5);
}
