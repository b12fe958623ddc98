#include <catch2/catch_test_macros.hpp>

#include "support/check.h"
#include "support/gradient.h"

using namespace fovea;
using namespace fovea::test;

namespace {

// Columns: channel, then row, then column inside the patch.
std::vector<double> cut(const std::vector<float>& image, const Shape& shape, int64_t patch) {
  const int64_t channels = shape[1], h = shape[2], w = shape[3];
  std::vector<double> want;
  for (int64_t b = 0; b < shape[0]; ++b)
    for (int64_t top = 0; top < h; top += patch)
      for (int64_t left = 0; left < w; left += patch)
        for (int64_t c = 0; c < channels; ++c)
          for (int64_t row = top; row < top + patch; ++row)
            for (int64_t column = left; column < left + patch; ++column)
              want.push_back(double(image[size_t(((b * channels + c) * h + row) * w + column)]));
  return want;
}

void check_patches(const Shape& shape, int64_t patch) {
  INFO("patches of " << patch << " of " << to_string(shape));
  const std::vector<float> values = random_values(shape.elements(), 1);
  Graph graph;
  Tensor image = graph.input(shape);
  Tensor y = patches(image, patch);
  REQUIRE(y.shape() == Shape{shape[0], shape[2] / patch * (shape[3] / patch), shape[1] * patch * patch});
  check_close(run(graph, {{image, values}}, y), cut(values, shape, patch), kExact);
}

}  // namespace

TEST_CASE("patches cuts images into rows") {
  check_patches({1, 1, 1, 1}, 1);
  check_patches({2, 3, 4, 6}, 1);
  check_patches({2, 3, 4, 6}, 2);
  check_patches({1, 3, 6, 6}, 3);
  check_patches({1, 3, 7, 7}, 7);
  check_patches({2, 1, 15, 10}, 5);
  check_patches({3, 3, 32, 16}, 16);
  check_patches({1, 3, 33, 11}, 11);
}

TEST_CASE("patches reads strided images") {
  // Pixels stored channel last, as image files have them; the copies are of one image.
  const Shape stored{6, 4, 3};  // (h, w, channels)
  const std::vector<float> values = random_values(stored.elements(), 2);
  Graph graph;
  Tensor x = graph.input(stored);
  Tensor image = expand(permute(x, {2, 0, 1}), {2, 3, 6, 4});
  std::vector<float> moved;
  for (size_t batch = 0; batch < 2; ++batch)
    for (size_t c = 0; c < 3; ++c)
      for (size_t pixel = 0; pixel < 24; ++pixel) moved.push_back(values[pixel * 3 + c]);
  check_close(run(graph, {{x, values}}, patches(image, 2)), cut(moved, image.shape(), 2), kExact);
}

TEST_CASE("patches puts its gradient back together") {
  const Shape shape{2, 3, 4, 6};
  const std::vector<float> values = random_values(shape.elements(), 3);
  Graph graph;
  Tensor image = graph.input(shape);
  Tensor y = patches(image, 2);
  // The gradient of a permutation is its inverse.
  const Tensor back = gradients_of(y, y).front();
  REQUIRE(back.shape() == shape);
  const std::vector<double> want(values.begin(), values.end());
  check_close(run(graph, {{image, values}}, back), want, kExact);
}

TEST_CASE("patches rejects what it cannot cut") {
  Graph graph;
  Tensor image = graph.input({1, 3, 6, 8}), flat = graph.input({6, 8});
  Tensor ids = graph.input({1, 3, 6, 8}, DType::u32);
  check_rejects([&] { patches(image, 4); }, {"patches", "6 x 8", "4"});
  check_rejects([&] { patches(image, 3); }, {"patches", "6 x 8", "3"});
  check_rejects([&] { patches(image, 0); }, {"patches", "0"});
  check_rejects([&] { patches(image, -2); }, {"patches", "-2"});
  check_rejects([&] { patches(flat, 2); }, {"patches", "(6, 8)"});
  check_rejects([&] { patches(ids, 2); }, {"patches", "u32", "f32"});
  check_rejects([&] { patches(Tensor(), 2); }, {"patches", "absent"});
}
