#include "support/search.h"

#include <bit>
#include <catch2/catch_test_macros.hpp>

namespace fovea::test {
namespace {

Values contents(const State& state) {
  if (state.dtype() == DType::u32) return state.read_u32();
  return state.read();
}

std::vector<uint32_t> words(const Values& values) {
  if (const auto* ids = std::get_if<std::vector<uint32_t>>(&values)) return *ids;
  std::vector<uint32_t> result;
  for (float value : std::get<std::vector<float>>(values)) result.push_back(bits_of(value));
  return result;
}

}  // namespace

float float_of(uint32_t bits) { return std::bit_cast<float>(bits); }
uint32_t bits_of(float value) { return std::bit_cast<uint32_t>(value); }

Stepper::Stepper(const Graph& graph, const std::vector<Tensor>& outputs, std::vector<State*> states)
    : plan_(device(), graph, outputs, {.guards = true}), outputs_(outputs), states_(std::move(states)) {}

std::vector<Values> Stepper::run(const std::vector<Input>& inputs) {
  std::vector<Values> before, first;
  for (State* state : states_) before.push_back(contents(*state));
  for (int replay = 0; replay < 3; ++replay) {
    for (size_t i = 0; i < states_.size(); ++i)
      std::visit([&](const auto& values) { states_[i]->write(values); }, before[i]);
    for (const Input& input : inputs)
      std::visit([&](const auto& values) { plan_.write(input.tensor, values); }, input.values);
    plan_.run();
    std::vector<Values> results;
    for (Tensor output : outputs_) {
      if (output.dtype() == DType::u32)
        results.push_back(plan_.read_u32(output));
      else
        results.push_back(plan_.read(output));
    }
    for (State* state : states_) results.push_back(contents(*state));
    if (replay == 0) first = results;
    for (size_t i = 0; i < results.size(); ++i) REQUIRE(words(results[i]) == words(first[i]));
    REQUIRE(plan_.guards_intact());
  }
  REQUIRE(device().validation_messages().empty());
  first.resize(outputs_.size());
  return first;
}

}  // namespace fovea::test
