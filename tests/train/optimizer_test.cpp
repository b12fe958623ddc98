#include <bit>
#include <catch2/catch_test_macros.hpp>
#include <cmath>

#include "fovea/train.hpp"
#include "gpu/environment.h"
#include "shaders/common/segments.h"
#include "support/allocations.h"
#include "support/check.h"
#include "support/submissions.h"

using namespace fovea;
using namespace fovea::test;

namespace {

using Kind = OptimizerOptions::Kind;
constexpr float kInf = INFINITY;
constexpr float kRates[] = {0.1f, 0.02f, 0.3f, 0.05f, 0.05f, 0.1f};

// The sizes of the parameters: of one element, between cache lines, of a whole segment and past it.
const std::vector<Shape> kShapes = {{3, 5}, {1}, {int64_t(kSegment) + 1}, {16, 128}};

// A matrix and a vector take turns: the second and the fourth do not decay.
struct Weights {
  Weights() {
    for (size_t i = 0; i < kShapes.size(); ++i) {
      states.emplace_back(device(), kShapes[i]);
      states.back().write(random_values(kShapes[i].elements(), uint32_t(i) + 1));
    }
  }
  Parameters parameters() {
    Parameters all;
    for (size_t i = 0; i < states.size(); ++i)
      all.push_back({"w" + std::to_string(i), &states[i], i % 2 == 0});
    return all;
  }
  std::vector<std::vector<float>> read() const {
    std::vector<std::vector<float>> all;
    for (const State& state : states) all.push_back(state.read());
    return all;
  }
  std::vector<State> states;
};

using Gradients = std::vector<std::vector<float>>;  // of each parameter

Gradients random_gradients(uint32_t step, float size = 1) {
  Gradients all;
  for (size_t i = 0; i < kShapes.size(); ++i)
    all.push_back(random_values(kShapes[i].elements(), 100 * step + uint32_t(i), -size, size));
  return all;
}

// The sum of weights times `gradients`, inputs that are appended: its gradients are whatever a test wants.
Tensor loss_of(Graph& graph, const Weights& weights, std::vector<Tensor>& gradients) {
  Tensor loss;
  for (const State& state : weights.states) {
    gradients.push_back(graph.input(state.shape()));
    const Tensor product = mul(graph.use(state), gradients.back());
    const Tensor total = sum(reshape(product, {int64_t(state.shape().elements())}));
    loss = loss ? add(loss, total) : total;
  }
  return loss;
}

struct Steps {
  Steps(Weights& weights, const OptimizerOptions& options)
      : optimizer(device(), weights.parameters(), options),
        made(optimizer.step(loss_of(graph, weights, gradients))),
        plan(device(), graph, {made.norm}, {.guards = true}) {}
  float run(const Gradients& values, float rate) {
    plan.write(made.control, optimizer.control(rate));
    for (size_t i = 0; i < gradients.size(); ++i) plan.write(gradients[i], values[i]);
    plan.run();
    CHECK(plan.guards_intact());
    return plan.read(made.norm).front();
  }
  // Bits of everything that a step changes.
  std::vector<std::vector<uint32_t>> bits() {
    std::vector<std::vector<uint32_t>> all;
    const auto append = [&](State& state) {
      all.emplace_back();
      for (float value : state.read()) all.back().push_back(std::bit_cast<uint32_t>(value));
    };
    for (const Parameter& parameter : optimizer.parameters()) append(*parameter.state);
    for (const auto& [name, state] : optimizer.states()) append(*state);
    return all;
  }

