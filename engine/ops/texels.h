// What the ops on texels ask of a format, and tables of what its numbers mean: functions of drivers are too
// coarse, and slower.
#pragma once

#include "fovea/texels.hpp"
#include "gpu/texels.h"
#include "ops/shapes.h"

namespace fovea {

bool is_linear(const char* op, TexelFormat format, Encoding encoding);
bool is_blue_first(TexelFormat format);
// The variant of a shader for such texels. Not a constant: SwiftShader takes both ways where one chooses.
const char* variant_of(TexelFormat format, bool linear);
inline bool is_halves(TexelFormat format) { return words_of(format) == 2; }

// The byte, encoded as sRGB, that each number means, four a word: of bytes 0 to 255, of halves 0 to 1 by
// their bits. Nothing where bytes are what they mean.
std::vector<uint32_t> encoded_bytes(TexelFormat format, bool linear);
// The other way: the number that a texel holds for each byte, one a word.
std::vector<uint32_t> stored_bytes(TexelFormat format, bool linear);

}  // namespace fovea
