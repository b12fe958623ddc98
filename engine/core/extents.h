// Extents in messages, also those that no Shape can have.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace fovea {

std::string extents_text(std::span<const int64_t> extents);  // (2, 197, 192)

}  // namespace fovea
