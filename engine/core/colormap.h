// Colours of values.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "fovea/picture.hpp"

namespace fovea {

using Colour = std::array<uint8_t, 3>;

std::span<const Colour> colours_of(Colormap map);  // between two of them a map goes straight
Colour colour_of(Colormap map, double share);      // share: 0 to 1

}  // namespace fovea
