#include "fovea/png.hpp"

#include <span>

#include "core/check.h"
#include "io/file.h"
#include "io/image.h"
#include "viz/stb.h"

namespace fovea {

void write_png(const std::filesystem::path& path, const Image& image) {
  check_image_size(path.string(), image.width, image.height);
  FOVEA_CHECK(image.rgb.size() == size_t(image.width) * size_t(image.height) * 3, path.string(), ": ",
              image.width, " x ", image.height, " pixels take 3 bytes each, got ", image.rgb.size());
  const std::vector<uint8_t> bytes = encode_png(image);
  write_file_atomically(path, std::as_bytes(std::span(bytes)));
}

}  // namespace fovea
