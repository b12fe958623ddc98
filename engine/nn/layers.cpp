#include "core/check.h"
#include "core/panels.h"
#include "nn/heads.h"

namespace fovea {
namespace {

State vector_state(Device& device, std::span<const float> values) {
  State state(device, {int64_t(values.size())});
  state.write(values);
  return state;
}

}  // namespace

Tensor Dropout::operator()(Tensor x) const {
  if (rate == 0) return x;
  FOVEA_CHECK(generator, "dropout: a rate of ", rate, " without a generator");
  return dropout(x, rate, *generator);
}

Linear::Linear(Device& device, int64_t out, int64_t in, std::span<const float> weight,
               std::span<const float> bias, Use use)
    : weight_(use == Use::training ? State(device, {out, in})
                                   : State(device, {in, out}, DType::f32, Layout::panels)) {
  FOVEA_CHECK(int64_t(weight.size()) == out * in, "linear: ", weight.size(), " weights for (", out, ", ", in,
              ")");
  FOVEA_CHECK(bias.empty() || int64_t(bias.size()) == out, "linear: ", bias.size(), " biases for ", out,
              " outputs");
  if (use == Use::training) {
    weight_.write(weight);
  } else {
    weight_.write(pack_panels(weight, in, out, 1, in));
  }
  if (!bias.empty()) bias_ = vector_state(device, bias);
}

Tensor Linear::operator()(Tensor x, MatmulOptions options) const {
  FOVEA_CHECK(!options.bias, "linear: has a bias of its own");
  if (bias_) options.bias = x.graph->use(*bias_, "bias");
  const Tensor weight = x.graph->use(weight_, "weight");
  return matmul(x, weight_.layout() == Layout::panels ? weight : transpose(weight), options);
}

void Linear::parameters(const std::string& name, Parameters& to) {
  to.push_back({name + ".weight", &weight_});
  if (bias_) to.push_back({name + ".bias", &*bias_, false});
}

LayerNorm::LayerNorm(Device& device, std::span<const float> weight, std::span<const float> bias, float eps)
    : LayerNorm(vector_state(device, weight), vector_state(device, bias), eps) {}

LayerNorm::LayerNorm(State weight, State bias, float eps)
    : weight_(std::move(weight)), bias_(std::move(bias)), eps_(eps) {}

Tensor LayerNorm::operator()(Tensor x, Tensor residual) const {
  return layer_norm(x, x.graph->use(weight_, "weight"), x.graph->use(bias_, "bias"),
                    {.eps = eps_, .residual = residual});
}

void LayerNorm::parameters(const std::string& name, Parameters& to) {
  to.push_back({name + ".weight", &weight_, false});
  to.push_back({name + ".bias", &bias_, false});
}

FeedForward::FeedForward(Linear up, Linear down, Activation activation)
    : up_(std::move(up)), down_(std::move(down)), activation_(activation) {}

Tensor FeedForward::operator()(Tensor x, Tensor residual, const Dropout& dropout) const {
  return added(&down_, up_(x, {.activation = activation_}), residual, dropout);
}

void FeedForward::parameters(const std::string& name, Parameters& to) {
  up_.parameters(name + ".up", to);
  down_.parameters(name + ".down", to);
}

}  // namespace fovea
