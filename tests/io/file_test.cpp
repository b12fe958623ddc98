#include "io/file.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "support/temporary.h"

namespace fovea {
namespace {

using test::contains;
using test::rejection;
using test::TemporaryFolder;

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

// How many files the folder holds: a temporary that stayed behind would be one more.
size_t count_files(const TemporaryFolder& folder) {
  size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) count += !entry.path().empty();
  return count;
}

TEST_CASE("file: mapped and read as it is") {
  const TemporaryFolder folder;
  const std::string text("a\r\n\0b\xff", 6);
  const auto path = folder.write("text", text);
  CHECK(read_text(path) == text);
  File file(path);
  REQUIRE(file.bytes().size() == 6);
  CHECK(file.bytes()[5] == std::byte(0xff));
  CHECK(file.name() == path.string());

  const File moved(std::move(file));
  CHECK(moved.bytes()[0] == std::byte('a'));
  File other(folder.write("other", "xyz"));
  other = File(path);
  CHECK(other.bytes().size() == 6);
}

TEST_CASE("file: empty") {
  const TemporaryFolder folder;
  const auto path = folder.write("empty", "");
  CHECK(File(path).bytes().empty());
  CHECK(read_text(path).empty());
}

TEST_CASE("file: what cannot be read is named") {
  const TemporaryFolder folder;
  const std::string missing = (folder.path() / "missing").string();
  CHECK(contains(rejection([&] { File{missing}; }), missing + ": cannot open: No such file"));
  const std::string here = folder.path().string();
  CHECK(contains(rejection([&] { read_text(here); }), here + ": is a folder, expected a file"));
}

TEST_CASE("file: written whole, replacing what was there") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "out";
  write_file_atomically(path, bytes_of("first, and longer"));
  write_file_atomically(path, bytes_of("second"));
  CHECK(read_text(path) == "second");
  const std::string a = "a", b = "bc";
  const std::span<const std::byte> parts[] = {bytes_of(a), {}, bytes_of(b)};
  write_file_atomically(path, parts);
  CHECK(read_text(path) == "abc");
  CHECK(count_files(folder) == 1);
}

TEST_CASE("file: a stale temporary of another run is stepped over and left alone") {
  const TemporaryFolder folder;
  folder.write(".out.0.tmp", "half");
  write_file_atomically(folder.path() / "out", bytes_of("whole"));
  CHECK(read_text(folder.path() / "out") == "whole");
  CHECK(read_text(folder.path() / ".out.0.tmp") == "half");
}

TEST_CASE("file: a failed write names the file and leaves nothing behind") {
  const TemporaryFolder folder;
  const std::string missing = (folder.path() / "missing" / "out").string();
  CHECK(contains(rejection([&] { write_file_atomically(missing, bytes_of("x")); }), missing));
  const auto taken = folder.path() / "taken";
  std::filesystem::create_directories(taken / "inside");
  CHECK(contains(rejection([&] { write_file_atomically(taken, bytes_of("x")); }), taken.string()));
  CHECK(count_files(folder) == 1);
}

}  // namespace
}  // namespace fovea
