// What every op's test uses beside values.h: the device and the runner.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>
#include <variant>
#include <vector>

#include "fovea/device.hpp"
#include "fovea/ops.hpp"
#include "fovea/plan.hpp"
#include "support/values.h"

namespace fovea::test {

// The process's one device (FOVEA_DEVICE, FOVEA_KERNELS and the pinned driver choose it).
Device& device();
// Runs after the last test, what was given last first: layers keep objects that are gone before a program's
// statics are, so nothing of a device may wait for those.
void at_end(std::function<void()> close);

using Values = std::variant<std::vector<float>, std::vector<uint32_t>>;
struct Input {
  Tensor tensor;
  Values values;
};

// Plans the outputs with guard words around every value, runs the plan three times, and requires that the
// replays agree bit for bit, that all guard words are intact and that validation said nothing.
std::vector<Values> run_all(Graph& graph, const std::vector<Input>& inputs,
                            const std::vector<Tensor>& outputs);
std::vector<float> run(Graph& graph, const std::vector<Input>& inputs, Tensor output);
std::vector<uint32_t> run_u32(Graph& graph, const std::vector<Input>& inputs, Tensor output);

}  // namespace fovea::test
