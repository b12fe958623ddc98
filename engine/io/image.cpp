#include "io/image.h"

#include <span>
#include <string_view>

#include "core/check.h"
#include "io/crc32.h"
#include "io/file.h"
#include "io/json.h"
#include "io/stb.h"

namespace fovea {
namespace {

// The bytes of an image, read in order. A read past the end is an Error that names the file.
class Reader {
 public:
  Reader(std::span<const std::byte> bytes, const std::string& file)
      : rest_(bytes), all_(bytes), file_(file) {}

  bool at_end() const { return rest_.empty(); }
  size_t position() const { return all_.size() - rest_.size(); }

  std::span<const std::byte> take(uint64_t count) {
    FOVEA_CHECK(count <= rest_.size(), file_, ": truncated: ", count, " bytes wanted at byte ", position(),
                ", only ", rest_.size(), " follow");
    const std::span<const std::byte> taken = rest_.first(size_t(count));
    rest_ = rest_.subspan(size_t(count));
    return taken;
  }

  uint32_t big_endian(int bytes) {
    uint32_t value = 0;
    for (const std::byte byte : take(uint64_t(bytes))) value = value << 8 | uint32_t(byte);
    return value;
  }

  uint32_t little_endian(int bytes) {
    uint32_t value = 0;
    const std::span<const std::byte> taken = take(uint64_t(bytes));
    for (int i = bytes - 1; i >= 0; --i) value = value << 8 | uint32_t(taken[size_t(i)]);
    return value;
  }

 private:
  std::span<const std::byte> rest_;
  std::span<const std::byte> all_;
  const std::string& file_;
};

// stb reads zeros past the end of a file and ignores checksums: the three checks below find what it
// overlooks.

// Signature, then chunks (length, type, data, CRC of type and data) from IHDR to IEND, with IDAT between.
void check_png(Reader reader, const std::string& file) {
  reader.take(8);
  bool has_data = false;
  for (bool first = true;; first = false) {
    const size_t position = reader.position();
    const uint32_t length = reader.big_endian(4);
    FOVEA_CHECK(length <= INT32_MAX, file, ": damaged: a PNG chunk of ", length, " bytes at byte ", position);
    const std::span<const std::byte> chunk = reader.take(4 + uint64_t(length));
    const std::string_view type(reinterpret_cast<const char*>(chunk.data()), 4);
    const uint32_t expected = reader.big_endian(4);
    const uint32_t found = crc32(chunk);
    FOVEA_CHECK(found == expected, file, ": damaged: the PNG chunk at byte ", position, " has CRC ", found,
                ", the file says ", expected);
    if (first) {
      FOVEA_CHECK(type == "IHDR" && length == 13, file, ": damaged: the first PNG chunk is ", in_quotes(type),
                  " of ", length, " bytes, expected \"IHDR\" of 13");
      Reader header(chunk.subspan(4), file);
      const uint32_t width = header.big_endian(4);
      check_image_size(file, width, header.big_endian(4));
    }
    has_data = has_data || (type == "IDAT" && length > 0);
    if (type == "IEND") break;
  }
  FOVEA_CHECK(has_data, file, ": damaged: a PNG without data: no IDAT chunk in ", reader.position(),
              " bytes");
}

// The next JPEG marker, past coded data: there ff 00 is a plain byte, ff ff is padding, and 01 and d0 to d7
// (restart) stand alone.
uint32_t next_marker(Reader& reader) {
  uint32_t marker = 0;
  while (marker <= 0x01 || marker == 0xff || (marker >= 0xd0 && marker <= 0xd7)) {
    if (marker != 0xff)
      while (reader.big_endian(1) != 0xff) continue;
    marker = reader.big_endian(1);
  }
  return marker;
}

// Huffman tables: a number, how many codes there are of each length 1 to 16, then as many symbols. At most
// 256 make sense, and stb writes past its table when there are more.
void check_huffman_tables(Reader reader, const std::string& file) {
  while (!reader.at_end()) {
    reader.take(1);
    uint32_t symbols = 0;
    for (const std::byte count : reader.take(16)) symbols += uint32_t(count);
    FOVEA_CHECK(symbols <= 256, file, ": damaged: a JPEG Huffman table of ", symbols,
                " symbols, at most 256 fit");
    reader.take(symbols);
  }
}

// Segments from SOI to EOI: marker, length and data; after SOS coded data up to the next marker.
void check_jpeg(Reader reader, const std::string& file) {
  constexpr uint32_t kHuffmanTables = 0xc4, kStartOfScan = 0xda, kEndOfImage = 0xd9;
  reader.take(2);
  bool has_scan = false;
  for (uint32_t marker = next_marker(reader); marker != kEndOfImage; marker = next_marker(reader)) {
    const size_t position = reader.position();
    const uint32_t length = reader.big_endian(2);
    FOVEA_CHECK(length >= 2, file, ": damaged: a JPEG segment of ", length, " bytes at byte ", position);
    const std::span<const std::byte> segment = reader.take(length - 2);
    if (marker == kHuffmanTables) check_huffman_tables(Reader(segment, file), file);
    has_scan = has_scan || marker == kStartOfScan;
  }
  FOVEA_CHECK(has_scan, file, ": damaged: a JPEG without a scan in ", reader.position(), " bytes");
}

// File header (14 bytes, where the pixels begin), info header (its size, width, height, planes, bits), pixel
// rows of a multiple of 4 bytes.
void check_bmp(Reader reader, const std::string& file) {
  Reader pixels = reader;
  reader.take(10);
  const uint32_t offset = reader.little_endian(4);
  const bool is_old = reader.little_endian(4) == 12;
  const auto side = [&]() -> int64_t {
    if (is_old) return reader.little_endian(2);
    return int32_t(reader.little_endian(4));
  };
  const int64_t width = side();
  const int64_t height = side();
  reader.take(2);
  const uint32_t bits = reader.little_endian(2);
  check_image_size(file, width, std::abs(height));  // a negative height: rows from top to bottom
  pixels.take(offset);
  pixels.take(uint64_t((width * bits + 31) / 32 * 4 * std::abs(height)));
}

void check_image(std::span<const std::byte> bytes, const std::string& file) {
  const Reader reader(bytes, file);
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.starts_with("\x89PNG\r\n\x1a\n"))
    check_png(reader, file);
  else if (text.starts_with("\xff\xd8\xff"))
    check_jpeg(reader, file);
  else if (text.starts_with("BM"))
    check_bmp(reader, file);
  else
    fail(file, ": ", text.size(), " bytes that are neither PNG nor JPEG nor BMP");
}

}  // namespace

void check_image_size(const std::string& where, int64_t width, int64_t height) {
  FOVEA_CHECK(width >= 1 && height >= 1, where, ": an image of ", width, " x ", height,
              " pixels, at least 1 x 1 is needed");
  FOVEA_CHECK(width <= kMaxImageSide && height <= kMaxImageSide && width * height <= kMaxImagePixels, where,
              ": an image of ", width, " x ", height, " pixels, at most ", kMaxImageSide, " a side and ",
              kMaxImagePixels, " in all are supported");
}

Image load_image(const std::filesystem::path& path) {
  const File file(path);
  return load_image(file.bytes(), file.name());
}

Image load_image(std::span<const std::byte> bytes, const std::string& name) {
  return from_file([&] {
    check_image(bytes, name);
    return decode_image(bytes, name);
  });
}

}  // namespace fovea