  Graph graph;
  std::vector<Tensor> gradients;
  Optimizer optimizer;
  Optimizer::Step made;
  Plan plan;
};

// The papers' updates in double precision.
struct Reference {
  explicit Reference(const OptimizerOptions& options) : o(options) {
    for (const std::vector<float>& values : Weights().read()) {
      w.emplace_back(values.begin(), values.end());
      m.emplace_back(values.size());
      v.emplace_back(values.size());
    }
    average = w;
  }
  double run(const Gradients& gradients, double rate) {
    double squares = 0;
    for (const auto& values : gradients)
      for (float value : values) squares += double(value) * double(value);
    const double norm = std::sqrt(squares);
    const double factor = o.clip > 0 ? std::min(1.0, double(o.clip) / norm) : 1;
    ++t;
    for (size_t p = 0; p < w.size(); ++p)
      for (size_t i = 0; i < w[p].size(); ++i) {
        const double decay = p % 2 == 0 ? double(o.weight_decay) : 0;
        one(w[p][i], m[p][i], v[p][i], double(gradients[p][i]) * factor, decay, rate);
        average[p][i] += (1 - double(o.average)) * (w[p][i] - average[p][i]);
      }
    return norm;
  }
  void one(double& weight, double& first, double& second, double gradient, double decay, double rate) const {
    if (o.kind != Kind::adamw) gradient += decay * weight;
    if (o.kind == Kind::sgd) {
      const double mu = double(o.momentum);
      first = mu * first + gradient;
      weight -= rate * (o.nesterov ? gradient + mu * first : first);
      return;
    }
    if (o.kind == Kind::adamw) weight -= rate * decay * weight;
    const double b1 = double(o.beta1), b2 = double(o.beta2);
    first = b1 * first + (1 - b1) * gradient;
    second = b2 * second + (1 - b2) * gradient * gradient;
    const double mean = first / (1 - std::pow(b1, t)), variance = second / (1 - std::pow(b2, t));
    weight -= rate * mean / (std::sqrt(variance) + double(o.eps));
  }

  OptimizerOptions o;
  double t = 0;
  std::vector<std::vector<double>> w, m, v, average;
};

void check_weights(const Weights& weights, const std::vector<std::vector<double>>& want) {
  for (size_t i = 0; i < want.size(); ++i) {
    INFO("parameter " << i);
    check_elements(weights.states[i].read(), want[i]);
  }
}

void check_updates(const OptimizerOptions& options) {
  INFO("kind " << int(options.kind) << ", clip " << options.clip << ", decay " << options.weight_decay);
  Weights weights;
  Steps steps(weights, options);
  Reference reference(options);
  for (uint32_t step = 0; step < std::size(kRates); ++step) {
    const Gradients gradients = random_gradients(step, step % 2 == 0 ? 1 : 0.1f);
    const float norm = steps.run(gradients, kRates[step]);
    const double want = reference.run(gradients, double(kRates[step]));
    CHECK(std::abs(double(norm) - want) < 1e-6 * want);
    CHECK(steps.optimizer.finish(norm));
  }
  check_weights(weights, reference.w);
  CHECK(steps.optimizer.steps() == std::ssize(kRates));
  if (options.average == 0) return;
  steps.optimizer.swap_average();
  check_weights(weights, reference.average);
  steps.optimizer.swap_average();
  check_weights(weights, reference.w);
}

}  // namespace

TEST_CASE("updates by SGD, Adam and AdamW are what their papers say") {
  for (const float clip : {0.0f, 10.0f, 0.5f})  // the norms are some 38 and some 4
    for (const float decay : {0.0f, 0.1f}) {
      for (const float momentum : {0.0f, 0.9f})
        for (const bool nesterov : {false, true})
          check_updates({.kind = Kind::sgd,
                         .momentum = momentum,
                         .nesterov = nesterov,
                         .weight_decay = decay,
                         .clip = clip});
      for (const Kind kind : {Kind::adam, Kind::adamw})
        check_updates({.kind = kind, .weight_decay = decay, .clip = clip});
    }
  check_updates({.kind = Kind::adamw, .beta1 = 0.8f, .beta2 = 0.98f, .eps = 1e-3f});
}

TEST_CASE("the moving average follows the weights") {
  check_updates({.kind = Kind::adamw, .weight_decay = 0.1f, .average = 0.9f});
  check_updates({.kind = Kind::sgd, .average = 0.5f});
  Weights weights;
  Steps steps(weights, {.average = 0.99f});
  const auto before = steps.bits();
  steps.optimizer.swap_average();
  CHECK(steps.bits() == before);  // it starts as the weights
}

