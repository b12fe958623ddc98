// PackedShader: SPIR-V as the build embeds it.
#pragma once

#include <cstdint>
#include <span>

namespace fovea {

struct PackedShader {
  std::span<const unsigned char> bytes;  // one frame of zstd (RFC 8878) with its checksum
  uint32_t words;                        // that they unpack to
};

}  // namespace fovea
