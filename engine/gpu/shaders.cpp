#include "gpu/shaders.h"

#include <cstdlib>
#include <cstring>

#include "core/check.h"

namespace fovea {

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

std::span<const uint32_t> shader_words(const std::string& name) {
  for (const Shader& shader : shaders())
    if (name == shader.name) return shader.words;
  return {};
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

}  // namespace fovea
