#include <catch2/catch_test_macros.hpp>

#include "fovea/data.hpp"
#include "fovea/png.hpp"
#include "support/temporary.h"

namespace fovea {
namespace {

using test::bad_file;
using test::contains;
using test::rejection;
using test::TemporaryFolder;
namespace fs = std::filesystem;

void write_grey(const fs::path& path, uint8_t grey, int side = 2) {
  fs::create_directories(path.parent_path());
  write_png(path, {side, side, std::vector<uint8_t>(size_t(side * side * 3), grey)});
}

TEST_CASE("image folder: classes and files in the order of their names") {
  const TemporaryFolder folder;
  write_grey(folder.path() / "zebra" / "b.png", 4);
  write_grey(folder.path() / "zebra" / "a.PNG", 3);
  write_grey(folder.path() / "ant" / "10.png", 1);
  write_grey(folder.path() / "ant" / "9.png", 2, 5);
  write_grey(folder.path() / ".cache" / "hidden.png", 9);
  folder.write("README", "beside the classes");
  folder.write("ant/.hidden", "no image");
  // All in memory, a part of it, and nothing: 2 x 2 pixels are 12 bytes.
  for (const uint64_t memory : {uint64_t(1) << 30, uint64_t(90), uint64_t(0)}) {
    const ImageFolder images(folder.path(), {.memory = memory});
    CHECK(images.classes() == std::vector<std::string>{"ant", "zebra"});
    REQUIRE(images.size() == 4);
    const uint32_t labels[] = {0, 0, 1, 1};
    for (int64_t i = 0; i < 4; ++i) {
      CHECK(images.label(i) == labels[i]);
      CHECK(images.image(i).rgb.at(0) == i + 1);
    }
    CHECK(images.image(1).width == 5);
    CHECK(images.path(2) == folder.path() / "zebra" / "a.PNG");
    CHECK(contains(rejection([&] { images.image(4); }), "no image 4, there are 4"));
    CHECK(contains(rejection([&] { images.label(-1); }), "no image -1, there are 4"));
  }
}

TEST_CASE("image folder: what is no folder of classes is named") {
  const TemporaryFolder folder;
  const auto says = [&](const fs::path& where, const char* expected) {
    const std::string message = bad_file([&] { ImageFolder{folder.path()}; });
    INFO(message);
    CHECK(message.starts_with(where.string() + ": "));
    CHECK(contains(message, expected));
  };
  folder.write("loose.png", "");
  says(folder.path(), "no class folders");
  fs::create_directory(folder.path() / "empty");
  says(folder.path() / "empty", "a class without images");
  fs::remove(folder.path() / "empty");

  write_grey(folder.path() / "cat" / "a.png", 1);
  fs::create_directory(folder.path() / "cat" / "inner");
  says(folder.path() / "cat" / "inner", "a folder within a class");
  fs::remove(folder.path() / "cat" / "inner");

  const fs::path notes = folder.write("cat/notes.txt", "no image");
  says(notes, "neither PNG nor JPEG nor BMP");
  const ImageFolder later(folder.path(), {.memory = 0});
  CHECK(contains(bad_file([&] { later.image(1); }), notes.string() + ": "));
  const std::string missing = (folder.path() / "missing").string();
  CHECK(contains(bad_file([&] { ImageFolder{missing}; }), missing + ": cannot read the folder"));
}

}  // namespace
}  // namespace fovea
