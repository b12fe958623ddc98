#include "gpu/shaders.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cstring>
#include <filesystem>
#include <string_view>

#include "core/check.h"
#include "io/file.h"
#include "support/values.h"

using namespace fovea;
using namespace fovea::test;

TEST_CASE("the words of every shader are those that the build compiled") {
  REQUIRE(shaders().size() > 100);
  size_t bytes = 0, packed = 0;
  for (const Shader& shader : shaders()) {
    INFO(shader.name);
    REQUIRE(std::string(shader.name).starts_with(shader.file));
    REQUIRE(find_shader(shader.name) == &shader);
    const std::vector<uint32_t> words = shader.words();
    const File binary(std::filesystem::path(FOVEA_SHADER_FOLDER) / concat(shader.name, ".spv"));
    REQUIRE(binary.bytes().size() == words.size() * sizeof(uint32_t));
    CHECK(std::memcmp(binary.bytes().data(), words.data(), binary.bytes().size()) == 0);
    bytes += binary.bytes().size();
    packed += shader.packed->bytes.size();
  }
  CHECK(find_shader("no_such_shader") == nullptr);
  CHECK(packed < bytes / 4);
}

TEST_CASE("embedded data that is corrupt is an error that names the kernel") {
  const PackedShader whole = *find_shader("softmax")->packed;
  REQUIRE(unpack("softmax", whole) == find_shader("softmax")->words());
  const auto rejects = [](std::span<const unsigned char> bytes, uint32_t words) {
    check_rejects(
        [&] { unpack("broken", {bytes, words}); },
        {"kernel broken", std::to_string(bytes.size()) + " embedded bytes", std::to_string(4 * words)});
  };
  rejects({}, whole.words);
  rejects(whole.bytes.first(3), whole.words);
  rejects(whole.bytes.first(whole.bytes.size() - 1), whole.words);
  rejects(whole.bytes.subspan(1), whole.words);
  rejects(whole.bytes, whole.words - 1);
  rejects(whole.bytes, whole.words + 1);
  std::vector<unsigned char> longer(whole.bytes.begin(), whole.bytes.end());
  longer.push_back(0);
  rejects(longer, whole.words);
  for (size_t at = 0; at < whole.bytes.size(); at += 13) {  // the checksum sees what unpacks all the same
    std::vector<unsigned char> flipped(whole.bytes.begin(), whole.bytes.end());
    flipped[at] ^= 0x10;
    INFO("byte " << at);
    try {
      const std::vector<uint32_t> words = unpack("broken", {flipped, whole.words});
      CHECK(words == find_shader("softmax")->words());  // a bit without a meaning
    } catch (const Error& error) {
      CHECK(std::string_view(error.what()).starts_with("kernel broken: its "));
    }
  }
}

TEST_CASE("what a library was built without is an error that says by which option") {
  const Contents all = contents();
  CHECK((all.training && all.cpu && all.gpu));  // of this build
  expect_training("grad");
  expect_kernels("llvmpipe", KernelClass::cpu);
  expect_kernels("a card", KernelClass::gpu);
  const Contents cpu{.training = false, .cpu = true, .gpu = false},
      gpu{.training = true, .cpu = false, .gpu = true};
  check_rejects([&] { expect_training("grad", cpu); },
                {"grad: ", "without training", "FOVEA_TRAINING is OFF"});
  expect_training("grad", gpu);
  expect_kernels("llvmpipe", KernelClass::cpu, cpu);
  check_rejects([&] { expect_kernels("a card", KernelClass::gpu, cpu); },
                {"a card: ", "GPUs", "FOVEA_KERNEL_CLASSES is cpu"});
  check_rejects([&] { expect_kernels("llvmpipe", KernelClass::cpu, gpu); },
                {"llvmpipe: ", "CPU drivers", "FOVEA_KERNEL_CLASSES is gpu"});
  const auto words_of = [](bool training, std::optional<KernelClass> kernels) {
    return Shader{"lost", "lost", {}, training, kernels, nullptr}.words();
  };
  check_rejects([&] { words_of(false, KernelClass::cpu); }, {"kernel lost: ", "CPU drivers"});
}

TEST_CASE("variants are found by their lanes") {
  const std::vector<const Shader*> tiles = variants_for("matmul_register", 8);
  REQUIRE(tiles.size() == 3);
  CHECK(tiles[0]->name == std::string("matmul_register_8_40"));
  CHECK(tiles[0]->number("ROWS") == 40);
  CHECK(tiles[0]->number("RATE") > 0);
  CHECK(variants_for("matmul_register", 5).empty());
  check_rejects([&] { variants_for("no_such_shader", 8); }, {"no shader no_such_shader"});
  check_rejects([&] { tiles[0]->number("DEPTH"); }, {"matmul_register_8_40", "DEPTH"});
  check_rejects([&] { variants_for("contiguous", 8); }, {"contiguous_uint", "LANES"});
  const auto first = std::find_if(shaders().begin(), shaders().end(),
                                  [](const Shader& each) { return each.file == std::string("contiguous"); });
  check_rejects([&] { first->number("ELEM"); }, {"contiguous_uint", "ELEM is uint"});
}
