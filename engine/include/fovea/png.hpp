// PNG files. Of fovea_viz.
#pragma once

#include <filesystem>

#include "fovea/image.hpp"

namespace fovea FOVEA_API {

// Atomically. Error: a size that images do not have, or another number of bytes.
void write_png(const std::filesystem::path& path, const Image& image);

}  // namespace fovea
