#include "io/safetensors.h"

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>

#include "support/temporary.h"

namespace fovea {
namespace {

using test::contains;
using test::read_bytes;
using test::rejection;
using test::TemporaryFolder;

// Made by Python's safetensors 0.8.0:
//   save_file({"b": float16([[1, -2.5], [6e-8, 65504]]), "a": float32([1.5, -0.0]),
//              "n": zeros((0, 3), float32), "i": int64(7)}, "tiny.safetensors", {"format": "np"})
const std::filesystem::path kTiny = FOVEA_SOURCE_DIR "/tests/golden/tiny.safetensors";

// A file of this header (the length before it is right) and so many bytes of data.
std::string file_of(const std::string& header, size_t data_bytes) {
  std::string length(8, '\0');
  for (size_t i = 0; i < 8; ++i) length[i] = char(header.size() >> (8 * i) & 0xff);
  return length + header + std::string(data_bytes, '\1');
}

std::string length_of(uint64_t length) {
  std::string text(8, '\0');
  for (size_t i = 0; i < 8; ++i) text[i] = char(length >> (8 * i) & 0xff);
  return text;
}

// The entry of a tensor as it stands in a header.
std::string entry(const std::string& name, const std::string& shape, const std::string& offsets,
                  const std::string& dtype = "F32") {
  return "\"" + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":" + offsets +
         "}";
}

// Reads every byte of every tensor, so that the sanitizers see a range outside the file.
uint64_t touch(const SafeTensors& file) {
  uint64_t sum = 0;
  for (const std::string& name : file.names())
    for (const std::byte byte : file.info(name).bytes) sum += uint64_t(byte);
  return sum;
}

TEST_CASE("safetensors: a file that Python wrote") {
  const SafeTensors file(kTiny);
  CHECK(file.names() == std::vector<std::string>{"a", "b", "i", "n"});
  CHECK(file.metadata().at("format") == "np");
  CHECK(file.info("i").dtype == "I64");
  CHECK(file.info("i").shape.empty());
  CHECK(file.info("n").shape == std::vector<int64_t>{0, 3});
  CHECK(file.info("n").bytes.empty());
  CHECK(file.read_f32("b", {2, 2}) == std::vector<float>{1, -2.5f, 0x1p-24f, 65504});
  const std::vector<float> a = file.read_f32("a", {2});
  CHECK(a == std::vector<float>{1.5f, 0});
  CHECK(std::signbit(a[1]));
}

TEST_CASE("safetensors: what is written is read, to the bit") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "model.safetensors";
  const std::vector<float> weight{1, -2, 3e-40f, std::numeric_limits<float>::infinity(), 0.1f, 6};
  const std::vector<float> scalar{std::nanf("")};
  const NamedTensor tensors[] = {{"w.\"\xc3\xa9", {2, 3}, weight}, {"a", {}, scalar}};
  write_safetensors(path, tensors, {{"step", "7"}});

  SafeTensors opened(path);
  const SafeTensors file = std::move(opened);
  CHECK(file.names() == std::vector<std::string>{"a", "w.\"\xc3\xa9"});
  CHECK(file.metadata() == std::map<std::string, std::string>{{"step", "7"}});
  CHECK(file.read_f32("w.\"\xc3\xa9", {2, 3}) == weight);
  CHECK(std::isnan(file.read_f32("a", {})[0]));
  CHECK((file.info("a").bytes.data() - reinterpret_cast<const std::byte*>(0)) % 8 == 0);

