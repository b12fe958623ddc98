// Seeded values, and comparison with a double-precision reference. No Vulkan here.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace fovea::test {

// count values in [low, high), the same on every machine for a seed.
std::vector<float> random_values(uint64_t count, uint32_t seed, float low = -1, float high = 1);
std::vector<uint32_t> random_ids(uint64_t count, uint32_t seed, uint32_t below);

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
