// How an image changes its size, to the bit as Pillow's Image.resize: what each output pixel is made of. Read
// by resize() of images in host memory and by the op pixels().
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "fovea/picture.hpp"
#include "shaders/common/resample.h"

namespace fovea {

// What one output pixel is made of: `weights`, in units of 2^-kResampleBits, for the input pixels from
// `first` on.
struct Taps {
  int first;
  std::vector<int32_t> weights;
};

// Of all output pixels along one axis. All filters but nearest are widened when shrinking (anti-aliasing);
// bicubic has a = -0.5, lanczos 3 lobes. An axis that keeps its size is left alone.
std::vector<Taps> resample_taps(int from, int to, Resample filter);

// What a model gets for a byte of one colour: rescaled in double and normalised in float, as transformers
// rounds.
std::array<float, 256> normalised_bytes(double rescale, float mean, float std);

}  // namespace fovea
