#include "gpu/shaders.h"

#include <zstd.h>

#include <cstdlib>
#include <cstring>

#include "core/check.h"

namespace fovea {
namespace {

const char* kernel_classes(const Contents& built) {
  return built.cpu && built.gpu ? "cpu;gpu" : built.cpu ? "cpu" : "gpu";
}

}  // namespace

double Shader::number(const char* definition) const {
  for (const Definition& each : definitions) {
    if (std::strcmp(each.name, definition) != 0) continue;
    char* end = nullptr;
    const double result = std::strtod(each.value, &end);
    FOVEA_CHECK(end != each.value && *end == 0, "kernel ", name, ": ", definition, " is ", each.value,
                ", not a number");
    return result;
  }
  fail("kernel ", name, ": ", definition, " is not among the definitions of its variant line");
}

std::vector<uint32_t> Shader::words() const {
  if (packed == nullptr && training) expect_training(concat("kernel ", name).c_str());
  FOVEA_CHECK_AS(unsupported, packed != nullptr, "kernel ", name,
                 ": this library was built without it: it is for ",
                 kernels == KernelClass::cpu ? "CPU drivers" : "GPUs", ", FOVEA_KERNEL_CLASSES is ",
                 kernel_classes(contents()));
  return unpack(name, *packed);
}

const Shader* find_shader(const std::string& name) {
  for (const Shader& shader : shaders())
    if (name == shader.name) return &shader;
  return nullptr;
}

std::vector<const Shader*> variants_for(const char* file, uint32_t lanes) {
  std::vector<const Shader*> result;
  bool known = false;
  for (const Shader& shader : shaders()) {
    if (std::strcmp(shader.file, file) != 0) continue;
    known = true;
    if (shader.number("LANES") == lanes) result.push_back(&shader);
  }
  FOVEA_CHECK(known, "there is no shader ", file);
  return result;
}

std::vector<uint32_t> unpack(const std::string& kernel, const PackedShader& packed) {
  std::vector<uint32_t> words(packed.words);
  const size_t bytes = words.size() * sizeof(uint32_t);
  const size_t got = ZSTD_decompress(words.data(), bytes, packed.bytes.data(), packed.bytes.size());
  FOVEA_CHECK(!ZSTD_isError(got), "kernel ", kernel, ": its ", packed.bytes.size(),
              " embedded bytes do not unpack to ", bytes, ": ", ZSTD_getErrorName(got));
  FOVEA_CHECK(got == bytes, "kernel ", kernel, ": its ", packed.bytes.size(), " embedded bytes unpack to ",
              got, " bytes, not ", bytes);
  return words;
}

void expect_training(const char* call, const Contents& built) {
  FOVEA_CHECK_AS(unsupported, built.training, call,
                 ": this library was built without training, FOVEA_TRAINING is OFF");
}

void expect_kernels(const std::string& device, KernelClass kernels, const Contents& built) {
  const bool cpu = kernels == KernelClass::cpu;
  FOVEA_CHECK_AS(unsupported, cpu ? built.cpu : built.gpu, device,
                 ": this library was built without kernels for ", cpu ? "CPU drivers" : "GPUs",
                 ", FOVEA_KERNEL_CLASSES is ", kernel_classes(built));
}

}  // namespace fovea
