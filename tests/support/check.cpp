#include "support/check.h"

#include <bit>
#include <catch2/catch_test_macros.hpp>

namespace fovea::test {

Device& device() {
  static Device the_device;
  return the_device;
}

namespace {

Values read(Plan& plan, Tensor output) {
  if (output.dtype() == DType::u32) return plan.read_u32(output);
  return plan.read(output);
}

std::vector<uint32_t> bits(const Values& values) {
  if (const auto* ids = std::get_if<std::vector<uint32_t>>(&values)) return *ids;
  std::vector<uint32_t> result;
  for (float value : std::get<std::vector<float>>(values)) result.push_back(std::bit_cast<uint32_t>(value));
  return result;
}

}  // namespace

std::vector<Values> run_all(Graph& graph, const std::vector<Input>& inputs,
                            const std::vector<Tensor>& outputs) {
  Plan plan(device(), graph, outputs, {.guards = true});
  std::vector<Values> first;
  for (int replay = 0; replay < 3; ++replay) {
    for (const Input& input : inputs)
      std::visit([&](const auto& values) { plan.write(input.tensor, values); }, input.values);
    plan.run();
    std::vector<Values> results;
    for (Tensor output : outputs) results.push_back(read(plan, output));
    if (replay == 0) {
      first = std::move(results);
    } else {
      for (size_t i = 0; i < outputs.size(); ++i) REQUIRE(bits(results[i]) == bits(first[i]));
    }
    REQUIRE(plan.guards_intact());
  }
  REQUIRE(device().validation_messages().empty());
  return first;
}

std::vector<float> run(Graph& graph, const std::vector<Input>& inputs, Tensor output) {
  return std::get<std::vector<float>>(run_all(graph, inputs, {output}).front());
}

std::vector<uint32_t> run_u32(Graph& graph, const std::vector<Input>& inputs, Tensor output) {
  return std::get<std::vector<uint32_t>>(run_all(graph, inputs, {output}).front());
}

}  // namespace fovea::test
