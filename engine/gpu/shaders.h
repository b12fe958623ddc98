// The shaders, embedded at build time: a kernel for each shaders/<file>.comp, or each of its variant lines.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace fovea {

struct Shader {
  struct Definition {
    const char *name, *value;  // "": none
  };
  const char* name;                         // of the kernel: the file's, with the variant's behind it
  const char* file;                         // without .comp
  std::span<const Definition> definitions;  // of the variant line, in its order
  const std::span<const uint32_t>& words;   // SPIR-V

  double number(const char* definition) const;  // an Error unless it is defined as one
};

std::span<const Shader> shaders();  // by file, variants in the order of their lines

std::span<const uint32_t> shader_words(const std::string& name);  // empty: there is no such kernel

// The variants of a file that are built for this number of lanes; an Error if its lines do not define LANES.
std::vector<const Shader*> variants_for(const char* file, uint32_t lanes);

}  // namespace fovea