TEST_CASE("gradients of several batches update as their mean does") {
  for (const uint32_t batches : {1u, 2u, 3u}) {
    INFO(batches << " batches");
    Weights weights;
    const OptimizerOptions options{.kind = Kind::sgd, .weight_decay = 0.1f, .clip = 20, .loss_scale = 8};
    Optimizer optimizer(device(), weights.parameters(), options);
    Weights others;
    Steps whole(others, options);
    Graph gather, update;
    std::vector<Tensor> inputs;
    const Tensor loss = loss_of(gather, weights, inputs);
    const Tensor control = optimizer.accumulate(loss, batches);
    const Optimizer::Step step = optimizer.step_accumulated(update);
    Plan gathers(device(), gather, {}, {.guards = true}), updates(device(), update, {step.norm});
    for (uint32_t round = 0; round < 3; ++round) {
      Gradients mean = random_gradients(0, 0);
      for (uint32_t batch = 0; batch < batches; ++batch) {
        const Gradients gradients = random_gradients(10 * round + batch);
        gathers.write(control, optimizer.control(0.1f));
        for (size_t i = 0; i < inputs.size(); ++i) {
          gathers.write(inputs[i], gradients[i]);
          for (size_t e = 0; e < mean[i].size(); ++e) mean[i][e] += gradients[i][e] / float(batches);
        }
        gathers.run();
      }
      updates.write(step.control, optimizer.control(0.1f));
      updates.run();
      CHECK(optimizer.finish(updates.read(step.norm).front()));
      CHECK(whole.optimizer.finish(whole.run(mean, 0.1f)));
    }
    CHECK(gathers.guards_intact());
    for (size_t i = 0; i < kShapes.size(); ++i) {
      const std::vector<float> want = others.states[i].read();
      if (batches < 3) CHECK(weights.states[i].read() == want);
      check_close(weights.states[i].read(), {want.begin(), want.end()}, kElementwise);
    }
  }
}

TEST_CASE("a loss scale that is a power of two changes no bit") {
  for (const Kind kind : {Kind::sgd, Kind::adam, Kind::adamw})
    for (const float clip : {0.0f, 10.0f}) {
      Weights plain, scaled;
      OptimizerOptions options{.kind = kind, .weight_decay = 0.1f, .clip = clip};
      Steps one(plain, options);
      options.loss_scale = 1024;
      Steps other(scaled, options);
      for (uint32_t step = 0; step < 4; ++step) {
        const Gradients gradients = random_gradients(step, step % 2 == 0 ? 1 : 0.1f);
        const float norm = one.run(gradients, 0.1f);
        CHECK(1024 * norm == other.run(gradients, 0.1f));
        CHECK(one.optimizer.finish(norm));
        CHECK(other.optimizer.finish(norm));
      }
      CHECK(one.bits() == other.bits());
    }
}

TEST_CASE("gradients that are not finite change nothing and halve the loss scale") {
  for (const Kind kind : {Kind::sgd, Kind::adam, Kind::adamw})
    for (const float wrong : {NAN, kInf, -kInf, 3e38f}) {
      Weights weights;
      Steps steps(weights, {.kind = kind,
                            .weight_decay = 0.1f,
                            .clip = 1,
                            .average = 0.9f,
                            .loss_scale = 8,
                            .loss_scale_steps = 2});
      REQUIRE(steps.optimizer.finish(steps.run(random_gradients(1), 0.1f)));
      const auto before = steps.bits();
      Gradients gradients = random_gradients(2);
      gradients[2].back() = wrong;
      CHECK(!steps.optimizer.finish(steps.run(gradients, 0.1f)));
      CHECK(steps.bits() == before);
      CHECK(steps.optimizer.steps() == 1);
      CHECK(steps.optimizer.counters().loss_scale == 4);
      for (const float scale : {4.0f, 8.0f}) {  // doubled after two good steps
        CHECK(steps.optimizer.finish(steps.run(random_gradients(3), 0.1f)));
        CHECK(steps.optimizer.counters().loss_scale == scale);
      }
      CHECK(steps.bits() != before);
    }
  Weights weights;
  Steps fixed(weights, {.loss_scale = 8});
  CHECK(!fixed.optimizer.finish(kInf));
  CHECK(fixed.optimizer.counters().loss_scale == 8);
}

