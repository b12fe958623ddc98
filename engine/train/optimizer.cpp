#include <algorithm>
#include <cmath>

#include "core/check.h"
#include "core/panels.h"
#include "fovea/train.hpp"
#include "train/updates.h"

namespace fovea {
namespace {

constexpr int64_t kAlignment = 16;  // elements: every parameter's moments start on a cache line

void check_options(const OptimizerOptions& o) {
  const auto check = [](const char* name, float value, bool fits, const char* rule) {
    FOVEA_CHECK(fits, "optimizer: ", name, " ", value, ", needs ", rule);
  };
  const auto decays = [&](const char* name, float v) { check(name, v, v >= 0 && v < 1, "0 to below 1"); };
  decays("beta1", o.beta1);
  decays("beta2", o.beta2);
  decays("momentum", o.momentum);
  decays("average", o.average);
  check("eps", o.eps, o.eps >= 0, "0 or more");
  check("weight_decay", o.weight_decay, o.weight_decay >= 0, "0 or more");
  check("clip", o.clip, o.clip >= 0, "0 or more");
  check("loss_scale", o.loss_scale, std::isnormal(o.loss_scale) && o.loss_scale > 0,
        "a normal number above 0");
}

}  // namespace

Optimizer::Optimizer(Device& device, Parameters parameters, const OptimizerOptions& options)
    : parameters_(std::move(parameters)),
      options_(options),
      device_(device),
      loss_scale_(options.loss_scale) {
  FOVEA_CHECK(!parameters_.empty(), "optimizer: no parameters");
  check_options(options);
  for (const Parameter& parameter : parameters_) {
    FOVEA_CHECK(parameter.state->layout() == Layout::rows, "optimizer: ", parameter.name, " ",
                parameter.state->shape(), " lies in panels; make the model for training");
    places_.push_back(elements_);
    elements_ += round_up(int64_t(parameter.state->shape().elements()), kAlignment);
  }
  first_.emplace(device, Shape{elements_});
  if (options.kind != OptimizerOptions::Kind::sgd) second_.emplace(device, Shape{elements_});
  if (options.average > 0) {
    average_.emplace(device, Shape{elements_});
    std::vector<float> weights(static_cast<size_t>(elements_));  // the average starts as the weights
    for (size_t i = 0; i < parameters_.size(); ++i)
      std::ranges::copy(parameters_[i].state->read(), weights.begin() + places_[i]);
    average_->write(weights);
  }
}

std::vector<Tensor> Optimizer::gradients(Tensor loss, Tensor control) const {
  FOVEA_CHECK(loss.shape().elements() == 1, "optimizer: loss ", loss.shape(), " is not one number");
  std::vector<Tensor> weights;
  for (const Parameter& parameter : parameters_)
    weights.push_back(loss.graph->use(*parameter.state, parameter.name));
  return loss.graph->grad(loss, weights, reshape(slice(control, 0, kLossScale, 1), loss.shape()));
}

Optimizer::Step Optimizer::update(Graph& graph, Tensor control, const std::vector<Tensor>& gradients) {
  const UpdateInputs inputs{.control = control, .norm = global_norm(gradients), .clip = options_.clip};
  for (const bool decays : {true, false}) {
    std::vector<Updated> group;
    for (size_t i = 0; i < parameters_.size(); ++i)
      if (parameters_[i].decay == decays) group.push_back({parameters_[i].state, gradients[i], places_[i]});
    if (group.empty()) continue;
    const float decay = decays ? options_.weight_decay : 0;
    if (options_.kind == OptimizerOptions::Kind::sgd) {
      sgd(group, inputs, *first_, {options_.momentum, decay, options_.nesterov});
    } else {
      const bool decoupled = options_.kind == OptimizerOptions::Kind::adamw;
      adam(group, inputs, *first_, *second_,
           {options_.beta1, options_.beta2, options_.eps, decay, decoupled});
    }
  }
  if (average_) {
    std::vector<std::pair<Tensor, int64_t>> weights;
    for (size_t i = 0; i < parameters_.size(); ++i)
      weights.emplace_back(graph.use(*parameters_[i].state, parameters_[i].name), places_[i]);
    blend(*average_, weights, options_.average, 1 - options_.average, inputs.norm);
  }
  return {control, inputs.norm};
}

Optimizer::Step Optimizer::step(Tensor loss) {
  const Tensor control = loss.graph->input({int64_t(kControlWords)}, DType::f32, "control");
  return update(*loss.graph, control, gradients(loss, control));
}

Tensor Optimizer::accumulate(Tensor loss, int64_t batches) {
  FOVEA_CHECK(batches >= 1, "optimizer: gradients of ", batches, " batches, needs 1 or more");
  if (!accumulator_) accumulator_.emplace(device_, Shape{elements_});
  const Tensor control = loss.graph->input({int64_t(kControlWords)}, DType::f32, "control");
  const std::vector<Tensor> made = gradients(loss, control);
  std::vector<std::pair<Tensor, int64_t>> parts;
  for (size_t i = 0; i < made.size(); ++i) parts.emplace_back(made[i], places_[i]);
  blend(*accumulator_, parts, 1, 1 / float(batches));
  return control;
}

Optimizer::Step Optimizer::step_accumulated(Graph& graph) {
  if (!accumulator_) accumulator_.emplace(device_, Shape{elements_});
  const Tensor control = graph.input({int64_t(kControlWords)}, DType::f32, "control");
  const Tensor all = graph.use(*accumulator_, "accumulator");
  std::vector<Tensor> means;
  for (size_t i = 0; i < parameters_.size(); ++i) {
    const Shape& shape = parameters_[i].state->shape();
    means.push_back(reshape(slice(all, 0, places_[i], int64_t(shape.elements())), shape));
  }
  const Step step = update(graph, control, means);
  assign(*accumulator_, fill(graph, accumulator_->shape(), 0));
  return step;
}

std::array<float, 4> Optimizer::control(float rate) const {
  const double t = double(steps_ + 1);
  const auto correction = [t](float beta) { return float(1 - std::pow(double(beta), t)); };
  std::array<float, 4> words{};
  words[kRate] = rate;
  words[kFirstCorrection] = correction(options_.beta1);
  words[kSecondCorrection] = correction(options_.beta2);
  words[kLossScale] = loss_scale_;
  return words;
}

bool Optimizer::finish(float norm) {
  if (!std::isfinite(norm)) {
    if (options_.loss_scale_steps > 0) loss_scale_ /= 2;
    FOVEA_CHECK(std::isnormal(loss_scale_), "optimizer: gradients of norm ", norm, " at a loss scale of ",
                loss_scale_, ": no smaller one helps");
    finite_steps_ = 0;
    return false;
  }
  ++steps_;
  if (options_.loss_scale_steps > 0 && ++finite_steps_ == options_.loss_scale_steps) {
    loss_scale_ *= 2;
    finite_steps_ = 0;
  }
  return true;
}

void Optimizer::swap_average() {
  FOVEA_CHECK(average_, "optimizer: there is no average, OptimizerOptions::average is 0");
  std::vector<float> averages = average_->read();
  for (size_t i = 0; i < parameters_.size(); ++i) {
    const std::vector<float> weights = parameters_[i].state->read();
    const auto place = averages.begin() + places_[i];
    parameters_[i].state->write(std::vector<float>(place, place + int64_t(weights.size())));
    std::copy(weights.begin(), weights.end(), place);
  }
  average_->write(averages);
}

std::vector<std::pair<std::string, State*>> Optimizer::states() {
  std::vector<std::pair<std::string, State*>> result;
  const auto append = [&](const char* name, std::optional<State>& state) {
    if (state) result.emplace_back(name, &*state);
  };
  append("first_moments", first_);
  append("second_moments", second_);
  append("average", average_);
  return result;
}

int64_t Optimizer::elements() const {
  int64_t sum = 0;
  for (const Parameter& parameter : parameters_) sum += int64_t(parameter.state->shape().elements());
  return sum;
}

void Optimizer::restore(const Counters& counters) {
  if (accumulator_) accumulator_->write(std::vector<float>(size_t(elements_)));
  steps_ = counters.steps;
  finite_steps_ = counters.finite_steps;
  loss_scale_ = counters.loss_scale;
}

}  // namespace fovea
