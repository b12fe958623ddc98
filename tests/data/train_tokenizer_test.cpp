#include "fovea/train_tokenizer.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "support/temporary.h"
#include "text/tokenizer.h"

namespace fovea {
namespace {

using test::contains;
using test::read_bytes;
using test::rejection;
using test::TemporaryFolder;
using Pieces = std::vector<std::string>;

const Pieces kText = {
    "The engine reads a sentence and writes another one.",
    "A small model learns small words from a few lines.",
    "Every query looks at every key and takes what it needs.",
    "The key that fits best gives most of the value.",
    "Attention is a weighted mean, and the weights sum to one.",
    "",
    "The second layer looks at what the first layer wrote.",
    "One head follows the verb, another head follows the noun.",
};
const Pieces kOther = {
    "Die Maschine liest einen Satz und schreibt einen anderen.",
    "Ein kleines Modell lernt kleine Wörter aus wenigen Zeilen.",
    "Jede Frage sieht jeden Schlüssel an und nimmt, was sie braucht.",
    "Der Schlüssel, der am besten passt, gibt das meiste vom Wert.",
    "Aufmerksamkeit ist ein gewichtetes Mittel, und die Gewichte ergeben eins.",
    "leer",
    "Die zweite Schicht sieht an, was die erste Schicht schrieb.",
    "Ein Kopf folgt dem Verb, ein anderer Kopf folgt dem Nomen.",
};

// What is written to std::cerr meanwhile.
struct Log {
  Log() : before(std::cerr.rdbuf(text.rdbuf())) {}
  ~Log() { std::cerr.rdbuf(before); }

  std::ostringstream text;
  std::streambuf* before;
};

TEST_CASE("spm train: models of both kinds, silently, the same bytes again") {
  const TemporaryFolder folder;
  const Log log;
  for (const std::string kind : {"unigram", "bpe"}) {
    INFO(kind);
    SentencePieceOptions options{.kind = kind, .vocab = 70};
    const auto path = folder.path() / (kind + ".spm");
    const Pieces pieces = train_sentencepiece(kText, path, options);
    REQUIRE(pieces.size() == 70);
    CHECK(pieces[0] == "</s>");
    CHECK(pieces[1] == "<unk>");
    CHECK(pieces[2] == "<pad>");
    CHECK(std::ranges::count(pieces, "<s>") == 0);
    const auto spm = spm_tokenizer(path);
    for (const std::string& line : kText) {
      const Pieces tokens = spm->encode(line);
      for (const std::string& token : tokens) CHECK(std::ranges::count(pieces, token) == 1);
      CHECK(spm->decode(tokens) == line);
      if (!line.empty()) CHECK(tokens.size() < line.size());
    }
    const std::string bytes = read_bytes(path);
    train_sentencepiece(kText, path, options);
    CHECK(read_bytes(path) == bytes);
    options.vocab = 60;
    CHECK(train_sentencepiece(kText, path, options).size() == 60);
    CHECK(read_bytes(path) != bytes);
  }
  CHECK(log.text.str().empty());
}

TEST_CASE("spm train: special ids as given, lines chosen by the seed") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "model";
  SentencePieceOptions options{.vocab = 60, .eos = 3, .unk = 0, .pad = 59, .bos = 1};
  const Pieces pieces = train_sentencepiece(kText, path, options);
  CHECK(pieces.at(3) == "</s>");
  CHECK(pieces.at(0) == "<unk>");
  CHECK(pieces.at(59) == "<pad>");
  CHECK(pieces.at(1) == "<s>");

