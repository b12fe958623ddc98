#include "fovea/png.hpp"

#include <catch2/catch_test_macros.hpp>

#include "support/temporary.h"

namespace fovea {
namespace {

using test::contains;
using test::rejection;
using test::TemporaryFolder;

TEST_CASE("png: a written PNG reads back") {
  const TemporaryFolder folder;
  for (const auto& [width, height] : {std::pair(1, 1), std::pair(3, 200), std::pair(257, 2)}) {
    Image image{width, height, std::vector<uint8_t>(size_t(width * height * 3))};
    for (size_t i = 0; i < image.rgb.size(); ++i) image.rgb[i] = uint8_t(i * i % 251);
    const auto path = folder.path() / "out.png";
    write_png(path, image);
    const Image read = load_image(path);
    CHECK(read.width == width);
    CHECK(read.height == height);
    CHECK(read.rgb == image.rgb);
  }
  const auto path = folder.path() / "bad.png";
  CHECK(contains(rejection([&] { write_png(path, {2, 2, std::vector<uint8_t>(11)}); }), path.string()));
  CHECK(contains(rejection([&] { write_png(path, {0, 2, {}}); }), path.string()));
  CHECK_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace fovea
