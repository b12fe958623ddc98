#include "fovea/files.hpp"

#include <catch2/catch_test_macros.hpp>
#include <map>

#include "fovea/corpus.hpp"
#include "fovea/data.hpp"
#include "fovea/image.hpp"
#include "fovea/text.hpp"
#include "io/file.h"
#include "io/safetensors.h"
#include "support/temporary.h"

namespace fovea {
namespace {

using test::contains;
using test::rejection;
using test::TemporaryFolder;

std::vector<std::byte> bytes_of(const std::string& text) {
  const std::span<const std::byte> bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

std::string text_of(const ModelFiles& files, const std::string& name) {
  const std::optional<File> found = files.find(name);
  return found ? std::string(found->text()) : "none";
}

ErrorCode code_of(const auto& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.code();
  }
  FAIL("expected an Error");
  return {};
}

TEST_CASE("files: those of a directory, by a path in any form") {
  const TemporaryFolder folder;
  folder.write("a.txt", "first");
  std::filesystem::create_directory(folder.path() / "inner");
  folder.write("inner/b.txt", "");
  const std::string text = folder.path().string();
  const auto check = [&](const ModelFiles& files) {
    CHECK(files.label() == text);
    CHECK(text_of(files, "a.txt") == "first");
    CHECK(text_of(files, "inner/b.txt").empty());
    CHECK(text_of(files, "c.txt") == "none");
    CHECK(text_of(files, "a.txt/c.txt") == "none");
    CHECK(files.open("a.txt").name() == (folder.path() / "a.txt").string());
  };
  check(folder.path());
  check(text);
  check(text.c_str());
  check({text});
  check({folder.path()});
  check(std::string(text));
}

TEST_CASE("files: a file that is not there, and a directory that is not") {
  const TemporaryFolder folder;
  const ModelFiles files(folder.path()), nowhere(folder.path() / "none");
  const std::string name = (folder.path() / "a.txt").string();
  CHECK(rejection([&] { files.open("a.txt"); }) == name + ": there is no such file");
  CHECK(code_of([&] { files.open("a.txt"); }) == ErrorCode::bad_file);
  CHECK(rejection([&] { nowhere.find("a.txt"); }) ==
        (folder.path() / "none").string() + ": no such directory");
  CHECK(code_of([&] { nowhere.find("a.txt"); }) == ErrorCode::bad_file);
  std::filesystem::create_directory(folder.path() / "a.txt");
  CHECK(rejection([&] { files.find("a.txt"); }) == name + ": is a folder, expected a file");
  CHECK(code_of([&] { files.find("a.txt"); }) == ErrorCode::bad_file);
}

TEST_CASE("files: those of a reader") {
  const std::map<std::string, std::string> pack{{"a.txt", "first"}, {"inner/b.txt", ""}};
  std::vector<std::string> asked;
  const ModelFiles files(
      [&](const std::string& name) -> std::optional<std::vector<std::byte>> {
        asked.push_back(name);
        const auto found = pack.find(name);
        if (found == pack.end()) return std::nullopt;
        return bytes_of(found->second);
      },
      "game.pack");
  CHECK(files.label() == "game.pack");
  CHECK(text_of(files, "a.txt") == "first");
  CHECK(text_of(files, "inner/b.txt").empty());
  CHECK(files.open("a.txt").name() == "game.pack/a.txt");
  CHECK(rejection([&] { files.open("c.txt"); }) == "game.pack/c.txt: there is no such file");
  CHECK(asked == std::vector<std::string>{"a.txt", "inner/b.txt", "a.txt", "c.txt"});

  File kept = files.open("a.txt");  // outlives what made it
  const File copy = kept;
  kept = files.open("inner/b.txt");
  CHECK(copy.text() == "first");
  CHECK(ModelFiles([](const std::string&) { return bytes_of("x"); }, "").open("y").name() == "y");
  CHECK(contains(rejection([] { ModelFiles({}, "pack"); }), "pack: files without a reader"));
}

TEST_CASE("files: memory of the program's own is not copied") {
  const std::string text = "kept";
  const auto reader = [&](const std::string&) { return std::as_bytes(std::span(text)); };
  const File file = ModelFiles(reader, "memory").open("a");
  CHECK(static_cast<const void*>(file.bytes().data()) == text.data());

  auto owner = std::make_shared<const std::string>("owned");
  const std::weak_ptr<const std::string> watched = owner;
  {
    const File held("b", FileBytes(std::as_bytes(std::span(*owner)), owner));
    owner.reset();
    CHECK(held.text() == "owned");
  }
  CHECK(watched.expired());
}

TEST_CASE("files: what a reader throws comes out") {
  const ModelFiles files([](const std::string&) -> std::optional<FileBytes> { throw 7; }, "thrown");
  CHECK_THROWS_AS(files.find("a"), int);
  CHECK_THROWS_AS(Preprocessor::load(files), int);
}

TEST_CASE("files: what reads them says bad_file of those that do not fit") {
  const TemporaryFolder folder;
  const auto path = folder.write("damaged", "\xff");
  const auto bad = [](const auto& action) { return code_of(action) == ErrorCode::bad_file; };
  CHECK(bad([&] { load_image(path); }));
  CHECK(bad([&] { load_image(folder.path() / "none.png"); }));
  CHECK(bad([&] { load_image({}, "memory"); }));
  CHECK(bad([&] { read_lines(path); }));
  CHECK(bad([&] { Preprocessor::load(folder.path()); }));
  folder.write("preprocessor_config.json", R"({"size": 0})");
  CHECK(bad([&] { Preprocessor::load(folder.path()); }));
  CHECK(bad([&] { Preprocessor::for_model(folder.path(), 8, 8); }));
  CHECK(bad([&] { read_pairs(folder.write("pairs", "a\tb\nno tab\n")); }));
  CHECK(bad([&] { read_parallel(folder.write("one", "a\n"), folder.write("two", "a\nb\n")); }));
  CHECK(bad([&] { ImageFolder(folder.path()); }));
  std::filesystem::create_directory(folder.path() / "class");
  folder.write("class/a.png", "no image");
  CHECK(bad([&] { ImageFolder(folder.path()); }));
  CHECK(bad([&] { TextEncoder::source(folder.path()); }));
  folder.write("source.spm", "\x01");
  CHECK(bad([&] { TextEncoder::source(folder.path()); }));
}

}  // namespace
}  // namespace fovea
