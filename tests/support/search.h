// Steps of a search, for the tests of its ops: what its States hold, and a runner for plans that change
// States.
#pragma once

#include "decode/search.h"
#include "support/check.h"

namespace fovea::test {

float float_of(uint32_t bits);
uint32_t bits_of(float value);

// A plan with guard words. run() replays it three times from the same States, requires that outputs and
// States agree bit for bit, that guard words are intact and that validation said nothing, and leaves the
// States as one replay does.
class Stepper {
 public:
  Stepper(const Graph& graph, const std::vector<Tensor>& outputs, std::vector<State*> states);
  std::vector<Values> run(const std::vector<Input>& inputs);

 private:
  Plan plan_;
  std::vector<Tensor> outputs_;
  std::vector<State*> states_;
};

}  // namespace fovea::test
