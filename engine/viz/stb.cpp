#include "viz/stb.h"

#include <cstdlib>
#include <memory>

#include "core/check.h"

#define STBI_WRITE_NO_STDIO
#define STB_IMAGE_WRITE_STATIC
#define STB_IMAGE_WRITE_IMPLEMENTATION
#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wconversion"
#elif defined(_MSC_VER)
#pragma warning(push, 0)
#endif
#include <stb/stb_image_write.h>
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#elif defined(_MSC_VER)
#pragma warning(pop)
#endif

namespace fovea {

std::vector<uint8_t> encode_png(const Image& image) {
  int size = 0;
  const std::unique_ptr<unsigned char, decltype(&std::free)> bytes(
      stbi_write_png_to_mem(image.rgb.data(), 3 * image.width, image.width, image.height, 3, &size),
      &std::free);
  FOVEA_CHECK(bytes, "png: no memory to encode ", image.width, " x ", image.height, " pixels");
  return {bytes.get(), bytes.get() + size};
}

std::vector<uint8_t> encode_jpeg(const Image& image, int quality) {
  std::vector<uint8_t> bytes;
  const auto append = [](void* to, void* data, int size) {
    const auto* first = static_cast<const uint8_t*>(data);
    auto& all = *static_cast<std::vector<uint8_t>*>(to);
    all.insert(all.end(), first, first + size);
  };
  FOVEA_CHECK(stbi_write_jpg_to_func(append, &bytes, image.width, image.height, 3, image.rgb.data(), quality),
              "jpeg: ", image.width, " x ", image.height, " pixels of quality ", quality,
              " cannot be encoded");
  return bytes;
}

}  // namespace fovea
