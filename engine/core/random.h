// Random numbers that are the same with every compiler and standard library, which std's distributions are
// not; normal() and beta() but for the last bits of log and cos.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <utility>
#include <vector>

namespace fovea {

// What random numbers are for: the first counter of a stream.
enum RandomPurpose : uint64_t { kRandomOrder = 1, kRandomImage, kRandomMix, kRandomLines, kRandomWeights };

// splitmix64 (Steele, Lea, Flood 2014): 64 bits from each state, and the state after it.
constexpr uint64_t mix_bits(uint64_t bits) {
  bits = (bits ^ bits >> 30) * 0xbf58476d1ce4e5b9;
  bits = (bits ^ bits >> 27) * 0x94d049bb133111eb;
  return bits ^ bits >> 31;
}
constexpr uint64_t next_bits(uint64_t& state) { return mix_bits(state += 0x9e3779b97f4a7c15); }

// A stream hangs on the seed and its counters alone, such as {kRandomImage, epoch, index}: whoever asks for
// it again gets the same numbers.
class Random {
 public:
  explicit Random(uint64_t seed, std::initializer_list<uint64_t> stream = {}) : state_(next_bits(seed)) {
    for (uint64_t counter : stream) state_ = mix_bits(state_ + next_bits(counter));
  }

  uint64_t next() { return next_bits(state_); }
  uint64_t below(uint64_t end);                                // 0 .. end - 1, each as likely; end > 0
  double uniform() { return double(next() >> 11) * 0x1p-53; }  // [0, 1)
  double normal();                                             // mean 0, deviation 1 (Box, Muller 1958)
  double beta(double alpha);                                   // Beta(alpha, alpha), alpha > 0

 private:
  double log_gamma_variate(double alpha);

  uint64_t state_;
};

// Uniform within -limit .. limit.
std::vector<float> uniform_values(uint64_t count, double limit, Random& random);
// What fresh layers of `inputs` inputs keep within, as PyTorch begins: 1 / sqrt(inputs).
double fan_in_limit(int64_t inputs);

// Fisher and Yates.
template <class Value>
void shuffle(std::vector<Value>& values, Random random) {
  for (size_t left = values.size(); left > 1; --left)
    std::swap(values[left - 1], values[size_t(random.below(left))]);
}

std::vector<uint32_t> permutation(uint32_t count, Random random);  // 0 .. count - 1, shuffled

}  // namespace fovea
