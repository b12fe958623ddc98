// Colours of values.
#pragma once

#include "fovea/figure.hpp"
#include "viz/path.h"

namespace fovea {

Colour colour_of(Colormap map, double share);  // share: 0 to 1

}  // namespace fovea