TEST_CASE("a step is one submission and allocates nothing") {
  // The validation layer allocates in every call, so this device does without.
  const ScopedVariable plain("FOVEA_VALIDATION", "0");
  Device own;
  State weight(own, {7, 9});
  Graph graph;
  const Tensor x = graph.input({5, 7}), ids = graph.input({5}, DType::u32);
  const Tensor loss = cross_entropy(matmul(x, graph.use(weight)), ids).loss;
  Optimizer optimizer(own, {{"weight", &weight}}, {.weight_decay = 0.1f, .clip = 1, .average = 0.9f});
  const Optimizer::Step step = optimizer.step(loss);
  Plan plan(own, graph, {loss, step.norm});
  plan.write(x, random_values(35, 1));
  plan.write(ids, random_ids(5, 2, 9));

  float norm = 0, lost = 0;
  const auto run = [&] {
    plan.write(step.control, optimizer.control(0.1f));
    plan.run();
    plan.read(step.norm, {&norm, 1});
    plan.read(loss, {&lost, 1});
    REQUIRE(optimizer.finish(norm));
  };
  run();
  SubmissionCount submissions(own);
  int64_t allocated = 0;
  {
    const AllocationCount allocations;
    for (int i = 0; i < 10; ++i) run();
    allocated = allocations.value();
  }
  CHECK(allocated == 0);
  CHECK(submissions.value() == 10);
}

TEST_CASE("a checkpoint's counters leave no half of an accumulated gradient behind") {
  Weights weights;
  Optimizer optimizer(device(), weights.parameters(), {.kind = Kind::sgd});
  Graph gather, update;
  std::vector<Tensor> inputs;
  const Tensor control = optimizer.accumulate(loss_of(gather, weights, inputs), 2);
  const Optimizer::Step step = optimizer.step_accumulated(update);
  Plan gathers(device(), gather, {}), updates(device(), update, {step.norm});
  const Gradients gradients = random_gradients(1);
  for (size_t i = 0; i < inputs.size(); ++i) gathers.write(inputs[i], gradients[i]);
  gathers.write(control, optimizer.control(0.1f));
  gathers.run();
  optimizer.restore({});
  updates.write(step.control, optimizer.control(0.1f));
  updates.run();
  CHECK(updates.read(step.norm).front() == 0);
}

TEST_CASE("optimisers reject what does not fit") {
  check_rejects([&] { Optimizer(device(), {}, {}); }, {"optimizer", "no parameters"});
  State panels(device(), {3, 5}, DType::f32, Layout::panels);
  check_rejects([&] { Optimizer(device(), {{"w", &panels}}, {}); }, {"optimizer", "w", "(3, 5)", "panels"});

  State used(device(), {3, 5}), unused(device(), {4});
  Graph graph;
  const Tensor rows = sum(graph.use(used));
  Optimizer one(device(), {{"used", &used}}, {}), both(device(), {{"used", &used}, {"unused", &unused}}, {});
  check_rejects([&] { one.step(rows); }, {"optimizer", "(3, 1)", "one number"});
  check_rejects([&] { both.step(sum(rows, 0)); }, {"does not depend on", "unused", "(4)"});
  check_rejects([&] { one.swap_average(); }, {"optimizer", "average"});
  check_rejects([&] { one.accumulate(sum(rows, 0), 0); }, {"optimizer", "0 batches"});
  const auto check = [&](const OptimizerOptions& options, const char* name) {
    check_rejects([&] { Optimizer(device(), {{"used", &used}}, options); }, {"optimizer", name});
  };
  check({.momentum = 1}, "momentum 1");
  check({.beta1 = 1}, "beta1 1");
  check({.beta2 = -0.5f}, "beta2 -0.5");
  check({.eps = NAN}, "eps nan");
  check({.weight_decay = -1}, "weight_decay -1");
  check({.clip = -1}, "clip -1");
  check({.average = 1.5f}, "average 1.5");
  check({.loss_scale = 0}, "loss_scale 0");
  Optimizer scaled(device(), {{"used", &used}}, {.loss_scale_steps = 3});
  check_rejects(
      [&] {
        while (!scaled.finish(kInf)) continue;
      },
      {"optimizer", "norm inf", "no smaller one"});
}
