#include "io/config.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "support/temporary.h"

namespace fovea {
namespace {

using test::contains;
using test::rejection;
using test::TemporaryFolder;

const std::string kConfig = R"({
  "hidden_size": 192, "eps": 1e-6, "whole": 3, "bias": true, "model_type": "vit", "nothing": null,
  "text": {"layers": 6}, "mean": [0.5, 1, 0.25], "huge": 18446744073709551615, "huger": 1e30,
  "id2label": {"0": "tench", "2": "shark"}, "twice": 1, "twice": 2
})";

TEST_CASE("config: typed values") {
  const TemporaryFolder folder;
  const JsonFile config = JsonFile::load(folder.write("config.json", kConfig));
  CHECK(config.require_int("hidden_size") == 192);
  CHECK(config.get_int("hidden_size", 1, {1, 192}) == 192);
  CHECK(config.get_int("missing", 7, {10, 20}) == 7);
  CHECK(config.get_int("nothing", 8) == 8);
  CHECK(config.require_float("eps") == 1e-6);
  CHECK(config.require_float("whole") == 3);
  CHECK(config.get_float("missing", 0.5) == 0.5);
  CHECK(config.require_bool("bias"));
  CHECK(config.get_bool("missing", true));
  CHECK(config.require_string("model_type") == "vit");
  CHECK(config.get_string("missing", "gelu") == "gelu");
  CHECK(config.has("eps"));
  CHECK_FALSE(config.has("nothing"));
  CHECK(config.is_object("text"));
  CHECK(config.require_floats("mean", 3) == std::vector<double>{0.5, 1, 0.25});
  CHECK(config.require_floats("whole", 2) == std::vector<double>{3, 3});
  CHECK(config.require_int("twice") == 2);  // as Python reads it
}

TEST_CASE("config: an inner object outlives the file it came from") {
  const TemporaryFolder folder;
  const JsonFile text = JsonFile::load(folder.write("config.json", kConfig)).require_object("text");
  CHECK(text.require_int("layers") == 6);
  CHECK(contains(rejection([&] { text.require_int("heads"); }), "config.json: text.heads: is missing"));
}

TEST_CASE("config: labels by index") {
  const TemporaryFolder folder;
  const JsonFile config = JsonFile::load(folder.write("config.json", kConfig));
  CHECK(config.labels() == std::vector<std::string>{"tench", "LABEL_1", "shark"});
  CHECK(config.labels(4) == std::vector<std::string>{"tench", "LABEL_1", "shark", "LABEL_3"});
  CHECK(contains(rejection([&] { config.labels(2); }),
                 "config.json: id2label: expected an index from 0 to 1, got \"2\""));
  const JsonFile bare = JsonFile::load(folder.write("bare.json", "{}"));
  CHECK(bare.labels().empty());
  CHECK(bare.labels(2) == std::vector<std::string>{"LABEL_0", "LABEL_1"});
}

TEST_CASE("config: an array of strings") {
  const TemporaryFolder folder;
  const JsonFile config = JsonFile::load(
      folder.write("config.json", R"({"good": ["a", ""], "none": [], "mixed": ["a", 1], "one": "a"})"));
  CHECK(config.require_strings("good") == std::vector<std::string>{"a", ""});
  for (const char* key : {"none", "mixed", "one"})
    CHECK(contains(rejection([&] { config.require_strings(key); }), "expected an array of strings"));
  CHECK(contains(rejection([&] { config.require_strings("gone"); }), "is missing"));
}

TEST_CASE("config: bad labels are rejected") {
  const TemporaryFolder folder;
  for (const std::string labels :
       {R"({"-1": "a"})", R"({"one": "a"})", R"({"": "a"})", R"({"1x": "a"})", R"({"0": 5})",
        R"({"99999999999999999999": "a"})", R"({"1000000": "a"})", R"(["a"])", R"("a")"}) {
    INFO(labels);
    const auto path = folder.write("config.json", "{\"id2label\": " + labels + "}");
    const std::string message = rejection([&] { JsonFile::load(path).labels(); });
    CHECK(contains(message, path.string() + ": id2label"));
  }
}

