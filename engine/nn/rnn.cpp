#include "fovea/rnn.hpp"

#include "core/check.h"
#include "core/panels.h"
#include "core/random.h"

namespace fovea {
namespace {

// weight: (out, in)
State matrix_state(Device& device, const std::vector<float>& weight, int64_t out, int64_t in, Use use) {
  FOVEA_CHECK(int64_t(weight.size()) == out * in, "rnn: ", weight.size(), " weights for (", out, ", ", in,
              ")");
  State state =
      use == Use::training ? State(device, {out, in}) : State(device, {in, out}, DType::f32, Layout::panels);
  if (use == Use::training) {
    state.write(weight);
  } else {
    state.write(pack_panels(weight, in, out, 1, in));
  }
  return state;
}

State bias_state(Device& device, const std::vector<float>& bias, int64_t out) {
  FOVEA_CHECK(int64_t(bias.size()) == out, "rnn: ", bias.size(), " biases for ", out, " outputs");
  State state(device, {out});
  state.write(bias);
  return state;
}

void check_config(const RnnConfig& c) {
  FOVEA_CHECK(c.in >= 1 && c.width >= 1 && c.layers >= 1, "rnn: in ", c.in, ", width ", c.width, ", layers ",
              c.layers, ", each must be at least 1");
}

}  // namespace

std::string rnn_suffix(const RnnConfig& config, int64_t layer) {
  return concat("_l", layer / config.directions(), layer % config.directions() == 1 ? "_reverse" : "");
}

Rnn::Rnn(Device& device, const RnnConfig& config, const std::vector<Weights>& weights, Use use)
    : config_(config) {
  check_config(config);
  const int64_t count = config.layers * config.directions(), gates = gates_of(config.cell) * config.width;
  FOVEA_CHECK(int64_t(weights.size()) == count, "rnn: weights of ", weights.size(), " for ", config.layers,
              " layers in ", config.directions(), " directions");
  for (int64_t i = 0; i < count; ++i) {
    const Weights& w = weights[size_t(i)];
    layers_.push_back(
        {.input = matrix_state(device, w.input, gates, config.in_of(i / config.directions()), use),
         .hidden = matrix_state(device, w.hidden, gates, config.width, use),
         .input_bias = bias_state(device, w.input_bias, gates),
         .hidden_bias = bias_state(device, w.hidden_bias, gates)});
  }
}

std::vector<Rnn::Weights> Rnn::fresh(const RnnConfig& config, uint64_t seed) {
  check_config(config);
  const int64_t gates = gates_of(config.cell) * config.width;
  uint64_t stream = 0;
  const auto values = [&](int64_t count) {
    Random random(seed, {kRandomWeights, stream++});
    return uniform_values(uint64_t(count), fan_in_limit(config.width), random);
  };
  std::vector<Weights> weights;
  for (int64_t i = 0; i < config.layers * config.directions(); ++i) {
    Weights& w = weights.emplace_back();
    w.input = values(gates * config.in_of(i / config.directions()));
    w.hidden = values(gates * config.width);
    w.input_bias = values(gates);
    w.hidden_bias = values(gates);
  }
  return weights;
}

// What all steps add to their gates is one product: x (steps, batch, in) -> (steps, batch, gates * width)
Tensor Rnn::input_gates(const Layer& layer, Tensor x) const {
  const Tensor input = x.graph->use(layer.input, "weight_ih");
  const bool panels = layer.input.layout() == Layout::panels;
  return matmul(x, panels ? input : transpose(input), {.bias = x.graph->use(layer.input_bias, "bias_ih")});
}

Rnn::Step Rnn::run(const Layer& layer, Tensor gates, const RecurrentOptions& options) const {
  const Tensor hidden = gates.graph->use(layer.hidden, "weight_hh");
  const Tensor bias = gates.graph->use(layer.hidden_bias, "bias_hh");
  if (config_.cell == Cell::gru) {
    const Gru made = gru(gates, hidden, bias, options);
    return {.out = made.out, .last = made.last, .cell = {}};
  }
  const Lstm made = lstm(gates, hidden, bias, options);
  return {.out = made.out, .last = made.last, .cell = made.cell};
}

// gates: those of the first layer where they are made already, and x is absent.
Rnn::Result Rnn::layers(Tensor x, Tensor gates, const Options& options) const {
  const auto start = [&](const std::vector<Tensor>& from, size_t i) {
    FOVEA_CHECK(from.empty() || from.size() == layers_.size(), "rnn: a start of ", from.size(),
                " states for ", layers_.size());
    return from.empty() ? Tensor() : from[i];
  };
  Result made;
  for (size_t i = 0; i < layers_.size();) {
    std::vector<Tensor> outs;
    for (int64_t direction = 0; direction < config_.directions(); ++direction, ++i) {
      const Step step = run(layers_[i], i == 0 && gates ? gates : input_gates(layers_[i], x),
                            {.start = start(options.start.h, i),
                             .start_cell = start(options.start.c, i),
                             .lengths = options.lengths,
                             .reverse = direction == 1});
      outs.push_back(step.out);
      made.state.h.push_back(step.last);
      if (step.cell) made.state.c.push_back(step.cell);
    }
    x = outs.size() == 1 ? outs[0] : concat(outs, 2);  // (steps, batch, out())
    if (i < layers_.size()) x = options.dropout(x);
  }
  made.out = x;
  return made;
}

Rnn::Result Rnn::operator()(Tensor x, const Options& options) const {
  FOVEA_CHECK(x.shape().rank() == 3 && x.shape()[2] == config_.in, "rnn: x ", x.shape(),
              ", needs (steps, batch, ", config_.in, ")");
  return layers(x, {}, options);
}

Rnn::Result Rnn::step(Tensor x, const RnnState& start, const Dropout& dropout) const {
  FOVEA_CHECK(!config_.bidirectional, "rnn: a step of a network that goes backwards too");
  const Shape& s = x.shape();  // (batch, in)
  FOVEA_CHECK(s.rank() == 2, "rnn: a step of x ", s, ", needs (batch, ", config_.in, ")");
  Result made = (*this)(reshape(x, {1, s[0], s[1]}), {.start = start, .dropout = dropout});
  made.out = reshape(made.out, {s[0], config_.width});
  return made;
}

Rnn::Rear Rnn::rear_gates(Tensor x) const {
  const Layer& first = layers_.front();
  const int64_t rear = x.shape().back();
  FOVEA_CHECK(first.input.layout() == Layout::rows && !config_.bidirectional && rear < config_.in,
              "rnn: gates of ", rear, " of ", config_.in,
              " columns, needs a network for training that goes forwards, and some columns in front");
  const Tensor weight = slice(x.graph->use(first.input, "weight_ih"), 1, config_.in - rear, rear);
  return {matmul(x, transpose(weight), {.bias = x.graph->use(first.input_bias, "bias_ih")}), rear};
}

Rnn::Result Rnn::step(Tensor x, const Rear& rear, const RnnState& start, const Dropout& dropout) const {
  const Layer& first = layers_.front();
  const int64_t front = x.shape().back(), batch = x.shape()[0];
  FOVEA_CHECK(x.shape().rank() == 2 && front + rear.columns == config_.in, "rnn: front columns ", x.shape(),
              " beside ", rear.columns, " rear ones, needs (batch, ", config_.in - rear.columns, ")");
  const Tensor weight = slice(x.graph->use(first.input, "weight_ih"), 1, 0, front);
  const Tensor gates = matmul(x, transpose(weight), {.residual = rear.gates});  // (batch, gates * width)
  Result made =
      layers({}, reshape(gates, {1, batch, gates.shape()[1]}), {.start = start, .dropout = dropout});
  made.out = reshape(made.out, {batch, config_.width});
  return made;
}

void Rnn::parameters(const std::string& name, Parameters& to) {
  for (size_t i = 0; i < layers_.size(); ++i) {
    const std::string suffix = rnn_suffix(config_, int64_t(i));
    Layer& layer = layers_[i];
    to.push_back({concat(name, ".weight_ih", suffix), &layer.input});
    to.push_back({concat(name, ".weight_hh", suffix), &layer.hidden});
    to.push_back({concat(name, ".bias_ih", suffix), &layer.input_bias, false});
    to.push_back({concat(name, ".bias_hh", suffix), &layer.hidden_bias, false});
  }
}

}  // namespace fovea
