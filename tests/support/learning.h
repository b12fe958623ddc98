// Whether a model learns.
#pragma once

#include <catch2/catch_test_macros.hpp>

#include "fovea/train.hpp"
#include "support/check.h"

namespace fovea::test {

// 30 steps on one batch: the loss falls below `share` of what it was, and every parameter moves.
template <class Model>
void check_learns(Model& model, Graph& graph, Tensor loss, const std::vector<Input>& inputs, float share) {
  std::vector<std::vector<float>> before;
  for (const Parameter& parameter : model.parameters()) before.push_back(parameter.state->read());
  Optimizer optimizer(device(), model.parameters(), {});
  const Optimizer::Step step = optimizer.step(loss);
  Plan plan(device(), graph, {loss, step.norm}, {.guards = true});
  for (const Input& input : inputs)
    std::visit([&](const auto& values) { plan.write(input.tensor, values); }, input.values);
  float first = 0, last = 0;
  for (int i = 0; i < 30; ++i) {
    plan.write(step.control, optimizer.control(0.01f));
    plan.run();
    last = plan.read(loss).front();
    if (i == 0) first = last;
    REQUIRE(optimizer.finish(plan.read(step.norm).front()));
  }
  CHECK(last < share * first);
  const Parameters after = model.parameters();
  for (size_t i = 0; i < after.size(); ++i) {
    INFO(after[i].name);
    CHECK(after[i].state->read() != before[i]);
  }
  CHECK(plan.guards_intact());
  CHECK(device().validation_messages().empty());
}

}  // namespace fovea::test
