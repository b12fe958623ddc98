#include "text/tokenizer.h"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>
#include <random>

#include "support/temporary.h"

namespace fovea {
namespace {

using test::contains;
using test::read_bytes;
using test::rejection;
using test::TemporaryFolder;
using Tokens = std::vector<std::string>;

const std::filesystem::path kSpm = std::filesystem::path(FOVEA_SOURCE_DIR) / "tests/golden/spm";

TEST_CASE("tokenizer: a vocabulary finds tokens and ids") {
  const Vocabulary vocabulary({"</s>", "<unk>", "▁a", ""}, "vocab.json");
  CHECK(vocabulary.size() == 4);
  CHECK(vocabulary.token(2) == "▁a");
  CHECK(vocabulary.find("▁a") == 2u);
  CHECK(vocabulary.find("") == 3u);
  CHECK_FALSE(vocabulary.find("b"));
  CHECK(rejection([&] { vocabulary.token(4); }) == "vocab.json: no token 4, expected an id from 0 to 3");
  CHECK(rejection([] { Vocabulary({"a", "b", "a"}, "v"); }) ==
        "v: the token \"a\" stands twice: as 0 and as 2");
  CHECK(rejection([] { Vocabulary({}, "v"); }) == "v: a vocabulary of 0 tokens, at least 1 is needed");
}

TEST_CASE("tokenizer: Marian's vocab.json") {
  const TemporaryFolder folder;
  const auto path = folder.write("vocab.json", R"({"b": 2, "</s>": 0, "▁日": 1})");
  const Vocabulary vocabulary = marian_vocabulary(path);
  CHECK(vocabulary.size() == 3);
  CHECK(vocabulary.token(0) == "</s>");
  CHECK(vocabulary.token(1) == "▁日");
  CHECK(vocabulary.find("b") == 2u);

  const auto says = [&](const char* text, const std::string& expected) {
    const std::string message = rejection([&] { marian_vocabulary(folder.write("vocab.json", text)); });
    INFO(message);
    CHECK(contains(message, path.string() + ": " + expected));
  };
  says(R"({"a": 0, "b": 2})", "\"b\": expected an id from 0 to 1, got 2");
  says(R"({"a": 0, "b": 0})", "the id 0 stands twice: \"a\" and \"b\"");
  says(R"({"a": -1})", "\"a\": expected an id from 0 to 0, got -1");
  says(R"({"a": 0.0})", "\"a\": expected an id");
  says(R"({"a": "0"})", "\"a\": expected an id");
  says(R"({"a": 18446744073709551615})", "\"a\": expected an id");
  says(R"({"a": 0, "a": 1})", "the key \"a\" stands twice");
  says(R"(["a"])", "expected an object");
  says("{}", "a vocabulary of 0 tokens");
  says("{\"a\": 0", "not JSON");
}

TEST_CASE("tokenizer: words") {
  const auto words = word_tokenizer();
  CHECK(words->encode("").empty());
  CHECK(words->encode(" \t\n\v\f\r\u3000").empty());
  CHECK(words->encode("one  two\u3000三 、\tend\r\n") == Tokens{"one", "two", "三", "、", "end"});
  CHECK(words->encode("no\u00a0break") == Tokens{"no\u00a0break"});
  CHECK(words->encode(std::string_view("a\0b c", 5)) == Tokens{std::string("a\0b", 3), "c"});
  CHECK(words->decode(Tokens{"one", "two", "."}) == "one two .");
  CHECK(words->decode({}).empty());
  CHECK(contains(rejection([&] { words->encode("a \xff"); }), "word_tokenizer: line: not UTF-8 at byte 2"));
}

TEST_CASE("tokenizer: chars") {
  const auto chars = char_tokenizer();
  CHECK(chars->encode("").empty());
  CHECK(chars->encode("ab  ي🙂") == Tokens{"a", "b", " ", " ", "ي", "🙂"});
  CHECK(chars->decode(Tokens{"a", " ", "ي"}) == "a ي");
  CHECK(chars->decode({}).empty());
  CHECK(contains(rejection([&] { chars->encode("\xc3"); }), "char_tokenizer: line: not UTF-8 at byte 0"));
}

TEST_CASE("tokenizer: SentencePiece as its Python package") {
  for (const std::string name : {"unigram", "bpe"}) {
    const auto spm = spm_tokenizer(kSpm / (name + ".spm"));
    const auto cases = nlohmann::json::parse(read_bytes(kSpm / (name + ".json")));
    CHECK(cases.size() == 11);
    for (const auto& each : cases) {
      INFO(name << ": " << each.dump());
      const auto pieces = spm->encode(each["line"].get<std::string>());
      CHECK(pieces == each["pieces"].get<Tokens>());
      CHECK(spm->decode(pieces) == each["text"].get<std::string>());
    }
    CHECK(spm->encode("").empty());
    CHECK(spm->decode({}).empty());
    CHECK(spm->decode(Tokens{"<s>", "▁the", "▁never-a-piece", "</s>"}) == "the▁never-a-piece");
    CHECK(contains(rejection([&] { spm->encode("a\xed\xa0\x80"); }), "line: not UTF-8 at byte 1 of 4"));
  }
}

TEST_CASE("tokenizer: very long lines") {
  std::string line;
  while (line.size() < 1 << 20) line += "the weights ";
  line.pop_back();
  for (const std::string name : {"unigram", "bpe"}) {
    const auto spm = spm_tokenizer(kSpm / (name + ".spm"));
    const bool same = spm->decode(spm->encode(line)) == line;
    CHECK(same);
    const std::string word(200'000, 'z');  // without a blank
    const bool word_same = spm->decode(spm->encode(word)) == word;
    CHECK(word_same);
  }
  CHECK(word_tokenizer()->encode(line).size() == (line.size() + 1) / 12 * 2);
  CHECK(char_tokenizer()->encode(line).size() == line.size());
}

TEST_CASE("tokenizer: a SentencePiece file that is missing or no model is named") {
  const TemporaryFolder folder;
  const auto missing = folder.path() / "missing.spm";
  CHECK(contains(rejection([&] { spm_tokenizer(missing); }), missing.string() + ": cannot open"));
  CHECK(contains(rejection([&] { spm_tokenizer(folder.path()); }), "is a folder"));
  for (const std::string bytes :
       {"", "hello", "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "{\"a\": 0}"}) {
    const auto path = folder.write("bad.spm", bytes);
    CHECK(contains(rejection([&] { spm_tokenizer(path); }), path.string() + ": "));
  }
}

// Every cut is an Error; a changed byte is an Error or a model that still works on any text.
TEST_CASE("tokenizer: damaged SentencePiece files") {
  const TemporaryFolder folder;
  std::mt19937 random(7);
  for (const std::string name : {"unigram", "bpe"}) {
    const std::string sound = read_bytes(kSpm / (name + ".spm"));
    const auto load = [&](std::string_view bytes) {
      const auto path = folder.write("damaged.spm", bytes);
      try {
        const auto spm = spm_tokenizer(path);
        spm->decode(spm->encode("The ＦＵＬＬ ﬁne\u00a0wörd 日本語 \x01 <unk>"));
        return true;
      } catch (const Error& error) {
        CHECK(contains(error.what(), path.string() + ": "));
        return false;
      }
    };
    CHECK(load(sound));
    for (size_t bytes = 1; bytes < sound.size(); bytes += 97) load(sound.substr(0, bytes));
    CHECK_FALSE(load(sound.substr(0, sound.size() - 1)));
    int rejected = 0;
    for (int round = 0; round < 1500; ++round) {
      std::string damaged = sound;
      for (int change = 0; change <= round % 3; ++change) damaged[random() % damaged.size()] = char(random());
      rejected += !load(damaged);
    }
    CHECK(rejected > 100);
  }
}

}  // namespace
}  // namespace fovea
