// What every op's test uses: seeded values, the runner, and comparison with a double-precision reference.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "fovea/device.hpp"
#include "fovea/ops.hpp"
#include "fovea/plan.hpp"

namespace fovea::test {

// The process's one device (FOVEA_DEVICE, FOVEA_KERNELS and the pinned driver choose it).
Device& device();

// count values in [low, high), the same on every machine for a seed.
std::vector<float> random_values(uint64_t count, uint32_t seed, float low = -1, float high = 1);
std::vector<uint32_t> random_ids(uint64_t count, uint32_t seed, uint32_t below);

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

// fp32 tolerances: the normalised mean square error and the worst error relative to the largest reference
// value. Each is tight enough to tell an op from its neighbour (erf from tanh GELU: 4.7e-4).
struct Tolerance {
  double nmse, worst;
};
constexpr Tolerance kExact{0, 0};               // copies
constexpr Tolerance kElementwise{1e-13, 1e-6};  // a few roundings
constexpr Tolerance kRow{1e-12, 4e-6};          // sums along a row, exponentials
constexpr Tolerance kProduct{1e-12, 1e-5};      // inner products

// Requires shapes, NaNs and infinities to agree and errors to stay within the tolerance.
void check_close(const std::vector<float>& got, const std::vector<double>& want, Tolerance tolerance);

// Requires every element to be within 1e-6 of itself, or of 1 where it is less.
void check_elements(const std::vector<float>& got, const std::vector<double>& want);

// Requires that action throws an Error whose text holds every part.
void check_rejects(const std::function<void()>& action, const std::vector<std::string>& parts);

}  // namespace fovea::test
