// The shaders, embedded at build time: a kernel for each shaders/<file>.comp, or each of its variant lines.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "fovea/device.hpp"
#include "gpu/packed_shader.h"

namespace fovea {

struct Shader {
  struct Definition {
    const char *name, *value;  // "": none
  };
  const char* name;                         // of the kernel: the file's, with the variant's behind it
  const char* file;                         // without .comp
  std::span<const Definition> definitions;  // of the variant line, in its order
  bool training;                            // only gradients and updates of weights dispatch it
  std::optional<KernelClass> kernels;       // only devices of this class dispatch it
  const PackedShader* packed;               // null: this library was built without it

  double number(const char* definition) const;  // an Error unless it is defined as one
  // Its SPIR-V, unpacked anew: a pipeline is made of it once, and takes far longer. An Error where this
  // library was built without it, which says by which option.
  std::vector<uint32_t> words() const;
};

std::span<const Shader> shaders();                   // by file, variants in the order of their lines
const Shader* find_shader(const std::string& name);  // null: there is no such kernel

// The variants of a file that are built for this number of lanes; an Error if its lines do not define LANES.
std::vector<const Shader*> variants_for(const char* file, uint32_t lanes);

// An Error that names the kernel unless the bytes are one whole frame of so many words.
std::vector<uint32_t> unpack(const std::string& kernel, const PackedShader& packed);

// What this library was built for: the options FOVEA_TRAINING and FOVEA_KERNEL_CLASSES.
struct Contents {
  bool training, cpu, gpu;
};
Contents contents();

// For a call that trains: an Error that begins with its name where the library was built without.
void expect_training(const char* call, const Contents& built = contents());
// An Error that names the device where the library was built without kernels of its class.
void expect_kernels(const std::string& device, KernelClass kernels, const Contents& built = contents());

}  // namespace fovea
