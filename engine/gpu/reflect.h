// What a shader takes, read from its SPIR-V: dispatches are held against it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace fovea {

constexpr uint32_t kPushBytes = 128;  // what every Vulkan device has

// The push constants are the operands' addresses, then one struct of parameters, as one block in the shader.
struct Interface {
  struct Operand {
    std::string name;
    uint32_t offset;  // bytes into the push constants
    bool written;     // by a store or an atomic somewhere in the shader
  };
  struct Constant {
    std::string name;
    uint32_t id;
  };
  std::vector<Operand> operands;    // by offset
  std::vector<Constant> constants;  // specialization constants by id, without the number of lanes
  uint32_t params_offset = 0, params_bytes = 0;
  uint32_t fixed_lanes = 0;  // of a workgroup, where the shader is built for one number; 0: it is constant 0
  // False where a store could not be traced to its operand, as in code that is not inlined: then `written`
  // says nothing.
  bool writes_known = true;

  uint32_t push_bytes() const { return params_offset + params_bytes; }
};

// Throws an Error that names the kernel if the words are no such shader.
Interface reflect(const std::string& kernel, std::span<const uint32_t> words);

// A specialization constant as a dispatch gives it, by its name in the shader; bools are 0 and 1.
struct Constant {
  const char* name;
  uint32_t value;
};

// For messages: the names of operands or constants.
template <class Named>
std::string names_of(const std::vector<Named>& all) {
  std::string text;
  for (const Named& each : all) (text += text.empty() ? "" : ", ") += each.name;
  return text.empty() ? "none" : text;
}

}  // namespace fovea
