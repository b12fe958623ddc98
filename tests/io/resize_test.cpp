#include "io/resize.h"

#include <array>
#include <catch2/catch_test_macros.hpp>

#include "io/crc32.h"
#include "support/temporary.h"

namespace fovea {
namespace {

using test::contains;
using test::rejection;

constexpr Resample kFilters[] = {Resample::nearest, Resample::lanczos, Resample::bilinear, Resample::bicubic};

uint32_t crc_of(const Image& image) { return crc32(std::as_bytes(std::span(image.rgb))); }

// The CRCs are of the pixels of Pillow 12.3 (10.4 to 12.3 agree), for filter 0, 1, 2, 3:
//   python3 -c "import sys, zlib; from PIL import Image; _, file, width, height, filter = sys.argv
//   image = Image.open(file).convert('RGB').resize((int(width), int(height)), int(filter))
//   print(hex(zlib.crc32(image.tobytes())))" samples/images/coffee.png 224 224 3
// Pillow 13 makes the vertical pass first when the height shrinks by more than twice as many pixels as the
// width, and then rounds differently here and there (of these: 1000 x 37).
TEST_CASE("resize: every filter gives Pillow's pixels, to the bit") {
  struct Golden {
    const char* name;
    int width, height;
    std::array<uint32_t, 4> crcs;
  };
  const Golden golden[] = {
      {"coffee", 224, 224, {0x9e81d0ba, 0xf32fdf81, 0x944db08c, 0xe249eea6}},
      {"coffee", 385, 256, {0x72905c56, 0x169977f3, 0xf192cdc3, 0xe72a7db8}},
      {"coffee", 1000, 37, {0x6cc99dd2, 0x3d34efb1, 0xbab06bd9, 0x8a02769c}},
      {"coffee", 31, 700, {0x68582059, 0x65ae59b3, 0x78e517a7, 0xf1b43971}},
      {"coffee", 1, 1, {0x87c71dc0, 0x7112eed8, 0x6809df99, 0x1f0eef0f}},
      {"chelsea", 224, 224, {0xfade1225, 0xaa5d3f48, 0xcaf1515e, 0xc7f8e165}},
      {"chelsea", 385, 256, {0xcd79635c, 0x7a612562, 0xa941b165, 0x86f39eec}},
      {"chelsea", 1000, 37, {0x57e7d8a5, 0x87fb4edb, 0xa3d5d148, 0xae8568b4}},
      {"chelsea", 31, 700, {0x90c0f13f, 0xc4787bad, 0x86fbf980, 0x32646860}},
      {"chelsea", 1, 1, {0x4e291a83, 0x976c0c7f, 0x090899dc, 0x976c0c7f}},
      {"astronaut", 224, 224, {0x78314d1e, 0xd9bbb870, 0x8f41503a, 0xdd5d246a}},
      {"astronaut", 385, 256, {0x75656f30, 0xf953467c, 0xf3612414, 0x69a60046}},
      {"astronaut", 1000, 37, {0x0a548583, 0x7f1a8573, 0x003d8e87, 0xbd168f6a}},
      {"astronaut", 31, 700, {0x4fc2fbe5, 0x93ab0d4f, 0xe8cdc362, 0xa230aaa1}},
      {"astronaut", 1, 1, {0xe1c67c16, 0xbeee8240, 0xd0f28397, 0xbeee8240}},
  };
  const std::filesystem::path samples = FOVEA_SOURCE_DIR "/samples/images";
  std::string name;
  Image image;
  for (const Golden& row : golden) {
    if (name != row.name) image = load_image(samples / ((name = row.name) + ".png"));
    for (const Resample filter : kFilters) {
      INFO(name << " to " << row.width << " x " << row.height << ", filter " << int(filter));
      const Image resized = resize(image, row.width, row.height, filter);
      CHECK(resized.width == row.width);
      CHECK(resized.height == row.height);
      CHECK(crc_of(resized) == row.crcs[size_t(filter)]);
    }
  }
}

// As above, of tests/golden/images/rgb.png (9 x 6), to 2 x 2.
TEST_CASE("resize: a little image, in numbers") {
  const Image image = load_image(FOVEA_SOURCE_DIR "/tests/golden/images/rgb.png");
  using Bytes = std::vector<uint8_t>;
  CHECK(resize(image, 2, 2, Resample::lanczos).rgb ==
        Bytes{52, 53, 30, 172, 53, 53, 52, 197, 56, 172, 197, 141});
  CHECK(resize(image, 2, 2, Resample::bilinear).rgb ==
        Bytes{61, 63, 34, 163, 63, 56, 61, 188, 61, 163, 188, 129});
  CHECK(resize(image, 2, 2, Resample::bicubic).rgb ==
        Bytes{55, 57, 31, 169, 57, 54, 55, 193, 58, 169, 193, 137});
}

TEST_CASE("resize: one colour stays that colour, the same size the same image") {
  const Image red{5, 3, [] {
                    std::vector<uint8_t> rgb;
                    for (int i = 0; i < 15; ++i) rgb.insert(rgb.end(), {255, 0, 7});
                    return rgb;
                  }()};
  for (const Resample filter : kFilters) {
    CHECK(resize(red, 5, 3, filter).rgb == red.rgb);
    for (const auto& [width, height] : {std::pair(1, 1), std::pair(2, 9), std::pair(64, 1)}) {
      const Image resized = resize(red, width, height, filter);
      REQUIRE(resized.rgb.size() == size_t(width * height * 3));
      for (size_t i = 0; i < resized.rgb.size(); ++i) CHECK(resized.rgb[i] == red.rgb[i % 3]);
    }
  }
}

TEST_CASE("resize: sizes and filters that make no sense are rejected") {
  const Image dot{1, 1, {1, 2, 3}};
  CHECK(
      contains(rejection([&] { resize(dot, 0, 1, Resample::bicubic); }), "resize: an image of 0 x 1 pixels"));
  CHECK(contains(rejection([&] { resize(dot, 1, -1, Resample::bicubic); }),
                 "resize: an image of 1 x -1 pixels"));
  CHECK(contains(rejection([&] { resize(dot, 32768, 32768, Resample::bicubic); }), "at most"));
  CHECK(contains(rejection([&] { resize(dot, 2, 2, Resample(4)); }), "resize: unknown filter 4"));
  const Image short_one{2, 1, {1, 2, 3}};
  CHECK(
      contains(rejection([&] { resize(short_one, 2, 2, Resample::nearest); }), "2 x 1 pixels take 3 bytes"));
  CHECK(
      contains(rejection([&] { resize({}, 2, 2, Resample::bilinear); }), "resize: an image of 0 x 0 pixels"));
}

// An image whose red is x + 1 and whose green is y + 1: 0 marks the padding.
Image numbered(int width, int height) {
  Image image{width, height, {}};
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) image.rgb.insert(image.rgb.end(), {uint8_t(x + 1), uint8_t(y + 1), 9});
  return image;
}

TEST_CASE("center_crop: the odd pixel goes to the upper left, what is missing is black, as in transformers") {
  const auto first_and_last = [](int width, int height, int crop_width, int crop_height) {
    const Image crop = center_crop(numbered(width, height), crop_width, crop_height);
    REQUIRE(crop.rgb.size() == size_t(crop_width * crop_height * 3));
    return std::vector<int>{crop.rgb[0], crop.rgb[1], crop.rgb[crop.rgb.size() - 3],
                            crop.rgb[crop.rgb.size() - 2]};
  };
  CHECK(first_and_last(7, 6, 4, 2) == std::vector<int>{2, 3, 5, 4});
  CHECK(first_and_last(4, 4, 4, 4) == std::vector<int>{1, 1, 4, 4});
  CHECK(first_and_last(3, 5, 4, 5) == std::vector<int>{0, 0, 3, 5});  // one black column, on the left
  CHECK(first_and_last(3, 3, 5, 5) == std::vector<int>{0, 0, 0, 0});

  const Image crop = center_crop(numbered(2, 9), 5, 3);  // two black columns on the left, one on the right
  CHECK(crop.rgb == std::vector<uint8_t>{0, 0, 0, 0, 0, 0, 1, 4, 9, 2, 4, 9, 0, 0, 0,  //
                                         0, 0, 0, 0, 0, 0, 1, 5, 9, 2, 5, 9, 0, 0, 0,  //
                                         0, 0, 0, 0, 0, 0, 1, 6, 9, 2, 6, 9, 0, 0, 0});
  CHECK(contains(rejection([&] { center_crop(numbered(2, 2), 0, 1); }), "center_crop: an image of 0 x 1"));
}

}  // namespace
}  // namespace fovea