  write_safetensors(path, {});
  CHECK(SafeTensors(path).names().empty());
}

TEST_CASE("safetensors: bfloat16") {
  const TemporaryFolder folder;
  const std::string header = "{" + entry("x", "[2]", "[0,4]", "BF16") + "}";
  const auto path = folder.write("x", file_of(header, 0) + std::string("\x80\x3f\x20\xc0", 4));
  CHECK(SafeTensors(path).read_f32("x", {2}) == std::vector<float>{1, -2.5f});
}

TEST_CASE("safetensors: legal oddities") {
  const TemporaryFolder folder;
  const auto names = [&](const std::string& header, size_t data) {
    return SafeTensors(folder.write("x", file_of(header, data))).names().size();
  };
  CHECK(names("{}", 0) == 0);
  CHECK(names("{}   ", 0) == 0);
  CHECK(names("{\"__metadata__\":{}}", 0) == 0);
  CHECK(names("{" + entry("b", "[1]", "[4,8]") + "," + entry("a", "[1]", "[0,4]") + "}", 8) == 2);
  CHECK(names("{" + entry("e", "[0]", "[4,4]") + "," + entry("a", "[1]", "[0,4]") + "}", 4) == 2);
  CHECK(names("{" + entry("e", "[0,9223372036854775807,9]", "[0,0]") + "}", 0) == 1);
  CHECK(names("{" + entry("", "[]", "[0,1]", "BOOL") + "}", 1) == 1);
  CHECK(names("{" + entry("f", "[3]", "[0,3]", "F8_E4M3") + "}", 3) == 1);
}

TEST_CASE("safetensors: a request that the file cannot serve") {
  const SafeTensors file(kTiny);
  const std::string where = kTiny.string() + ": ";
  CHECK(rejection([&] { file.read_f32("a", {3}); }) == where + "tensor \"a\": expected shape (3), got (2)");
  CHECK(rejection([&] { file.read_f32("b", {4}); }) ==
        where + "tensor \"b\": expected shape (4), got (2, 2)");
  CHECK(rejection([&] { file.read_f32("i", {}); }) ==
        where + "tensor \"i\": expected F32, F16 or BF16, got I64");
  CHECK(contains(rejection([&] { file.info("absent"); }), where + "has no tensor \"absent\""));
}

TEST_CASE("safetensors: a missing tensor shows the names most like it") {
  const TemporaryFolder folder;
  const std::string header = "{" + entry("encoder.layer.0.weight", "[0]", "[0,0]") + "," +
                             entry("encoder.layer.10.weight", "[0]", "[0,0]") + "," +
                             entry("pooler.dense.bias", "[0]", "[0,0]") + "}";
  const SafeTensors file(folder.write("x", file_of(header, 0)));
  CHECK(contains(rejection([&] { file.info("encoder.layers.0.weight"); }),
                 "did you mean \"encoder.layer.0.weight\" or \"encoder.layer.10.weight\"?"));
  CHECK_FALSE(contains(rejection([&] { file.info("something else entirely"); }), "did you mean"));
}

struct Malformed {
  std::string bytes;
  std::string says;
};

TEST_CASE("safetensors: a malformed header is rejected by name") {
  const std::string deep_array(10000, '[');
  std::string deep_object;
  for (int i = 0; i < 10000; ++i) deep_object += "{\"a\":";
  const std::string one = entry("a", "[1]", "[0,4]");
  const Malformed malformed[] = {
      {"", "0 bytes"},
      {std::string("\2\0\0\0\0\0\0", 7), "7 bytes"},
      {length_of(0), "must start with {"},
      {length_of(1), "a header of 1 bytes, only 0 follow"},
      {length_of(3) + "{}", "a header of 3 bytes, only 2 follow"},
      {length_of(1) + "{}", "not JSON"},
      {length_of(100'000'001) + "{}", "at most 100000000"},
      {length_of(uint64_t(1) << 63) + "{}", "a header of 9223372036854775808 bytes"},
      {length_of(UINT64_MAX) + "{}", "a header of 18446744073709551615 bytes"},
      {length_of(UINT64_MAX - 7) + "{}", "a header of 18446744073709551608 bytes"},
      {file_of("hello world", 0), "must start with {"},
      {file_of("[]", 0), "must start with {"},
      {file_of(" {}", 0), "must start with {"},
      {file_of("\xef\xbb\xbf{}", 0), "must start with {"},
      {file_of("{}{}", 0), "not JSON"},
      {file_of(std::string("{}\0\0", 4), 0), "zero byte"},
      {file_of("{" + one, 4), "not JSON"},
      {file_of("{" + one + ",}", 4), "not JSON"},
      {file_of("{\"\xff\":1}", 0), "not JSON"},
      {file_of("{\"a\":" + deep_array, 0), "nested deeper"},
      {file_of(deep_object, 0), "nested deeper"},
      {file_of("{" + one + "," + one + "}", 4), "the key \"a\" stands twice"},
      {file_of("{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4),
       "\"dtype\""},
      {file_of("{\"__metadata__\":{\"x\":\"1\",\"x\":\"2\"}}", 0), "the key \"x\" stands twice"},
      {file_of("{\"__metadata__\":[]}", 0), "__metadata__: expected an object"},
      {file_of("{\"__metadata__\":{\"x\":1}}", 0), "__metadata__: \"x\": expected a string, got 1"},
      {file_of("{}", 1), "the tensors end at byte 0, the file has 1 bytes of data"},
      {file_of("{" + one + "}", 5), "the tensors end at byte 4, the file has 5 bytes of data"},
  };
  const TemporaryFolder folder;
  for (const auto& [bytes, says] : malformed) {
    const auto path = folder.write("bad.safetensors", bytes);
    const std::string message = rejection([&] { SafeTensors{path}; });
    INFO(message);
    CHECK(contains(message, path.string() + ": "));
    CHECK(contains(message, says));
  }
}

TEST_CASE("safetensors: a tensor that lies is rejected by name") {
  const Malformed malformed[] = {
      {"\"a\":[]", "expected an object, got an array of 0 values"},
      {"\"a\":null", "expected an object, got null"},
      {"\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}", "has no dtype"},
      {"\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}", "has no shape"},
      {"\"a\":{\"dtype\":\"F32\",\"shape\":[1]}", "has no data_offsets"},
      {"\"a\":{\"dtype\":32,\"shape\":[1],\"data_offsets\":[0,4]}", "dtype: expected a string, got 32"},
      {entry("a", "[1]", "[0,4]", "FLOAT"), "unknown dtype \"FLOAT\""},
      {entry("a", "[1]", "[0,4]", "f32"), "unknown dtype \"f32\""},
      {entry("a", "[1]", "[0,4]", "F16"), "F16 (1) takes 2 bytes, data_offsets span 4"},
      {entry("a", "[1]", "[0,4]", "F64"), "F64 (1) takes 8 bytes, data_offsets span 4"},
      {entry("a", "[2]", "[0,4]"), "F32 (2) takes 8 bytes, data_offsets span 4"},
      {entry("a", "[0]", "[0,4]"), "F32 (0) takes 0 bytes, data_offsets span 4"},
      {entry("a", "[-1]", "[0,4]"), "shape: expected integers from 0 to 2^63 - 1, got -1"},
      {entry("a", "[1.0]", "[0,4]"), "shape: expected integers from 0 to 2^63 - 1, got 1.0"},
      {entry("a", "[\"1\"]", "[0,4]"), "shape: expected integers from 0 to 2^63 - 1, got \"1\""},
      {entry("a", "[true]", "[0,4]"), "shape: expected integers from 0 to 2^63 - 1, got true"},
      {entry("a", "[[1]]", "[0,4]"), "shape: expected integers from 0 to 2^63 - 1, got an array of 1 values"},
      {entry("a", "1", "[0,4]"), "shape: expected an array, got 1"},
      {entry("a", "null", "[0,4]"), "shape: expected an array, got null"},
      {entry("a", "[9223372036854775808]", "[0,4]"), "got 9223372036854775808"},
      {entry("a", "[1e30]", "[0,4]"), "shape: expected integers from 0 to 2^63 - 1, got 1e+30"},
      {entry("a", "[4294967296,4294967297]", "[0,4]"), "too many elements"},
      {entry("a", "[9223372036854775807,9223372036854775807]", "[0,4]"), "too many elements"},
      {entry("a", "[4611686018427387904,4]", "[0,4]"), "too many elements"},
      {entry("a", "[4611686018427387905]", "[0,4]"), "too many elements"},
      {entry("a", "[2305843009213693952,8,0]", "[0,0]"), "too many elements"},
      {entry("a", "[1]", "[4,0]"), "begins at byte 4, after its end 0"},
      {entry("a", "[1]", "[4,8]"), "ends at byte 8, the file has 4 bytes of data"},
      {entry("a", "[2]", "[0,8]"), "ends at byte 8, the file has 4 bytes of data"},
      {entry("a", "[1]", "[9223372036854775803,9223372036854775807]"), "ends at byte 9223372036854775807"},
      {entry("a", "[1]", "[0,9223372036854775808]"), "got 9223372036854775808"},
      {entry("a", "[1]", "[-4,0]"), "data_offsets: expected integers from 0 to 2^63 - 1, got -4"},
      {entry("a", "[1]", "[0.0,4]"), "data_offsets: expected integers from 0 to 2^63 - 1, got 0.0"},
      {entry("a", "[1]", "[\"0\",4]"), "data_offsets: expected integers from 0 to 2^63 - 1, got \"0\""},
      {entry("a", "[1]", "[0]"), "data_offsets: expected 2 integers, got 1"},
      {entry("a", "[1]", "[0,4,8]"), "data_offsets: expected 2 integers, got 3"},
      {entry("a", "[1]", "[]"), "data_offsets: expected 2 integers, got 0"},
      {entry("a", "[1]", "{}"), "data_offsets: expected an array, got an object of 0 keys"},
      {entry("a", "[3]", "[1,4]", "U8"),
       "leaves a hole: begins at byte 1, the tensors before it end at byte 0"},
      {entry("0", "[1]", "[0,1]", "U8") + "," + entry("a", "[2]", "[2,4]", "U8"),
       "leaves a hole: begins at byte 2"},
      {entry("0", "[3]", "[0,3]", "U8") + "," + entry("a", "[2]", "[2,4]", "U8"),
       "overlaps another: begins at byte 2"},
      {entry("0", "[4]", "[0,4]", "U8") + "," + entry("a", "[0]", "[2,2]", "U8"),
       "overlaps another: begins at byte 2"},
      {entry("0", "[1]", "[0,4]") + "," + entry("a", "[1]", "[0,4]"), "overlaps another: begins at byte 0"},
  };
  const TemporaryFolder folder;
  for (const auto& [header, says] : malformed) {
    const auto path = folder.write("lies.safetensors", file_of("{" + header + "}", 4));
    const std::string message = rejection([&] { SafeTensors{path}; });
    INFO(header);
    INFO(message);
    CHECK(contains(message, path.string() + ": tensor \"a\": "));
    CHECK(contains(message, says));
  }
}

TEST_CASE("safetensors: no file, a folder") {
  const TemporaryFolder folder;
  const auto missing = folder.path() / "missing.safetensors";
  CHECK(contains(rejection([&] { SafeTensors{missing}; }), missing.string()));
  CHECK(contains(rejection([&] { SafeTensors{folder.path()}; }), folder.path().string()));
}

TEST_CASE("safetensors: a name of a megabyte does not flood the message") {
  const TemporaryFolder folder;
  const std::string name(1 << 20, 'x');
  const auto path = folder.write("long", file_of("{" + entry(name, "[2]", "[0,4]") + "}", 4));
  CHECK(rejection([&] { SafeTensors{path}; }).size() < 500);
  const auto good = folder.write("good", file_of("{" + entry(name, "[1]", "[0,4]") + "}", 4));
  CHECK(rejection([&] { SafeTensors(good).info(name + "y"); }).size() < 500);
}

TEST_CASE("safetensors: cut at any length it is rejected") {
  const std::string bytes = read_bytes(kTiny);
  const TemporaryFolder folder;
  for (size_t length = 0; length < bytes.size(); ++length) {
    const auto path = folder.write("cut.safetensors", bytes.substr(0, length));
    CHECK(contains(rejection([&] { SafeTensors{path}; }), path.string()));
  }
  const auto path = folder.write("more.safetensors", bytes + '\0');
  CHECK(contains(rejection([&] { SafeTensors{path}; }), path.string()));
}

TEST_CASE("safetensors: with any bit of length or header flipped it is rejected or loads inside its bounds") {
  const std::string bytes = read_bytes(kTiny);
  const size_t header_end = bytes.size() - 24;
  const TemporaryFolder folder;
  size_t rejected = 0;
  for (size_t bit = 0; bit < 8 * header_end; ++bit) {
    std::string flipped = bytes;
    flipped[bit / 8] = char(flipped[bit / 8] ^ (1 << bit % 8));
    const auto path = folder.write("flipped.safetensors", flipped);
    try {
      touch(SafeTensors(path));
    } catch (const Error& error) {
      ++rejected;
      if (!contains(error.what(), path.string())) FAIL_CHECK("bit " << bit << ": " << error.what());
    }
  }
  CHECK(rejected > 4 * header_end);  // most; a flip inside a name or the metadata is another legal file
}

TEST_CASE("safetensors: what cannot be written is rejected by name") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "out.safetensors";
  const std::vector<float> two{1, 2};
  const auto says = [&](std::vector<NamedTensor> tensors, const std::string& expected) {
    const std::string message = rejection([&] { write_safetensors(path, tensors); });
    INFO(message);
    CHECK(contains(message, path.string() + ": "));
    CHECK(contains(message, expected));
  };
  says({{"a", {3}, two}}, "tensor \"a\": shape (3) has 3 elements, got 2");
  says({{"a", {2}, two}, {"a", {2}, two}}, "tensor \"a\": the name is taken");
  says({{"__metadata__", {2}, two}}, "the name is taken");
  says({{"\xff", {2}, two}}, "not UTF-8");
  CHECK_FALSE(std::filesystem::exists(path));
  const auto nowhere = folder.path() / "none" / "out";
  CHECK(contains(rejection([&] { write_safetensors(nowhere, {}); }), nowhere.string()));
}

}  // namespace
}  // namespace fovea
