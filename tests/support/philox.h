// The words that a generator gives (shaders/common/generator.h), on their own.
#pragma once

#include <array>
#include <cstddef>

#include "support/check.h"

namespace fovea::test {

using Words = std::array<uint32_t, 4>;

// Philox4x32-10 (Salmon et al. 2011, section 3.2).
inline Words philox(Words c, uint32_t key0, uint32_t key1) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t a = uint64_t(0xd2511f53u) * c[0], b = uint64_t(0xcd9e8d57u) * c[2];
    c = {uint32_t(b >> 32) ^ c[1] ^ key0, uint32_t(b), uint32_t(a >> 32) ^ c[3] ^ key1, uint32_t(a)};
    key0 += 0x9e3779b9u;
    key1 += 0xbb67ae85u;
  }
  return c;
}

// Word i of a stream of the generator: seed and step.
inline uint32_t word_of(size_t i, uint32_t stream, const Words& generator) {
  return philox({uint32_t(i / 4), stream, generator[2], generator[3]}, generator[0], generator[1])[i % 4];
}

inline State generator_of(const Words& words) {
  State state(device(), {4}, DType::u32);
  state.write(words);
  return state;
}

}  // namespace fovea::test
