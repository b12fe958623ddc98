#include "io/stb.h"

#include <cstdlib>
#include <cstring>
#include <limits>
#include <unordered_map>

#include "core/check.h"

namespace fovea {
namespace {

// All memory that stb takes while it works on one image: limited as a whole (a few bytes of a PNG can
// inflate to gigabytes) and returned at the end, also when stb gives up halfway. stb's allocation macros know
// no context, hence the pointer per thread.
class Scratch {
 public:
  explicit Scratch(size_t limit) : limit_(limit) { current = this; }
  ~Scratch() {
    current = nullptr;
    for (const auto& [block, bytes] : blocks_) std::free(block);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  void* resize(void* old, size_t bytes) {
    const auto held = blocks_.find(old);  // found now: after realloc the address of old means nothing
    const size_t before = held == blocks_.end() ? 0 : held->second;
    if (bytes > limit_ - (used_ - before)) return nullptr;
    void* block = std::realloc(old, bytes);
    if (!block) return nullptr;
    if (held != blocks_.end()) blocks_.erase(held);
    blocks_[block] = bytes;
    used_ = used_ - before + bytes;
    return block;
  }

  void release(void* block) {
    if (!block) return;
    used_ -= blocks_.at(block);
    blocks_.erase(block);
    std::free(block);
  }

  static thread_local Scratch* current;

 private:
  size_t limit_;
  size_t used_ = 0;
  std::unordered_map<void*, size_t> blocks_;
};
thread_local Scratch* Scratch::current = nullptr;

constexpr size_t kSmallScratch = size_t(1) << 20;

// Rows, planes and the inflated stream: 16-bit RGBA takes about 30 bytes per pixel, progressive JPEG 15.
size_t scratch_limit(int width, int height, size_t file_bytes) {
  const uint64_t limit =
      kSmallScratch + uint64_t(width + 64) * uint64_t(height + 64) * 40 + 4 * uint64_t(file_bytes);
  return size_t(std::min<uint64_t>(limit, std::numeric_limits<size_t>::max()));
}

}  // namespace
}  // namespace fovea

#define STBI_MALLOC(bytes) fovea::Scratch::current->resize(nullptr, bytes)
#define STBI_REALLOC(block, bytes) fovea::Scratch::current->resize(block, bytes)
#define STBI_FREE(block) fovea::Scratch::current->release(block)
#define STBI_ASSERT(condition) FOVEA_CHECK(condition, "damaged: " #condition)
#define STBI_ONLY_PNG
#define STBI_ONLY_JPEG
#define STBI_ONLY_BMP
#define STBI_NO_STDIO
#define STBI_FAILURE_USERMSG
#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wconversion"
#elif defined(_MSC_VER)
#pragma warning(push, 0)
#endif
#include <stb/stb_image.h>
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#elif defined(_MSC_VER)
#pragma warning(pop)
#endif

namespace fovea {

Image decode_image(std::span<const std::byte> bytes, const std::string& file) {
  FOVEA_CHECK(bytes.size() <= size_t(std::numeric_limits<int>::max()), file, ": ", bytes.size(),
              " bytes, an image has at most ", std::numeric_limits<int>::max());
  const auto* data = reinterpret_cast<const stbi_uc*>(bytes.data());
  const int size = int(bytes.size());
  Image image;
  int channels = 0;
  {
    const Scratch scratch(kSmallScratch);
    const bool known = stbi_info_from_memory(data, size, &image.width, &image.height, &channels);
    FOVEA_CHECK(known, file, ": ", stbi_failure_reason());
  }
  image.height = std::abs(image.height);  // of a BMP from top to bottom it is negative here, but not below
  check_image_size(file, image.width, image.height);

  const Scratch scratch(scratch_limit(image.width, image.height, bytes.size()));
  int width = 0, height = 0;
  const stbi_uc* pixels = nullptr;
  try {
    pixels = stbi_load_from_memory(data, size, &width, &height, &channels, 3);
  } catch (const Error& error) {
    fail(file, ": ", error.what());
  }
  FOVEA_CHECK(pixels, file, ": ", stbi_failure_reason());
  FOVEA_CHECK(width == image.width && height == image.height, file, ": its header says ", image.width, " x ",
              image.height, ", its data ", width, " x ", height);
  image.rgb.assign(pixels, pixels + size_t(width) * size_t(height) * 3);
  return image;
}

}  // namespace fovea
