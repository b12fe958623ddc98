#include "support/check.h"

#include <bit>
#include <catch2/catch_test_macros.hpp>
#include <catch2/reporters/catch_reporter_event_listener.hpp>
#include <catch2/reporters/catch_reporter_registrars.hpp>
#include <memory>

namespace fovea::test {
namespace {

std::vector<std::function<void()>>& closings() {
  static std::vector<std::function<void()>> all;
  return all;
}

class Closing : public Catch::EventListenerBase {
 public:
  using EventListenerBase::EventListenerBase;
  void testRunEnded(const Catch::TestRunStats&) override {
    for (; !closings().empty(); closings().pop_back()) closings().back()();
  }
};
CATCH_REGISTER_LISTENER(Closing)

}  // namespace

void at_end(std::function<void()> close) { closings().push_back(std::move(close)); }

Device& device() {
  static std::unique_ptr<Device> the_device;
  if (!the_device) {
    the_device = std::make_unique<Device>();
    at_end([] { the_device.reset(); });
  }
  return *the_device;
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
