// Cases of convolutions: 3 x 3 taps, as many outputs as inputs, and the gradients of both operands.
#include "cases.h"

namespace fovea::bench {
namespace {

// A convolution as the product it is: outputs, inputs times taps, places of the batch.
Work convolution_work(double batch, double size, double channels) {
  const double image = batch * channels * size * size, weight = 9 * channels * channels;
  return {2 * image * 9 * channels, kElementBytes * (2 * image + weight)};
}

class ConvolutionCase : public Case {
 public:
  enum class Of : uint8_t { forward, x, weight };
  ConvolutionCase(Device& device, const char* case_name, Of of, const Sizes& sizes)
      : Case(case_name, join(sizes), convolution_work(double(sizes[0]), double(sizes[1]), double(sizes[2]))),
        of_(of),
        x_(random_state(device, {sizes[0], sizes[2], sizes[1], sizes[1]}, 1)),
        dy_(random_state(device, x_.shape(), 2)),
        weight_(random_state(device, {sizes[2], sizes[2], 3, 3}, 3)) {}
  Tensor step(Graph& graph, Tensor previous) const override {
    const bool forward = of_ == Of::forward;
    const Tensor x = previous && forward ? previous : graph.use(x_), weight = graph.use(weight_);
    const Tensor y = conv2d(x, weight, {.padding = {1, 1}});  // as x
    if (forward) return y;
    const Tensor dy = previous ? previous : graph.use(dy_);
    return graph.grad(y, {of_ == Of::x ? x : weight}, dy).front();
  }
  bool repeats() const override { return of_ != Of::weight; }

 private:
  Of of_;
  State x_, dy_, weight_;
};

}  // namespace

std::unique_ptr<Case> make_conv2d(Device& device, const Sizes& sizes) {
  return std::make_unique<ConvolutionCase>(device, "conv2d", ConvolutionCase::Of::forward, sizes);
}

std::unique_ptr<Case> make_conv2d_grad_x(Device& device, const Sizes& sizes) {
  return std::make_unique<ConvolutionCase>(device, "conv2d_grad_x", ConvolutionCase::Of::x, sizes);
}

std::unique_ptr<Case> make_conv2d_grad_weight(Device& device, const Sizes& sizes) {
  return std::make_unique<ConvolutionCase>(device, "conv2d_grad_weight", ConvolutionCase::Of::weight, sizes);
}

}  // namespace fovea::bench
