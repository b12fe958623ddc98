// Texels of a host's images, as facts.
#pragma once

#include "fovea/host.hpp"

namespace fovea {

uint32_t words_of(TexelFormat format);  // of 32 bits, that a texel takes

}  // namespace fovea
