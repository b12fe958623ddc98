// Gradients through Graph::grad beside PyTorch's: tools/make_golden_train recorded them in double precision.
#include <catch2/catch_test_macros.hpp>

#include "support/golden.h"

using namespace fovea;
using namespace fovea::test;

namespace {

const SafeTensors& recorded() {
  static const SafeTensors file(File(FOVEA_SOURCE_DIR "/tests/golden/train/ops.safetensors"));
  return file;
}

// A case of the file.
struct Case : GoldenCase {
  explicit Case(const std::string& name) : GoldenCase(recorded(), name) {}
};

}  // namespace

TEST_CASE("gradients of elementwise ops are PyTorch's") {
  Case sum("add"), product("mul"), rectified("relu"), exact("gelu"), tanh("gelu_tanh"), swish("silu");
  sum.check(add(sum("a"), sum("b")), kRow);
  product.check(mul(product("a"), product("b")), kRow);
  rectified.check(relu(rectified("x")), kExact);
  exact.check(gelu(exact("x")), kRow);
  tanh.check(gelu_tanh(tanh("x")), kRow);
  swish.check(silu(swish("x")), kRow);
}

TEST_CASE("gradients of reductions are PyTorch's") {
  Case summed("sum"), averaged("mean"), largest("max");
  summed.check(fovea::sum(summed("x"), 1), kRow);
  averaged.check(mean(averaged("x"), 2), kRow);
  largest.check(fovea::max(largest("x"), 1), kExact);
}

TEST_CASE("gradients of ops on rows are PyTorch's") {
  Case weights("softmax"), logs("log_softmax"), norm("layer_norm");
  const Tensor x = weights("x"), lengths = weights.whole("lengths");
  weights.check(softmax(x, {.scale = 0.7f, .lengths = lengths}), kRow);
  logs.check(log_softmax(logs("x")), kRow);
  const Tensor a = norm("x"), residual = norm("residual"), gain = norm("gain"), shift = norm("shift");
  norm.check(layer_norm(a, gain, shift, {.eps = 1e-5f, .residual = residual}), kRow);
}

TEST_CASE("gradients of products are PyTorch's") {
  Case plain("matmul"), fused("matmul_gelu"), linear("linear");
  const Tensor left = plain("a");
  plain.check(matmul(left, plain("b")), kProduct);
  const Tensor a = fused("a"), b = fused("b"), bias = fused("bias"), residual = fused("residual");
  fused.check(matmul(a, b, {.bias = bias, .activation = Activation::gelu, .residual = residual}), kProduct);
  const Tensor x = linear("x"), w = linear("w"), shift = linear("b");
  linear.check(matmul(x, transpose(w), {.bias = shift}), kProduct);
}

TEST_CASE("gradients of a convolution by patches are PyTorch's") {
  Case convolution("patches");
  const Tensor x = convolution("x"), w = convolution("w"), b = convolution("b");
  convolution.check(matmul(patches(x, 4), transpose(reshape(w, {5, 48})), {.bias = b}), kProduct);
}

TEST_CASE("gradients of embedding and cross_entropy are PyTorch's") {
  Case rows("embedding"), loss("cross_entropy");
  const Tensor table = rows("x"), ids = rows.whole("ids");
  rows.check(embedding(table, ids), kRow);
  const Tensor logits = loss("x"), labels = loss.whole("ids");
  loss.check(cross_entropy(logits, labels, {.smoothing = 0.1f, .ignored = 2}).loss, kRow);
}

TEST_CASE("gradients through a chain of views are PyTorch's") {
  Case views("views");
  const Tensor x = permute(slice(views("x"), 1, 1, 3), {2, 0, 1});  // (6, 2, 3)
  const Tensor y = mul(slice(x, 0, 0, 3), slice(x, 0, 3, 3));       // (3, 2, 3)
  const Tensor joined = reshape(concat({y, slice(x, 0, 2, 2)}, 0), {5, 6});
  views.check(expand(pad(joined, 0, 1, 2), {2, 8, 6}), kRow);
}

TEST_CASE("gradients of attention are PyTorch's") {
  Case plain("attention"), causal("attention_causal"), cut("attention_lengths");
  Tensor q = plain("q"), k = plain("k"), v = plain("v");
  plain.check(attention(q, k, v).out, kProduct);
  q = causal("q"), k = causal("k"), v = causal("v");
  causal.check(attention(q, k, v, {.causal = true}).out, kProduct);
  q = cut("q"), k = cut("k"), v = cut("v");
  cut.check(attention(q, k, v, {.scale = 0.5f, .lengths = cut.whole("lengths")}).out, kProduct);
}

TEST_CASE("gradients of attention with a bias are PyTorch's") {
  Case biased("attention_bias");
  const Tensor q = biased("q"), k = biased("k"), v = biased("v"), bias = biased("bias");
  const AttentionOptions options{.causal = true, .lengths = biased.whole("lengths"), .bias = bias};
  biased.check(attention(q, k, v, options).out, kProduct);
}
