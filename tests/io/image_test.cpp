#include "io/image.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <cstdlib>

#include "io/crc32.h"
#include "support/temporary.h"

namespace fovea {
namespace {

using test::bad_file;
using test::contains;
using test::read_bytes;
using test::TemporaryFolder;

// Little images from tests/golden/make_images.py; x.jpg.png is x.jpg as Pillow (libjpeg) decodes it.
const std::filesystem::path kGolden = FOVEA_SOURCE_DIR "/tests/golden/images";
const std::filesystem::path kSamples = FOVEA_SOURCE_DIR "/samples/images";

uint32_t crc_of(const Image& image) { return crc32(std::as_bytes(std::span(image.rgb))); }

std::string big_endian(uint32_t value) {
  return {char(value >> 24), char(value >> 16 & 0xff), char(value >> 8 & 0xff), char(value & 0xff)};
}

std::string png_chunk(const std::string& type, const std::string& data) {
  const std::string body = type + data;
  return big_endian(uint32_t(data.size())) + body + big_endian(crc32(std::as_bytes(std::span(body))));
}

const std::string kSignature = "\x89PNG\r\n\x1a\n";

// IHDR of an 8-bit RGB image.
std::string png_header(uint32_t width, uint32_t height) {
  return png_chunk("IHDR", big_endian(width) + big_endian(height) + std::string("\x08\x02\0\0\0", 5));
}

// A BMP header of 54 bytes for 24-bit rows that begin right after it.
std::string bmp_header(uint32_t width, uint32_t height) {
  const auto little = [](uint32_t value) {
    const std::string text = big_endian(value);
    return std::string(text.rbegin(), text.rend());
  };
  return "BM" + little(0) + little(0) + little(54) + little(40) + little(width) + little(height) +
         std::string("\1\0\x18\0", 4) + std::string(24, '\0');
}

TEST_CASE("image: crc32 of the standard's check string") {
  const std::string text = "123456789";
  CHECK(crc32(std::as_bytes(std::span(text))) == 0xcbf43926);
}

// The CRCs are of Pillow's pixels:
//   python3 -c "import sys, zlib; from PIL import Image
//   for f in sys.argv[1:]: print(f, hex(zlib.crc32(Image.open(f).convert('RGB').tobytes())))" FILES
TEST_CASE("image: PNG and BMP decode as in Pillow, whatever they store") {
  struct Golden {
    const char* file;
    uint32_t crc;
  };
  const Golden golden[] = {
      {"rgb.png", 0x302da59b},        {"rgba.png", 0x302da59b}, {"rgb16.png", 0x302da59b},
      {"interlaced.png", 0x302da59b}, {"rgb.bmp", 0x302da59b},  {"grey.png", 0xabaccb06},
      {"grey_alpha.png", 0xabaccb06}, {"grey.bmp", 0xabaccb06}, {"palette.png", 0xa626532e},
      {"palette.bmp", 0xa626532e},    {"bits.png", 0x86efe237},
  };
  for (const auto& [file, crc] : golden) {
    INFO(file);
    const Image image = load_image(kGolden / file);
    CHECK(image.width == 9);
    CHECK(image.height == 6);
    CHECK(crc_of(image) == crc);
  }
}

std::span<const uint8_t> row(const Image& image, int y) {
  const size_t bytes = size_t(image.width) * 3;
  return std::span(image.rgb).subspan(size_t(y) * bytes, bytes);
}

TEST_CASE("image: a BMP with its rows from top to bottom") {
  const TemporaryFolder folder;
  std::string bytes = read_bytes(kGolden / "rgb.bmp");
  bytes.replace(22, 4, "\xfa\xff\xff\xff");  // height -6 instead of 6
  const Image image = load_image(folder.write("rgb.bmp", bytes));
  const Image expected = load_image(kGolden / "rgb.bmp");
  REQUIRE(image.height == 6);
  for (int y = 0; y < 6; ++y) CHECK(std::ranges::equal(row(image, y), row(expected, 5 - y)));
}

TEST_CASE("image: JPEG decodes within 2 levels of libjpeg") {
  for (const char* file : {"coffee.jpg", "coffee_grey.jpg", "coffee_progressive.jpg", "coffee_restart.jpg"}) {
    INFO(file);
    const Image image = load_image(kGolden / file);
    const Image expected = load_image(kGolden / (std::string(file) + ".png"));
    REQUIRE(image.rgb.size() == expected.rgb.size());
    int worst = 0;
    for (size_t i = 0; i < image.rgb.size(); ++i)
      worst = std::max(worst, std::abs(image.rgb[i] - expected.rgb[i]));
    CHECK(worst <= 2);
  }
}

TEST_CASE("image: the sample images load") {
  CHECK(crc_of(load_image(kSamples / "coffee.png")) == 0xacf41373);
  CHECK(crc_of(load_image(kSamples / "chelsea.png")) == 0x0f829d59);
  CHECK(crc_of(load_image(kSamples / "astronaut.png")) == 0xfdcaa55f);
  const Image rocket = load_image(kSamples / "rocket.jpg");
  CHECK(rocket.width == 640);
  CHECK(rocket.height == 427);
}

TEST_CASE("image: what is no image is rejected by name") {
  const std::string png = read_bytes(kGolden / "rgb.png");
  const std::string jpeg = read_bytes(kGolden / "coffee.jpg");
  const std::string end = png_chunk("IEND", "");
  const struct {
    std::string bytes;
    std::string says;
  } malformed[] = {
      {"", "neither PNG nor JPEG nor BMP"},
      {"hello, I am a text", "neither PNG nor JPEG nor BMP"},
      {"GIF89a", "neither PNG nor JPEG nor BMP"},
      {kSignature, "truncated"},
      {kSignature + end, "the first PNG chunk is \"IEND\" of 0 bytes, expected \"IHDR\" of 13"},
      {kSignature + png_header(2, 2) + end, "a PNG without data"},
      {kSignature + png_header(0, 2) + png_chunk("IDAT", "x") + end, "an image of 0 x 2 pixels"},
      {kSignature + png_header(2, 2) + png_chunk("IDAT", "") + end, "a PNG without data"},
      {kSignature + png_header(2, 2) + png_chunk("IDAT", "no zlib stream") + end, ""},
      {kSignature + png_header(2, 2) + png.substr(33), ""},  // pixels of another image
      {kSignature + png_header(9, 7) + png.substr(33), ""},
      {kSignature + png_header(32769, 1) + png_chunk("IDAT", "x") + end,
       "an image of 32769 x 1 pixels, at most"},
      {kSignature + png_header(32768, 32768) + png_chunk("IDAT", "x") + end, "at most"},
      {kSignature + png_header(0x7fffffff, 0x7fffffff) + png_chunk("IDAT", "x") + end, "at most"},
      {kSignature + png_header(0xffffffff, 1) + png_chunk("IDAT", "x") + end, "at most"},
      {kSignature + png_header(2, 2) + big_endian(0xffffffff) + "IDAT", "a PNG chunk of 4294967295 bytes"},
      {kSignature + png_header(2, 2) + big_endian(0x7fffffff) + "IDAT", "truncated"},
      {"\xff\xd8\xff\xd9", "without a scan"},
      {std::string("\xff\xd8\xff\xe0\0\1", 6), "a JPEG segment of 1 bytes"},
      {std::string("\xff\xd8\xff\xe0\xff\xff", 6), "truncated"},
      {std::string("\xff\xd8\xff\xda\0\2\xff\xd9", 8), ""},
      {std::string("\xff\xd8\xff\xc4\0\x13\0", 7) + std::string(16, '\xff'),
       "a JPEG Huffman table of 4080 symbols"},
      {std::string("\xff\xd8\xff\xc4\0\x13\0", 7) + std::string(16, '\1'), "truncated"},
      {jpeg.substr(0, jpeg.size() - 2), "truncated"},
      {"BM", "truncated"},
      {bmp_header(2, 2), "truncated: 16 bytes wanted at byte 54, only 0 follow"},
      {bmp_header(0, 2), "an image of 0 x 2 pixels"},
      {bmp_header(40000, 1), "an image of 40000 x 1 pixels, at most"},
      {bmp_header(0x7fffffff, 0x7fffffff), "an image of 2147483647 x 2147483647 pixels, at most"},
      {bmp_header(2, 0x80000000), "an image of 2 x 2147483648 pixels, at most"},
      {bmp_header(0xffffffff, 2), "an image of -1 x 2 pixels"},
  };
  const TemporaryFolder folder;
  for (const auto& [bytes, says] : malformed) {
    const auto path = folder.write("bad.png", bytes);
    const std::string message = bad_file([&] { load_image(path); });
    INFO(message);
    CHECK(contains(message, path.string() + ": "));
    CHECK(contains(message, says));
  }
  const auto missing = folder.path() / "missing.png";
  CHECK(contains(bad_file([&] { load_image(missing); }), missing.string()));
  CHECK(contains(bad_file([&] { load_image(folder.path()); }), folder.path().string()));
}

// The message with which a file in memory is rejected, or "" when it loads. The bytes are copied to a block
// of just their size, so that a read past their end is found.
std::string try_load(const std::string& bytes, const std::string& file) {
  const std::vector<char> block(bytes.begin(), bytes.end());
  try {
    const Image image = load_image(std::as_bytes(std::span(block)), file);
    CHECK(image.rgb.size() == size_t(image.width) * size_t(image.height) * 3);
  } catch (const Error& error) {
    if (!std::string_view(error.what()).starts_with(file + ": "))
      FAIL_CHECK("does not name its file: " << error.what());
    return error.what();
  }
  return "";
}

std::string with_flipped_bit(std::string bytes, size_t bit) {
  bytes[bit / 8] = char(bytes[bit / 8] ^ (1 << bit % 8));
  return bytes;
}

TEST_CASE("image: a PNG whose chunks are whole but whose zlib stream is cut is rejected") {
  const std::string png = read_bytes(kGolden / "rgb.png");
  const size_t data = png.find("IDAT") + 4;
  const std::string stream = png.substr(data, png.size() - 12 - 4 - data);
  // The last 4 bytes are a checksum of the pixels, the one before may hold nothing but the end mark.
  for (size_t length = 0; length + 5 < stream.size(); ++length) {
    const std::string cut = png_chunk("IDAT", stream.substr(0, length)) + png_chunk("IEND", "");
    if (try_load(kSignature + png_header(9, 6) + cut, "cut.png").empty()) FAIL_CHECK("cut to " << length);
  }
}

TEST_CASE("image: a few bytes that inflate to a gigabyte are rejected within bounds") {
  // A zlib stream of zeros, one literal and then repeats of 258 bytes: 13 bits each in the fixed code.
  std::string stream = "\x78\x9c";
  uint32_t bits = 0, count = 0;
  const auto put = [&](uint32_t value, uint32_t width) {  // lowest bit first
    for (bits |= value << count, count += width; count >= 8; count -= 8, bits >>= 8)
      stream += char(bits & 0xff);
  };
  put(1, 1), put(1, 2);  // the last block, fixed code
  put(0x0c, 8);          // literal 0: code 00110000, first bit first
  // Length 258: 11000101, distance 1: 00000.
  for (int i = 0; i < 4'000'000; ++i) put(0xa3, 8), put(0, 5);
  const std::string bomb = png_chunk("IDAT", stream) + png_chunk("IEND", "");
  CHECK(contains(try_load(kSignature + png_header(2, 2) + bomb, "bomb.png"), "emory"));
}

TEST_CASE("image: cut at any length an image is rejected") {
  const auto check_cut = [](const std::string& file, const std::string& bytes, size_t length) {
    if (try_load(bytes.substr(0, length), file).empty())
      FAIL_CHECK(file << " cut to " << length << " bytes loads");
  };
  for (const auto& entry : std::filesystem::directory_iterator(kGolden)) {
    const std::string bytes = read_bytes(entry.path());
    for (size_t length = 0; length < bytes.size(); ++length)
      check_cut(entry.path().filename().string(), bytes, length);
  }
  for (const char* file : {"coffee.png", "rocket.jpg"}) {
    const std::string bytes = read_bytes(kSamples / file);
    for (size_t part = 0; part < 64; ++part) check_cut(file, bytes, bytes.size() * part / 64);
    for (size_t less = 1; less < 16; ++less) check_cut(file, bytes, bytes.size() - less);
  }
}

TEST_CASE("image: with any bit flipped a PNG is rejected") {
  for (const char* file : {"rgb.png", "palette.png", "interlaced.png"}) {
    const std::string bytes = read_bytes(kGolden / file);
    for (size_t bit = 0; bit < 8 * bytes.size(); ++bit)
      if (try_load(with_flipped_bit(bytes, bit), file).empty()) FAIL_CHECK(file << " loads with bit " << bit);
  }
}

TEST_CASE("image: with any bit flipped a JPEG or BMP is rejected or loads whole") {
  for (const char* file :
       {"coffee.jpg", "coffee_progressive.jpg", "coffee_restart.jpg", "rgb.bmp", "palette.bmp"}) {
    const std::string bytes = read_bytes(kGolden / file);
    for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) try_load(with_flipped_bit(bytes, bit), file);
  }
}

}  // namespace
}  // namespace fovea
