// Steps of a search, for the tests of its ops: what its States hold, and a runner for plans that change
// States.
#pragma once

#include "decode/search.h"
#include "support/check.h"

namespace fovea::test {

constexpr uint32_t kTokens = 0, kOrigins = 1, kLogProbs = 2;  // kinds of history
constexpr uint32_t kFinished = 2;                             // the third parity
constexpr float kNever = -1e9f;                               // score of a hypothesis that must not win

// Where a word of history lies, and which parity the hypotheses of a step have.
size_t history_at(const SearchParams& s, uint32_t parity, uint32_t kind, uint32_t row, uint32_t t);
uint32_t parity_of(const SearchParams& s, uint32_t step);

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
