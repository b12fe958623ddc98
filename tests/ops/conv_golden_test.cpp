// Convolution, batch normalisation and pooling beside PyTorch's, as tools/make_golden_conv recorded them.
#include <catch2/catch_test_macros.hpp>

#include "support/check.h"
#include "support/golden.h"
#include "support/gradient.h"

using namespace fovea;
using namespace fovea::test;

namespace {

const SafeTensors& recorded() {
  static const SafeTensors file(File(FOVEA_SOURCE_DIR "/tests/golden/conv/ops.safetensors"));
  return file;
}

struct Case : GoldenCase {
  explicit Case(const std::string& name) : GoldenCase(recorded(), name) {}
};

void check_conv(const std::string& name, Conv2dOptions options) {
  Case c(name);
  const Tensor x = c("x"), w = c("w");
  options.bias = c("b");
  c.check(conv2d(x, w, options), kProduct);
}

}  // namespace

TEST_CASE("convolutions and their gradients are PyTorch's") {
  check_conv("conv", {.padding = {1, 1}});
  check_conv("conv_strided", {.stride = {2, 3}, .padding = {1, 0}});
  check_conv("conv_dilated", {.stride = {2, 2}, .padding = {0, 3}, .dilation = {3, 2}});
  check_conv("conv_grouped", {.padding = {1, 1}, .groups = 3});
  check_conv("conv_pointwise", {.stride = {2, 2}});
  check_conv("conv_relu", {.padding = {2, 2}, .activation = Activation::relu});
}

TEST_CASE("pooling and its gradients are PyTorch's") {
  Case largest("max_pool"), oblong("max_pool_oblong"), mean("avg_pool"), counted("avg_pool_counted");
  largest.check(max_pool2d(largest("x"), {.kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1}}), kRow);
  oblong.check(max_pool2d(oblong("x"), {.kernel = {2, 3}, .stride = {3, 1}}), kRow);
  mean.check(avg_pool2d(mean("x"), {.kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1}}), kRow);
  const Pool2dOptions options{.kernel = {3, 4}, .stride = {1, 3}, .padding = {1, 2}, .counts_padding = false};
  counted.check(avg_pool2d(counted("x"), options), kRow);
}

TEST_CASE("batch normalisation, its gradients and running statistics are PyTorch's") {
  for (const char* name : {"norm", "norm_rows", "norm_fixed"}) {
    INFO(name);
    Case c(name);
    const int64_t channels = c.shape("mean")[0];
    State mean(device(), {channels}), variance(device(), {channels});
    mean.write(c.values("mean"));
    variance.write(c.values("variance"));
    const Tensor x = c("x"), w = c("w"), b = c("b");
    BatchNormOptions options{.eps = 1e-3f};
    if (name == std::string("norm_fixed")) {
      options.mean = c.graph().use(mean);
      options.variance = c.graph().use(variance);
    }
    c.check(batch_norm(x, w, b, options), kProduct);
    if (options.mean) continue;

    Graph graph;
    const Tensor again = graph.input(x.shape()), one = graph.input({channels});
    options.running_mean = &mean;
    options.running_variance = &variance;
    options.momentum = 0.3f;
    Plan plan(device(), graph, {batch_norm(again, one, one, options)});
    plan.write(again, c.values("x"));
    plan.write(one, std::vector<float>(size_t(channels), 1.0f));
    plan.run();
    check_close(mean.read(), widened(c.values("new_mean")), kRow);
    check_close(variance.read(), widened(c.values("new_variance")), kRow);
  }
}