  options = {.kind = "bpe", .vocab = 40, .lines = 3};
  train_sentencepiece(kText, path, options);
  const std::string bytes = read_bytes(path);
  train_sentencepiece(kText, path, options);
  CHECK(read_bytes(path) == bytes);
  int others = 0;
  for (options.seed = 1; options.seed < 4; ++options.seed) {
    train_sentencepiece(kText, path, options);
    others += read_bytes(path) != bytes;
  }
  CHECK(others > 0);
}

TEST_CASE("spm train: what cannot be learnt is an Error, and no file is left") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "model";
  const auto says = [&](const Pieces& lines, const SentencePieceOptions& options, const char* expected) {
    const std::string message = rejection([&] { train_sentencepiece(lines, path, options); });
    INFO(message);
    CHECK(contains(message, expected));
  };
  says({}, {}, "0 lines without any text");
  says({"", "  ", "\t", "\u200b", "\x01"}, {}, "5 lines without any text");
  says({"good", "a\xff"}, {}, "sentencepiece: line 2: not UTF-8 at byte 1 of 2");
  says(kText, {.vocab = 10}, "Vocabulary size is smaller than required_chars");
  says(kText, {.vocab = 5000}, "Vocabulary size too high (5000)");
  says(kText, {.kind = "bpe", .vocab = 5000}, "Vocabulary size too high (5000)");
  says(kText, {.kind = "words"}, "kind \"words\", known are unigram and bpe");
  says(kText, {.vocab = 1}, "vocab: 1");
  says(kText, {.coverage = 0.5}, "coverage: 0.5");
  says(kText, {.normalisation = "nfd"}, "normalisation \"nfd\"");
  says(kText, {.lines = -1}, "lines: -1");
  says(kText, {.unk = -1}, "a special id -1");
  says(kText, {.pad = 8000}, "a special id 8000 of 8000 pieces");
  says(kText, {.pad = 1}, "the id 1 is given to two special pieces");
  CHECK(std::filesystem::is_empty(folder.path()));
  for (const Pieces& tiny : {Pieces{"a"}, Pieces{"aaaa"}, Pieces{"ab"}, Pieces{"日"}, Pieces{"a", "b", "▅"}})
    for (const std::string kind : {"unigram", "bpe"})
      for (const int64_t vocab : {4, 5, 6, 7, 8, 9}) try {
          train_sentencepiece(tiny, path, {.kind = kind, .vocab = vocab});
        } catch (const Error&) {
        }
  const std::string missing = (folder.path() / "missing" / "model").string();
  CHECK(contains(rejection([&] { train_sentencepiece(kText, missing, {.vocab = 60}); }), missing));
}

TEST_CASE("spm train: the tokenizer of a translation directory") {
  const TemporaryFolder folder;
  std::vector<TextPair> pairs;
  for (size_t i = 0; i < kText.size(); ++i) pairs.push_back({kText[i], kOther[i]});
  for (const bool shared : {false, true}) {
    train_marian_tokenizer(pairs, folder.path(), {.vocab = 70}, shared);
    const bool same = read_bytes(folder.path() / "source.spm") == read_bytes(folder.path() / "target.spm");
    CHECK(same == shared);
    CHECK(std::filesystem::exists(folder.path() / "target_vocab.json") == !shared);
    const auto config = nlohmann::json::parse(read_bytes(folder.path() / "tokenizer_config.json"));
    CHECK(config["separate_vocabs"] == !shared);
    const TextEncoder source = TextEncoder::source(folder.path()),
                      target = TextEncoder::target(folder.path());
    for (const TextEncoder* each : {&source, &target}) {
      const TextEncoder& encoder = *each;
      CHECK(encoder.vocab() == 70);
      CHECK(encoder.id("</s>") == 0);
      CHECK(encoder.id("<unk>") == 1);
      CHECK(encoder.id("<pad>") == 2);
      CHECK(contains(rejection([&] { encoder.id("<s>"); }), "no token <s>"));
      for (const std::string& line : each == &source ? kText : kOther) {
        const std::vector<uint32_t> ids = encoder.encode(line);
        CHECK(std::ranges::count(ids, 1u) == 0);
        CHECK(encoder.decode(ids) == line);
      }
      const std::vector<uint32_t> unknown = encoder.encode("日");
      CHECK(std::ranges::count(unknown, 1u) == 1);
      CHECK(encoder.decode(std::vector<uint32_t>{2, 0}).empty());
    }
    CHECK(contains(read_bytes(folder.path() / "vocab.json"), "{\n  \"</s>\": 0,\n  \"<unk>\": 1,\n"));
  }
  CHECK(contains(rejection([&] { train_marian_tokenizer(pairs, folder.path(), {.pad = -1}); }),
                 "</s> and <pad> need ids, got 0 and -1"));
}

}  // namespace
}  // namespace fovea
