// Preprocessor stands in the public header.
#pragma once

#include "fovea/image.hpp"
