#include "io/ctranslate2.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <cstring>
#include <limits>
#include <span>

#include "support/models.h"
#include "support/temporary.h"

namespace fovea {
namespace {

using test::contains;
using test::model_to_test;
using test::rejection;
using test::TemporaryFolder;

template <class Number>
std::string bytes_of(std::vector<Number> values) {
  std::string bytes(values.size() * sizeof(Number), '\0');
  if (!values.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}
std::string u8(int value) { return bytes_of<uint8_t>({uint8_t(value)}); }
std::string u16(int value) { return bytes_of<uint16_t>({uint16_t(value)}); }
std::string u32(uint32_t value) { return bytes_of<uint32_t>({value}); }
std::string f32(std::vector<float> values) { return bytes_of(std::move(values)); }
std::string text(const std::string& text) { return u16(int(text.size()) + 1) + text + '\0'; }

enum Type : int { float32, int8, int16, int32, float16, bfloat16 };
constexpr int kWidths[] = {4, 1, 2, 4, 2, 2};

using Records = std::vector<std::string>;

// A variable as versions 4 to 6 write it, and as 2 and 3 do.
std::string variable(const std::string& name, std::vector<uint32_t> shape, Type type,
                     const std::string& data) {
  return text(name) + u8(int(shape.size())) + bytes_of(shape) + u8(type) + u32(uint32_t(data.size())) + data;
}
std::string old_variable(const std::string& name, std::vector<uint32_t> shape, Type type,
                         const std::string& data) {
  return text(name) + u8(int(shape.size())) + bytes_of(shape) + u8(kWidths[type]) +
         u32(uint32_t(data.size()) / kWidths[type]) + data;
}
std::string alias(const std::string& name, const std::string& of) { return text(name) + text(of); }

std::string joined(const Records& records) {
  std::string all = u32(uint32_t(records.size()));
  for (const std::string& record : records) all += record;
  return all;
}
std::string head(uint32_t version) { return u32(version) + text("Spec") + u32(7); }
std::string file_of(uint32_t version, const Records& variables, const Records& aliases = {}) {
  return head(version) + joined(variables) + (version >= 3 ? joined(aliases) : "");
}

// Reads every variable, so that the sanitizers see a byte outside the file; what is no Shape or no number may
// be an Error.
void touch(const CTranslate2File& file) {
  for (const std::string& name : file.names()) try {
      file.read_f32(name, Shape(file.shape(name)));
      file.number(name, 0);
    } catch (const Error&) {
    }
}

TEST_CASE("ctranslate2: version 6, every dtype and aliases") {
  const TemporaryFolder folder;
  const auto path = folder.write(
      "model.bin", file_of(6,
                           {variable("b/bias", {3}, float32, f32({1.5f, -0.0f, 3e-40f})),
                            variable("b/half", {2}, float16, bytes_of<uint16_t>({0x3c00, 0x0001})),
                            variable("b/brain", {2}, bfloat16, bytes_of<uint16_t>({0x3f80, 0xc020})),
                            variable("b/count", {2}, int32, bytes_of<int32_t>({-7, 16777217})),
                            variable("w8/weight", {2, 3}, int8, bytes_of<int8_t>({1, -128, 127, 4, 0, -6})),
                            variable("w8/weight_scale", {2}, float32, f32({2, -8})),
                            variable("w16/weight", {1, 2}, int16, bytes_of<int16_t>({-32768, 3})),
                            variable("w16/weight_scale", {}, float32, f32({4})),
                            variable("conv/weight", {2, 1, 2}, int8, bytes_of<int8_t>({1, 2, 3, 4})),
                            variable("conv/weight_scale", {2, 1}, float32, f32({1, 2})),
                            variable("empty", {0, 3}, float32, ""),
                            variable("activation", {2}, int8, bytes_of<int8_t>({104, 105})),
                            variable("heads", {}, int16, bytes_of<int16_t>({8})),
                            variable("flag", {}, int8, bytes_of<int8_t>({-1})),
                            variable("flag_scale", {}, int8, bytes_of<int8_t>({0}))},
                           {alias("a", "w8/weight"), alias("z", "b/bias")}));
  CTranslate2File opened(path);
  const CTranslate2File file = std::move(opened);
  CHECK(file.version() == 6);
  CHECK(file.spec() == "Spec");
  CHECK(file.revision() == 7);
  CHECK(file.names() == std::vector<std::string>{"a", "activation", "b/bias", "b/brain", "b/count", "b/half",
                                                 "conv/weight", "conv/weight_scale", "empty", "flag",
                                                 "flag_scale", "heads", "w16/weight", "w16/weight_scale",
                                                 "w8/weight", "w8/weight_scale", "z"});
  CHECK(file.has("z"));
  CHECK_FALSE(file.has("y"));
  CHECK(file.shape("conv/weight") == std::vector<int64_t>{2, 1, 2});
  CHECK(file.shape("empty") == std::vector<int64_t>{0, 3});
  CHECK(file.shape("heads").empty());

  const std::vector<float> bias = file.read_f32("z", {3});
  CHECK(bias == std::vector<float>{1.5f, 0, 3e-40f});
  CHECK(std::signbit(bias[1]));
  CHECK(file.read_f32("b/half", {2}) == std::vector<float>{1, 0x1p-24f});
  CHECK(file.read_f32("b/brain", {2}) == std::vector<float>{1, -2.5f});
  CHECK(file.read_f32("b/count", {2}) == std::vector<float>{-7, 16777216});
  CHECK(file.read_f32("a", {2, 3}) == std::vector<float>{0.5f, -64, 63.5f, -0.5f, 0, 0.75f});
  CHECK(file.read_f32("w8/weight", {2, 3}) == file.read_f32("a", {2, 3}));
  CHECK(file.read_f32("w16/weight", {1, 2}) == std::vector<float>{-8192, 0.75f});
  CHECK(file.read_f32("conv/weight", {2, 1, 2}) == std::vector<float>{1, 2, 1.5f, 2});
  CHECK(file.read_f32("activation", {2}) == std::vector<float>{104, 105});
  CHECK(file.number("heads", 1) == 8);
  CHECK(file.number("flag", 1) == -1);
  CHECK(file.number("missing", 0.25) == 0.25);
}

TEST_CASE("ctranslate2: versions 2 and 3 tell the dtype by the width") {
  const Records variables = {
      old_variable("bias", {2}, float32, f32({1, -2})),
      old_variable("flag", {}, int8, bytes_of<int8_t>({1})),
      old_variable("plain", {2}, int16, bytes_of<int16_t>({-300, 1})),
      old_variable("x/weight", {2}, int16, bytes_of<int16_t>({500, -1000})),
      old_variable("y/weight", {2, 1}, int16, bytes_of<int16_t>({3, 4})),
      old_variable("y/weight_scale", {1}, float32, f32({2})),
      old_variable("z/weight", {2, 1}, int8, bytes_of<int8_t>({3, 4})),
      old_variable("z/weight_scale", {2}, float32, f32({1, 4})),
  };
  const TemporaryFolder folder;
  for (const uint32_t version : {2, 3}) {
    const Records aliases = version == 2 ? Records{} : Records{alias("other", "y/weight")};
    const CTranslate2File file(folder.write("model.bin", file_of(version, variables, aliases)));
    CHECK(file.version() == version);
    CHECK(file.has("other") == (version == 3));
    CHECK(file.read_f32("bias", {2}) == std::vector<float>{1, -2});
    CHECK(file.number("flag", 0) == 1);
    CHECK(file.read_f32("plain", {2}) == std::vector<float>{-300, 1});
    CHECK(file.read_f32("x/weight", {2}) == std::vector<float>{0.5f, -1});  // without scale: 1000
    CHECK(file.read_f32("y/weight", {2, 1}) == std::vector<float>{1.5f, 2});
    CHECK(file.read_f32("z/weight", {2, 1}) == std::vector<float>{3, 1});
  }
}

TEST_CASE("ctranslate2: versions 4 and 5, numbers of every dtype, legal oddities") {
  const TemporaryFolder folder;
  for (const uint32_t version : {4, 5}) {
    const CTranslate2File file(folder.write(
        "model.bin",
        file_of(version,
                {variable("", {}, float32, f32({0.1f})),
                 variable("i32", {1, 1}, int32, bytes_of<int32_t>({2147483647})),
                 variable("f16", {1}, float16, bytes_of<uint16_t>({0xc100})),
                 variable("bf16", {}, bfloat16, bytes_of<uint16_t>({0x4049})),
                 variable("q", {1}, int8, bytes_of<int8_t>({3})), variable("q_scale", {}, float32, f32({2})),
                 variable("deep", std::vector<uint32_t>(255, 1), int8, bytes_of<int8_t>({9})),
                 variable("none_weight", {0, 4294967295}, int8, ""),
                 variable("none_weight_scale", {0}, float32, "")},
                {alias("first", "i32"), alias("second", "first")})));
    CHECK(file.version() == version);
    CHECK(file.number("", 0) == 0.1f);
    CHECK(file.number("i32", 0) == 2147483647);
    CHECK(file.number("second", 0) == 2147483647);
    CHECK(file.number("f16", 0) == -2.5);
    CHECK(file.number("bf16", 0) == 3.140625);
    CHECK(file.number("q", 0) == 1.5);
    CHECK(file.number("deep", 0) == 9);
    CHECK(file.shape("deep").size() == 255);
    touch(file);
  }
  CHECK(CTranslate2File(folder.write("nothing", file_of(2, {}))).names().empty());
  CHECK(CTranslate2File(folder.write("nothing", file_of(6, {}))).names().empty());
}

TEST_CASE("ctranslate2: a request that the file cannot serve") {
  const TemporaryFolder folder;
  const float infinity = std::numeric_limits<float>::infinity();
  const auto path = folder.write(
      "model.bin", file_of(6, {variable("a", {2}, float32, f32({1, 2})), variable("e", {0}, float32, ""),
                               variable("inf", {}, float32, f32({infinity}))}));
  const CTranslate2File file(path);
  const std::string where = path.string() + ": ";
  CHECK(rejection([&] { file.read_f32("a", {3}); }) == where + "variable \"a\": expected shape (3), got (2)");
  CHECK(rejection([&] { file.read_f32("a", {2, 1}); }) ==
        where + "variable \"a\": expected shape (2, 1), got (2)");
  CHECK(rejection([&] { file.read_f32("b", {2}); }) == where + "has no variable \"b\"");
  CHECK(rejection([&] { file.shape("b"); }) == where + "has no variable \"b\"");
  CHECK(rejection([&] { file.number("a", 0); }) ==
        where + "variable \"a\": expected one element, got shape (2)");
  CHECK(contains(rejection([&] { file.number("e", 0); }), "expected one element, got shape (0)"));
  CHECK(contains(rejection([&] { file.number("inf", 0); }), "expected a finite number, got inf"));
}

struct Malformed {
  std::string bytes;
  std::string says;
};

void check_rejected(std::span<const Malformed> malformed) {
  const TemporaryFolder folder;
  for (const auto& [bytes, says] : malformed) {
    const auto path = folder.write("bad.bin", bytes);
    const std::string message = rejection([&] { CTranslate2File{path}; });
    INFO(message);
    CHECK(contains(message, path.string() + ": "));
    CHECK(contains(message, says));
    CHECK(message.size() < 500);
  }
}

TEST_CASE("ctranslate2: a malformed frame is rejected") {
  const std::string one = variable("a", {1}, float32, f32({1}));
  const Malformed malformed[] = {
      {"", "the binary version takes 4 bytes from byte 0 on, the file has 0 bytes"},
      {file_of(0, {}), "binary version 0, expected 2 to 6"},
      {file_of(1, {}), "binary version 1, expected 2 to 6"},
      {file_of(7, {}), "binary version 7, expected 2 to 6"},
      {u32(UINT32_MAX), "binary version 4294967295"},
      {u32(6) + u16(65535) + "Spec", "the name of the spec takes 65535 bytes from byte 6 on"},
      {u32(6) + u16(0) + u32(1), "the name of the spec: no zero ends its 0 bytes"},
      {u32(6) + u16(4) + "Spec" + u32(1), "the name of the spec: no zero ends its 4 bytes"},
      {u32(6) + u16(6) + std::string("Sp\0ec\0", 6) + u32(1), "6 bytes, but a zero after 2"},
      {head(6) + u32(UINT32_MAX) + one, "variable 1 of 4294967295: its name takes 2 bytes"},
      {head(6) + u32(1) + u16(65535) + "a", "variable 0 of 1: its name takes 65535 bytes"},
      {head(6) + joined({one}), "the number of aliases takes 4 bytes"},
      {file_of(2, {}) + u32(0), "the model ends at byte 19, the file has 23 bytes"},
      {file_of(6, {one}) + '\0', "the model ends at byte"},
      {file_of(6, {one, one}), "variable \"a\": stands twice, the second time as variable 1 of 2"},
      {file_of(6, {one}, {alias("b", "c")}), "alias \"b\": there is no variable \"c\""},
      {file_of(6, {one}, {alias("c", "b"), alias("b", "a")}), "alias \"c\": there is no variable \"b\""},
      {file_of(6, {one}, {alias("a", "a")}), "alias \"a\": the name is taken"},
      {file_of(6, {one}, {alias("b", "a"), alias("b", "a")}), "alias \"b\": the name is taken"},
      {head(6) + joined({one}) + u32(UINT32_MAX) + alias("b", "a"), "alias 1 of 4294967295: its name"},
      {head(6) + joined({one}) + u32(1) + text("b"), "alias \"b\": its variable takes 2 bytes"},
      {file_of(6, {variable(std::string(60000, 'x'), {1}, float32, "")}), "(60000 bytes)"},
  };
  check_rejected(malformed);
}

TEST_CASE("ctranslate2: a variable that lies is rejected by name") {
  const std::string four = f32({1});
  const auto in_six = [](const std::string& variable) { return file_of(6, {variable}); };
  const auto sized = [&](const std::vector<uint32_t>& shape, int type, uint32_t size) {
    return file_of(6, {text("a") + u8(int(shape.size())) + bytes_of(shape) + u8(type) + u32(size) + four});
  };
  const auto old = [&](const std::vector<uint32_t>& shape, int width, uint32_t items) {
    return file_of(2, {text("a") + u8(int(shape.size())) + bytes_of(shape) + u8(width) + u32(items) + four});
  };
  const Malformed malformed[] = {
      {in_six(variable("a", {1}, Type(6), four)), "variable \"a\": dtype 6, expected 0 to 5"},
      {in_six(variable("a", {1}, Type(255), four)), "variable \"a\": dtype 255, expected 0 to 5"},
      {sized({1}, float32, 8), "variable \"a\": float32 (1) takes 4 bytes, its size says 8"},
      {sized({2}, float32, 4), "variable \"a\": float32 (2) takes 8 bytes, its size says 4"},
      {sized({}, float32, 0), "variable \"a\": float32 () takes 4 bytes, its size says 0"},
      {sized({0}, float32, 4), "variable \"a\": float32 (0) takes 0 bytes, its size says 4"},
      {sized({1}, int8, 4), "variable \"a\": int8 (1) takes 1 bytes, its size says 4"},
      {sized({100}, float32, 400), "variable \"a\": its data takes 400 bytes"},
      {sized({UINT32_MAX}, int8, UINT32_MAX), "variable \"a\": its data takes 4294967295 bytes"},
      {sized({1 << 30, 4}, float32, 0), "takes 17179869184 bytes, its size says 0"},
      {sized({1u << 31, 1u << 31, 4}, float32, 0), "too many elements"},
      {sized({UINT32_MAX, UINT32_MAX, UINT32_MAX}, int8, 4), "too many elements"},
      {sized({1u << 31, 1u << 31, 1, 0}, float32, 0), "too many elements"},
      {head(6) + u32(1) + text("a") + u8(255) + four, "variable \"a\": its shape takes 4 bytes"},
      {old({1}, 0, 0), "variable \"a\": elements of 0 bytes, expected 1, 2 or 4"},
      {old({1}, 3, 1), "variable \"a\": elements of 3 bytes, expected 1, 2 or 4"},
      {old({1}, 8, 1), "variable \"a\": elements of 8 bytes, expected 1, 2 or 4"},
      {old({1}, 4, 4), "variable \"a\": float32 (1) takes 4 bytes, its size says 16"},
      {old({UINT32_MAX}, 4, UINT32_MAX), "variable \"a\": its data takes 17179869180 bytes"},
  };
  check_rejected(malformed);
}

TEST_CASE("ctranslate2: scales that do not fit are rejected by name") {
  const auto with = [](Type type, std::vector<uint32_t> shape, Type scale_type,
                       const std::string& scale) {  // of a (2, 2) weight
    const std::string data(size_t(4 * kWidths[type]), '\1');
    return file_of(6, {variable("weight", {2, 2}, type, data),
                       variable("weight_scale", std::move(shape), scale_type, scale)});
  };
  const float infinity = std::numeric_limits<float>::infinity();
  const std::string name = "variable \"weight_scale\": ";
  const Malformed malformed[] = {
      {file_of(6, {variable("a/weight", {1}, int8, "\1")}),
       "variable \"a/weight\": int8, but there is no variable \"a/weight_scale\""},
      {file_of(6, {variable("b", {1}, int8, "\1"), variable("w", {1}, int8, "\1"),
                   variable("w_scale", {1}, int8, "\1")}),
       "variable \"w_scale\": expected float32, got int8"},
      {with(int8, {}, float32, f32({1})), name + "expected 2 elements, got ()"},
      {with(int8, {1}, float32, f32({1})), name + "expected 2 elements, got (1)"},
      {with(int8, {4}, float32, f32({1, 1, 1, 1})), name + "expected 2 elements, got (4)"},
      {with(int16, {2}, float32, f32({1, 1})), name + "expected 1 elements, got (2)"},
      {with(int16, {0}, float32, ""), name + "expected 1 elements, got (0)"},
      {with(int8, {2}, float16, u32(1)), name + "expected float32, got float16"},
      {with(int16, {}, int32, u32(1)), name + "expected float32, got int32"},
      {with(int32, {}, float32, f32({1})), "variable \"weight\": int32 with a scale"},
      {with(int8, {2}, float32, f32({1, 0})), name + "expected finite values other than 0, got 0 at 1"},
      {with(int8, {2}, float32, f32({-0.0f, 1})), name + "expected finite values other than 0, got -0 at 0"},
      {with(int8, {2}, float32, f32({infinity, 1})), name + "expected finite values other than 0, got inf"},
      {with(int8, {2}, float32, f32({1, std::nanf("")})), "other than 0, got nan at 1"},
      {with(int16, {}, float32, f32({0})), name + "expected finite values other than 0, got 0 at 0"},
  };
  check_rejected(malformed);
}

// One small file of each kind of frame: old, and new with an alias.
Records small_files() {
  const std::string q = bytes_of<int8_t>({3, 4});
  return {
      file_of(2, {old_variable("w", {2, 1}, int8, q), old_variable("w_scale", {2}, float32, f32({1, 4}))}),
      file_of(6,
              {variable("n", {}, int16, u16(8)), variable("w", {2, 1}, int8, q),
               variable("w_scale", {2}, float32, f32({1, 4})), variable("h", {2}, float16, u32(1))},
              {alias("v", "w"), alias("g", "h")})};
}

TEST_CASE("ctranslate2: cut at any length it is rejected") {
  const TemporaryFolder folder;
  for (const std::string& bytes : small_files()) {
    for (size_t length = 0; length < bytes.size(); ++length) {
      const auto path = folder.write("cut.bin", bytes.substr(0, length));
      CHECK(contains(rejection([&] { CTranslate2File{path}; }), path.string()));
    }
    touch(CTranslate2File(folder.write("whole.bin", bytes)));
  }
}

TEST_CASE("ctranslate2: with any bit or byte changed it is rejected or loads inside its bounds") {
  const TemporaryFolder folder;
  for (const std::string& bytes : small_files()) {
    size_t rejected = 0;
    for (size_t change = 0; change < 10 * bytes.size(); ++change) {
      std::string changed = bytes;
      const size_t bit = change % 10;  // 8: every bit of the byte, 9: the byte becomes zero
      char& byte = changed[change / 10];
      byte = char(bit < 8 ? byte ^ (1 << bit) : bit == 8 ? ~byte : 0);
      const auto path = folder.write("changed.bin", changed);
      try {
        touch(CTranslate2File(path));
      } catch (const Error& error) {
        ++rejected;
        if (!contains(error.what(), path.string())) FAIL_CHECK("change " << change << ": " << error.what());
      }
    }
    CHECK(rejected > 3 * bytes.size());  // a change inside a name or the data is another legal file
  }
}

TEST_CASE("ctranslate2: no file, a folder") {
  const TemporaryFolder folder;
  const auto missing = folder.path() / "missing.bin";
  CHECK(contains(rejection([&] { CTranslate2File{missing}; }), missing.string()));
  CHECK(contains(rejection([&] { CTranslate2File{folder.path()}; }), folder.path().string()));
}

// Arabic to Latin names, in float32, int16 and int8.
TEST_CASE("ctranslate2: the quantised real models are near the float one") {
  const auto at = [](const std::string& suffix) { return model_to_test("aren-transliteration" + suffix); };
  const CTranslate2File full(at("") / "model.bin");
  CHECK(full.spec() == "TransformerBase");
  CHECK(full.version() == 2);
  CHECK(full.revision() == 2);
  CHECK(full.names().size() == 200);
  for (const std::string suffix : {"-i16", "-i8"}) {
    const CTranslate2File file(at(suffix) / "model.bin");
    size_t quantised = 0;
    for (const std::string& name : full.names()) {
      INFO(suffix << ' ' << name);
      const Shape shape(full.shape(name));
      const std::vector<float> want = full.read_f32(name, shape), got = file.read_f32(name, shape);
      const bool has_scale = file.has(name + "_scale");
      quantised += has_scale;
      const size_t row = has_scale ? size_t(shape.back()) : 1;
      for (size_t begin = 0; begin < want.size(); begin += row) {  // old converters cut, not round
        float largest = 0, worst = 0;
        for (size_t i = begin; i < begin + row; ++i) {
          largest = std::max(largest, std::abs(want[i]));
          worst = std::max(worst, std::abs(want[i] - got[i]));
        }
        REQUIRE(worst <= (!has_scale ? 0 : 1.0001f / (suffix == "-i16" ? 1000 : 127 / largest)));
      }
    }
    CHECK(quantised == 69);
  }
  for (const std::string suffix : {"", "-i16", "-i8"}) {
    CHECK(read_vocabulary(at(suffix), "source_vocabulary").size() == 50);
    CHECK(read_vocabulary(at(suffix), "target_vocabulary").size() == 42);
  }
}

}  // namespace
}  // namespace fovea
