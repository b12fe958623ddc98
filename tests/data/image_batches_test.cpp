#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <optional>

#include "data/augment.h"
#include "fovea/png.hpp"
#include "support/temporary.h"

namespace fovea {
namespace {

using test::contains;
using test::rejection;
using test::TemporaryFolder;
namespace fs = std::filesystem;

// Two classes of 4 x 4 images, 7 in all. A pixel's red tells the image, green the row, blue the column.
struct Images {
  explicit Images(int width = 4, int height = 4) {
    for (int i = 0; i < 7; ++i) {
      Image image{width, height, {}};
      for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x)
          for (const int value : {10 + i, 100 + y, 200 + x}) image.rgb.push_back(uint8_t(value));
      const fs::path path = files.path() / (i < 4 ? "first" : "second") / (std::to_string(i) + ".png");
      fs::create_directories(path.parent_path());
      write_png(path, image);
    }
    folder.emplace(files.path());
  }

  TemporaryFolder files;
  std::optional<ImageFolder> folder;
};

// Bytes stay bytes: mean 0 and deviation 1 / 255.
ImageOptions bytes(int64_t batch) {
  return {.batch = batch, .size = 4, .mean = {0, 0, 0}, .std = {1 / 255.f, 1 / 255.f, 1 / 255.f}};
}
int at(const ImageBatch& batch, int64_t row, int colour, int y, int x) {
  return int(std::lround(batch.pixels.at(size_t((row * 3 + colour) * 16 + y * 4 + x))));
}

TEST_CASE("image batches: in order, normalised, filled up with rows to ignore") {
  const Images images;
  ImageOptions options{.batch = 3, .size = 4, .mean = {0.5f, 0.4f, 0.3f}, .std = {0.25f, 0.5f, 1}};
  options.shuffle = false;
  const ImageBatches batches(*images.folder, options);
  REQUIRE(batches.batches() == 3);
  Preprocessor steps{.do_resize = false, .resize_width = 4, .resize_height = 4};
  steps.mean = options.mean;
  steps.std = options.std;
  for (const uint64_t index : {0, 1, 2, 5}) {
    const ImageBatch batch = batches.batch(index);
    const bool last = index % 3 == 2;
    CHECK(batch.count == (last ? 1 : 3));
    REQUIRE(batch.pixels.size() == 3 * 48);
    for (int64_t row = 0; row < 3; ++row) {
      const float* pixels = batch.pixels.data() + row * 48;
      const int64_t image = int64_t(index % 3) * 3 + row;
      const bool present = row < batch.count;
      const uint32_t label = present ? images.folder->label(image) : kIgnored;
      CHECK(batch.labels.at(size_t(row)) == label);
      const std::vector<float> expected =
          present ? steps.pixels(images.folder->image(image)) : std::vector<float>(48);
      CHECK(std::equal(expected.begin(), expected.end(), pixels));
    }
    CHECK(batch.mixed_labels == batch.labels);
    CHECK(batch.lambda == 1);
  }
  options.partial = false;
  CHECK(ImageBatches(*images.folder, options).batches() == 2);
}

TEST_CASE("image batches: every image once an epoch, each epoch in an order of its own") {
  const Images images;
  const ImageBatches batches(*images.folder, bytes(2));
  std::vector<std::vector<int>> orders;
  for (uint64_t epoch = 0; epoch < 4; ++epoch) {
    std::vector<int>& order = orders.emplace_back();
    for (uint64_t index = 0; index < 4; ++index) {
      const ImageBatch batch = batches.batch(epoch * 4 + index);
      for (int64_t row = 0; row < batch.count; ++row) {
        order.push_back(at(batch, row, 0, 0, 0) - 10);
        CHECK(batch.labels[size_t(row)] == uint32_t(order.back() >= 4));
      }
    }
    std::vector<int> sorted = order;
    std::sort(sorted.begin(), sorted.end());
    CHECK(sorted == std::vector<int>{0, 1, 2, 3, 4, 5, 6});
  }
  CHECK(orders[0] != orders[1]);
  CHECK(orders[1] != orders[2]);
}

TEST_CASE("image batches: any batch can be made again to the bit") {
  const Images images(9, 7);
  ImageOptions options = bytes(3);
  options.flip = true;
  options.pad = 2;
  options.crop_area = {0.3, 0.9};
  options.mixup = 0.4;
  const ImageBatches one(*images.folder, options), other(*images.folder, options);
  options.seed = 1;
  const ImageBatches seeded(*images.folder, options);
  std::vector<ImageBatch> made;
  for (uint64_t index = 0; index < 9; ++index) made.push_back(one.batch(index));
  for (uint64_t index = 9; index-- > 0;) {
    const ImageBatch again = other.batch(index);
    CHECK(again.pixels == made[index].pixels);
    CHECK(again.labels == made[index].labels);
    CHECK(again.mixed_labels == made[index].mixed_labels);
    CHECK(again.lambda == made[index].lambda);
    CHECK(again.pixels != seeded.batch(index).pixels);
    if (index >= 3) CHECK(again.pixels != made[index - 3].pixels);
  }
}

TEST_CASE("image batches: flips and shifts move whole images") {
  const Images images;
  ImageOptions options = bytes(7);
  options.flip = true;
  options.pad = 1;
  options.shuffle = false;
  const ImageBatches batches(*images.folder, options);
  int flipped = 0, black = 0;
  std::vector<int> seen(9);  // shifts
  for (uint64_t epoch = 0; epoch < 60; ++epoch) {
    const ImageBatch batch = batches.batch(epoch);
    for (int64_t row = 0; row < 7; ++row) {
      // The middle 2 x 2 pixels are always of the image.
      const bool mirrored = at(batch, row, 2, 1, 1) > at(batch, row, 2, 1, 2);
      const int top = at(batch, row, 1, 1, 1) - 101;
      const int left = (mirrored ? at(batch, row, 2, 1, 2) : at(batch, row, 2, 1, 1)) - 201;
      REQUIRE(std::max(std::abs(top), std::abs(left)) <= 1);
      flipped += mirrored;
      ++seen[size_t((top + 1) * 3 + left + 1)];
      for (int y = 0; y < 4; ++y)
        for (int x = 0; x < 4; ++x) {
          const int from_y = y + top, from_x = (mirrored ? 3 - x : x) + left;
          const bool inside = std::min(from_y, from_x) >= 0 && std::max(from_y, from_x) < 4;
          black += !inside;
          CHECK(at(batch, row, 0, y, x) == (inside ? 10 + row : 0));
          CHECK(at(batch, row, 1, y, x) == (inside ? 100 + from_y : 0));
          CHECK(at(batch, row, 2, y, x) == (inside ? 200 + from_x : 0));
        }
    }
  }
  CHECK(std::abs(flipped - 210) < 50);
  CHECK(black > 0);
  for (const int count : seen) CHECK(count > 20);
}

TEST_CASE("image batches: mix-up blends two images and keeps both labels") {
  const Images images;
  ImageOptions options = bytes(4);
  const ImageBatches plain(*images.folder, options);
  options.mixup = 1;
  const ImageBatches mixed(*images.folder, options);
  int changed = 0;
  for (uint64_t index = 0; index < 6; ++index) {
    const ImageBatch from = plain.batch(index), batch = mixed.batch(index);
    CHECK(batch.labels == from.labels);
    CHECK(batch.lambda > 0);
    CHECK(batch.lambda < 1);
    std::vector<int> partners;
    for (int64_t row = 0; row < batch.count; ++row)
      for (int64_t other = 0; other < batch.count; ++other) {
        bool same = true;
        for (size_t i = 0; i < 48; ++i) {
          const float blend = batch.lambda * from.pixels[size_t(row) * 48 + i] +
                              (1 - batch.lambda) * from.pixels[size_t(other) * 48 + i];
          same = same && std::abs(blend - batch.pixels[size_t(row) * 48 + i]) < 1e-3f;
        }
        if (!same) continue;
        partners.push_back(int(other));
        CHECK(batch.mixed_labels[size_t(row)] == from.labels[size_t(other)]);
        changed += row != other;
      }
    std::sort(partners.begin(), partners.end());
    REQUIRE(partners.size() == size_t(batch.count));
    for (size_t i = 0; i < partners.size(); ++i) CHECK(partners[i] == int(i));
    for (size_t row = size_t(batch.count); row < 4; ++row) CHECK(batch.mixed_labels[row] == kIgnored);
  }
  CHECK(changed > 0);
}

TEST_CASE("image batches: random parts keep to their share of the area") {
  Image image{40, 30, {}};
  for (int y = 0; y < 30; ++y)
    for (int x = 0; x < 40; ++x)
      for (const int value : {5 * x, 5 * y, 7}) image.rgb.push_back(uint8_t(value));
  ImageOptions options{.size = 8, .crop_area = {0.2, 0.5}};
  for (uint64_t seed = 0; seed < 200; ++seed) {
    Random random(seed);
    const Image part = random_resized_crop(image, options, random);
    REQUIRE(part.rgb.size() == 8 * 8 * 3);
    // Red and green rise by 5 a pixel of the image: from middle to middle of the outer pixels, 7 / 8 of it.
    const double width = (part.rgb[7 * 3] - part.rgb[0]) / 5.0 * 8 / 7;
    const double height = (part.rgb[56 * 3 + 1] - part.rgb[1]) / 5.0 * 8 / 7;
    CHECK(width / height > 0.6);
    CHECK(width / height < 1.6);
    CHECK(width * height / 1200 > 0.13);
    CHECK(width * height / 1200 < 0.6);
  }
  // No part of a strip has such a ratio and area: the middle is taken.
  Image strip{300, 4, std::vector<uint8_t>(3600, 9)};
  Random random(1);
  CHECK(random_resized_crop(strip, options, random).rgb == std::vector<uint8_t>(192, 9));
  CHECK(fit(image, 6).rgb.size() == 6 * 6 * 3);
  CHECK(fit(strip, 300).width == 300);
}

TEST_CASE("image batches: options out of range are named") {
  const Images images;
  const auto says = [&](ImageOptions options, const char* expected) {
    const std::string message = rejection([&] { ImageBatches(*images.folder, options); });
    INFO(message);
    CHECK(contains(message, expected));
  };
  says({.batch = 0}, "images: a batch of 0");
  says({.batch = 8, .partial = false}, "7 images make no batch of 8");
  says({.size = 0}, "0 x 0 pixels");
  says({.std = {1, 0, 1}}, "std: 0");
  says({.pad = -1}, "pad: -1");
  says({.crop_area = {0, 1}}, "crop_area: from 0 to 1");
  says({.crop_area = {0.5, 0.4}}, "crop_area: from 0.5 to 0.4");
  says({.mixup = -1}, "mixup: -1");
}

}  // namespace
}  // namespace fovea