TEST_CASE("config: a value of the wrong kind is named and shown") {
  const TemporaryFolder folder;
  const auto path = folder.write("config.json", kConfig);
  const JsonFile config = JsonFile::load(path);
  const auto says = [&](auto read, const std::string& expected) {
    const std::string message = rejection([&] { read(config); });
    INFO(message);
    CHECK(message == path.string() + ": " + expected);
  };
  using Config = const JsonFile&;
  says([](Config c) { c.require_int("missing"); }, "missing: is missing");
  says([](Config c) { c.require_string("nothing"); }, "nothing: is null");
  says([](Config c) { c.require_int("model_type"); }, "model_type: expected an integer, got \"vit\"");
  says([](Config c) { c.get_int("eps", 0); }, "eps: expected an integer, got 1e-06");
  says([](Config c) { c.require_int("huge"); }, "huge: expected an integer, got 18446744073709551615");
  says([](Config c) { c.require_int("huger"); }, "huger: expected an integer, got 1e+30");
  says([](Config c) { c.require_int("bias"); }, "bias: expected an integer, got true");
  says([](Config c) { c.require_int("whole", {4}); }, "whole: expected an integer >= 4, got 3");
  says([](Config c) { c.require_int("whole", {1, 2}); }, "whole: expected an integer >= 1 and <= 2, got 3");
  says([](Config c) { c.require_float("text"); }, "text: expected a number, got an object of 1 keys");
  says([](Config c) { c.require_float("eps", {0.1}); }, "eps: expected a number >= 0.1, got 1e-06");
  says([](Config c) { c.get_bool("whole", true); }, "whole: expected true or false, got 3");
  says([](Config c) { c.get_string("whole", ""); }, "whole: expected a string, got 3");
  says([](Config c) { c.require_object("mean"); }, "mean: expected an object, got an array of 3 values");
  says([](Config c) { c.require_floats("mean", 2); },
       "mean: expected a number or an array of 2 numbers, got an array of 3 values");
  says([](Config c) { c.require_floats("model_type", 3); },
       "model_type: expected a number or an array of 3 numbers, got \"vit\"");
}

TEST_CASE("config: malformed files are rejected by name") {
  const TemporaryFolder folder;
  const std::string deep_array(10000, '[');
  std::string deep_object;
  for (int i = 0; i < 10000; ++i) deep_object += "{\"a\":";
  // clang-format off
  const std::string malformed[] = {
      "", " ", "nonsense", "{", "{\"a\"", "{\"a\":", "{\"a\": 1", "{\"a\": 1,}", "{\"a\": 1} x", "{a: 1}",
      "{'a': 1}", "{\"a\": 01}", "{\"a\": NaN}", "{\"a\": 1e999}", "{\"a\": +1}", "{\"a\": \"\xff\"}",
      "{\"a\": \"\xc3\"}", "{\"a\": \"\xed\xa0\x80\"}", "{\"a\": \"line\nbreak\"}", "{\"a\": \"\\x\"}",
      "{\"a\": \"\\ud800\"}", "// c\n{}", "[]", "[1, 2]", "3", "null", "\"{}\"", std::string("{}\0", 3),
      std::string("{}\0{\"a\"", 7), deep_array, "{\"a\":" + deep_array, deep_object,
  };
  // clang-format on
  for (const std::string& text : malformed) {
    INFO(text.substr(0, 40));
    const auto path = folder.write("config.json", text);
    CHECK(contains(rejection([&] { JsonFile::load(path); }), path.string() + ": "));
  }
  const auto path = folder.write("config.json", "{\n  \"a\": ?}");
  CHECK(contains(rejection([&] { JsonFile::load(path); }), "line 2, column 8"));
  const auto missing = folder.path() / "missing.json";
  CHECK(contains(rejection([&] { JsonFile::load(missing); }), missing.string()));
  CHECK(contains(rejection([&] { JsonFile::load(folder.path()); }), folder.path().string()));
}

TEST_CASE("config: cut anywhere it is no longer JSON") {
  const TemporaryFolder folder;
  for (size_t length = 0; length < kConfig.size(); ++length) {
    const auto path = folder.write("config.json", kConfig.substr(0, length));
    CHECK(contains(rejection([&] { JsonFile::load(path); }), path.string()));
  }
}

}  // namespace
}  // namespace fovea
