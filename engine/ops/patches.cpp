#include "ops/copy.h"

namespace fovea {

Tensor patches(Tensor image, int64_t patch) {
  expect_dtype("patches", image, DType::f32);
  const Shape from = image.shape();
  FOVEA_CHECK(from.rank() == 4, "patches: needs (batch, channels, h, w), got ", from);
  const bool whole = patch >= 1 && from[2] % patch == 0 && from[3] % patch == 0;
  FOVEA_CHECK(whole, "patches: ", from[2], " x ", from[3], " pixels are not whole patches of ", patch);
  const int64_t batch = from[0], channels = from[1], down = from[2] / patch, across = from[3] / patch;
  // A permutation of (batch, channels, down, patch, across, patch), read where the image lies.
  const Shape moved{batch, down, across, channels, patch, patch};
  const Strides& pixel = image.strides();
  const Strides strides{{pixel[0], pixel[2] * patch, pixel[3] * patch, pixel[1], pixel[2], pixel[3]}};
  return image.graph->add(
      {.op = "patches",
       .detail = fovea::concat("of ", patch),
       .inputs = {image},
       .shape = {batch, down * across, channels * patch * patch},
       .launch =
           [=](Launch& k) { copy_strided(k, k.in(), strides, k.out(), contiguous_strides(moved), moved); },
       .grad =
           [=](Outputs, Tensor dy) {
             const Tensor split = reshape(dy, moved);  // (batch, down, across, channels, patch, patch)
             return std::vector{reshape(permute(split, {0, 3, 1, 4, 2, 5}), from)};
           }});
}

}  // namespace fovea
