#include "gpu/texels.h"

#include "core/check.h"

namespace fovea {

const char* name(TexelFormat format) {
  switch (format) {
    case TexelFormat::rgba8:
      return "rgba8";
    case TexelFormat::bgra8:
      return "bgra8";
    case TexelFormat::rgba8_srgb:
      return "rgba8_srgb";
    case TexelFormat::bgra8_srgb:
      return "bgra8_srgb";
    case TexelFormat::rgba16f:
      return "rgba16f";
  }
  fail("texel format ", int(format), " is none that Fovea knows");
}

uint32_t words_of(TexelFormat format) { return format == TexelFormat::rgba16f ? 2 : 1; }

}  // namespace fovea
