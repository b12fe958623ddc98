// The public Translator on a small transliteration model, with CTranslate2's numbers for it.
#include "fovea/translator.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>

#include "support/check.h"
#include "support/ctranslate2.h"
#include "support/models.h"
#include "support/temporary.h"

using namespace fovea;
using namespace fovea::test;
namespace fs = std::filesystem;

namespace {

using Strings = std::vector<std::string>;

// Arabic names to Latin script, a character a token.
fs::path aren(const std::string& suffix = "") { return model_to_test("aren-transliteration" + suffix); }

// One for all cases, since each compiles its kernels.
Translator& translator() {
  static std::unique_ptr<Translator> the_translator;
  if (!the_translator) {
    the_translator = std::make_unique<Translator>(device(), aren().string());
    at_end([] { the_translator.reset(); });
  }
  return *the_translator;
}

// Outputs have up to 11 tokens here; the caches are sized for max_length.
Decoding short_decoding(int64_t beams = 1) {
  Decoding decoding = translator().decoding();
  decoding.beams = beams;
  decoding.max_length = 16;
  return decoding;
}

nlohmann::json expected() { return nlohmann::json::parse(read_bytes(aren() / "aren-expected.json")); }

Translation translate(const std::string& line, const TranslateOptions& options) {
  std::vector<Translation> all = translator().translate(std::span(&line, 1), options);
  REQUIRE(all.size() == 1);
  REQUIRE(all[0].outputs.size() == size_t(options.decoding->n_best));
  return all[0];
}

// The first sources of the evaluation lines, in data/ beside the folder of models. Kernels made for GPUs are
// slow on processors.
Strings some_lines() {
  const size_t count = std::getenv("FOVEA_KERNELS") ? 30 : 100;
  const fs::path file = aren().parent_path().parent_path() / "data" / "ar2en" / "ar2en-eval.txt";
  if (!fs::exists(file)) SKIP("needs the lines " << file << ": there are none");
  std::ifstream in(file);
  Strings lines;
  for (std::string line; lines.size() < count && std::getline(in, line);)
    lines.push_back(line.substr(0, line.find('\t')));
  REQUIRE(lines.size() == count);
  return lines;
}

void check_same(const std::vector<Translation>& got, const std::vector<Translation>& want) {
  REQUIRE(got.size() == want.size());
  for (size_t i = 0; i < got.size(); ++i) {
    INFO("line " << i);
    REQUIRE(got[i].outputs.size() == want[i].outputs.size());
    for (size_t k = 0; k < got[i].outputs.size(); ++k) {
      CHECK(got[i].outputs[k].text == want[i].outputs[k].text);
      CHECK(got[i].outputs[k].tokens == want[i].outputs[k].tokens);
      CHECK(got[i].outputs[k].score == want[i].outputs[k].score);
      CHECK(got[i].outputs[k].log_probs == want[i].outputs[k].log_probs);
    }
  }
}

}  // namespace

TEST_CASE("translator gives CTranslate2's outputs, by one beam and by four, from every type of weights") {
  const nlohmann::json names = expected()["greedy_and_beam4"];
  Strings sources;
  for (const auto& [source, target] : names.items()) sources.push_back(source);
  const auto check = [&](Translator& chosen, int64_t beams) {
    const auto all = chosen.translate(sources, {.decoding = short_decoding(beams)});
    for (size_t i = 0; i < sources.size(); ++i) {
      CHECK(all[i].outputs.size() == 1);
      CHECK(all[i].outputs[0].text == names[sources[i]].get<std::string>());
    }
  };
  check(translator(), 1);
  check(translator(), 4);
  for (const char* type : {"-i16", "-i8"}) {
    INFO(type);
    Translator other(device(), aren(type).string());
    check(other, 1);
    check(other, 4);
  }
}

TEST_CASE("translator scores targets as CTranslate2 does, and as it scores its own outputs") {
  const nlohmann::json rows = expected()["scoring"];
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const nlohmann::json& row : rows) pairs.emplace_back(row["source"], row["target"]);
  pairs.insert(pairs.begin() + 1, {"", "nothing"});
  const std::vector<Scored> scored = translator().score(pairs);
  REQUIRE(scored.size() == pairs.size());
  CHECK(scored[1].tokens.size() == 7);
  CHECK(scored[1].log_probs.empty());
  for (size_t i = 0; i < rows.size(); ++i) {
    const Scored& got = scored[i == 0 ? 0 : i + 1];
    const std::vector<float> want = rows[i]["log_probs"];
    REQUIRE(got.log_probs.size() == want.size());
    CHECK(got.tokens.size() + 1 == want.size());
    for (size_t t = 0; t < want.size(); ++t) CHECK(std::abs(got.log_probs[t] - want[t]) < 1e-5);
    const Hypothesis output = translate(rows[i]["source"], {.decoding = short_decoding()}).outputs[0];
    REQUIRE(output.text == rows[i]["target"].get<std::string>());  // greedy outputs, all of them
    REQUIRE(output.log_probs.size() == want.size());
    for (size_t t = 0; t < want.size(); ++t) CHECK(std::abs(output.log_probs[t] - got.log_probs[t]) < 1e-5);
    const double sum = std::accumulate(output.log_probs.begin(), output.log_probs.end(), 0.0);
    CHECK(std::abs(output.score - sum / double(want.size())) < 1e-6);
  }
  CHECK(translator().score({}).empty());
}

TEST_CASE("translator leaves out suppressed texts") {
  const std::string source = expected()["scoring"][0]["source"], best = expected()["scoring"][0]["target"];
  for (const std::string& text : {best.substr(1, 1), best.substr(1, 2), best})
    for (int64_t beams : {1, 3}) {
      const auto output =
          translate(source, {.decoding = short_decoding(beams), .suppressed = {text}}).outputs[0];
      INFO(output.text << " without " << text);
      CHECK_FALSE(output.text.empty());
      CHECK(output.text.find(text) == std::string::npos);
    }
}

TEST_CASE("translator keeps prefixes and limits of length") {
  const nlohmann::json facts = expected();
  for (const nlohmann::json& row : facts["prefix"]) {
    const std::string prefix = row["prefix"];
    const Hypothesis output =
        translate(row["source"], {.decoding = short_decoding(row["beam"]), .prefix = prefix}).outputs[0];
    CHECK(output.text == row["output"].get<std::string>());
    REQUIRE(output.log_probs.size() == output.tokens.size() + 1);
    for (size_t t = 0; t < output.log_probs.size(); ++t)  // what is given is no choice
      CHECK((output.log_probs[t] == 0) == (t < prefix.size()));
  }
  const nlohmann::json& limits = facts["limits"];
  Decoding decoding = short_decoding();
  decoding.max_length = limits["max_decoding_length"];
  const Hypothesis cut = translate(limits["source"], {.decoding = decoding}).outputs[0];
  CHECK(cut.tokens.size() == limits["output_length"]);
  CHECK(cut.log_probs.size() == cut.tokens.size());
  decoding = short_decoding();
  decoding.min_length = limits["min_decoding_length"];
  const Hypothesis stretched = translate(limits["source"], {.decoding = decoding}).outputs[0];
  CHECK(stretched.tokens.size() == limits["output_length_min"]);

  const Strings line{limits["source"]};
  check_rejects([&] { translator().translate(line, {.layer = 6}); }, {"layer 6, counted from 0, of 6"});
  check_rejects([&] { translator().translate(line, {.head = 8}); }, {"head 8, counted from 0, of 8"});
  decoding.min_length = 17;
  check_rejects([&] { translator().translate(line, {.decoding = decoding}); }, {"17", "16"});
  const Strings bad{"\xff"};
  check_rejects([&] { translator().translate(bad); }, {"UTF-8"});
}

TEST_CASE("translator shows what each token attends to") {
  const nlohmann::json shapes = expected()["attention_shapes"];
  for (const auto& [source, shape] : shapes.items()) {
    const Hypothesis output = translate(source, {.decoding = short_decoding(), .attention = true}).outputs[0];
    CHECK(output.attention.size() == output.tokens.size());
    CHECK(output.attention.size() == shape[0]);
    for (const std::vector<float>& row : output.attention) {
      CHECK(row.size() == shape[1]);
      CHECK(std::abs(std::accumulate(row.begin(), row.end(), 0.0) - 1) < 1e-5);
    }
    CHECK(translate(source, {.decoding = short_decoding()}).outputs[0].attention.empty());
  }
}

TEST_CASE("translator gives the same, bit for bit, whatever shares a batch") {
  const Strings lines = some_lines();
  const TranslateOptions options{.decoding = short_decoding()};
  const std::vector<Translation> first = translator().translate(lines, options);  // of 32
  for (int repetition = 0; repetition < 2; ++repetition)
    check_same(translator().translate(lines, options), first);
  std::vector<std::pair<std::string, std::string>> pairs;
  for (size_t i = 0; i < lines.size(); ++i) pairs.emplace_back(lines[i], first[i].outputs[0].text);
  const std::vector<Scored> scores = translator().score(pairs);
  for (const int64_t batch : {1, 7, 64}) {
    INFO("batch " << batch);
    Translator other(device(), aren().string(), {.batch = batch});
    check_same(other.translate(lines, options), first);
    const std::vector<Scored> again = other.score(pairs);
    for (size_t i = 0; i < lines.size(); ++i) CHECK(again[i].log_probs == scores[i].log_probs);
  }
}

TEST_CASE("translator draws the same samples for a seed, and others for another") {
  Decoding decoding = short_decoding();
  decoding.top_k = 0;
  decoding.n_best = 4;
  decoding.temperature = 2;
  decoding.seed = 7;
  const Strings lines{"آتزمون", "آتشيسون", "آتزمون"};
  const std::vector<Translation> one = translator().translate(lines, {.decoding = decoding});
  check_same(translator().translate(lines, {.decoding = decoding}), one);
  const auto texts = [](const Translation& translation) {
    Strings all;
    for (const Hypothesis& output : translation.outputs) all.push_back(output.text);
    return all;
  };
  REQUIRE(one[0].outputs.size() == 4);
  CHECK(texts(one[0]) != texts(one[2]));  // the place among the lines counts too
  CHECK(texts(one[0]) != Strings(4, texts(one[0])[0]));
  for (size_t k = 1; k < 4; ++k) CHECK(one[0].outputs[k - 1].score >= one[0].outputs[k].score);
  decoding.seed = 8;
  const std::vector<Translation> other = translator().translate(lines, {.decoding = decoding});
  CHECK(texts(one[0]) != texts(other[0]));
}

TEST_CASE("translator streams the tokens that it translates to") {
  const std::string line = "آتشيسون";
  for (const std::string prefix : {"", "at"}) {
    INFO(prefix);
    const TranslateOptions options{.decoding = short_decoding(), .prefix = prefix};
    const Translation whole = translate(line, options);
    Strings tokens;
    const auto keep = [&](const std::string& token) {
      tokens.push_back(token);
      return true;
    };
    const Translation streamed = translator().stream(line, keep, options);
    CHECK(tokens == whole.outputs[0].tokens);
    check_same({streamed}, {whole});
    CHECK(streamed.source == whole.source);
    tokens.clear();
    const Translation stopped = translator().stream(
        line, [&](const std::string& token) { return keep(token) && tokens.size() < 3; }, options);
    CHECK(tokens.size() == 3);
    CHECK(stopped.outputs[0].tokens == tokens);
    CHECK(stopped.outputs[0].log_probs.size() == 3);
  }
  CHECK(translator().stream("", [](const std::string&) { return true; }).outputs[0].tokens.empty());
  const TranslateOptions beams{.decoding = short_decoding(2)};
  check_rejects([&] { translator().stream(line, [](const std::string&) { return true; }, beams); },
                {"stream", "2"});
}

TEST_CASE("translator gives empty lines empty outputs, between others and alone") {
  const Strings lines{"", "آزا", ""};
  const uint64_t before = translator().statistics().sentences;
  const std::vector<Translation> all = translator().translate(lines, {.decoding = short_decoding(4)});
  REQUIRE(all.size() == 3);
  CHECK(translator().statistics().sentences == before + 1);
  CHECK(all[1].source == Strings{"آ", "ز", "ا"});
  CHECK(all[1].outputs[0].text == "azza");
  for (const size_t i : {size_t(0), size_t(2)}) {
    CHECK(all[i].source.empty());
    REQUIRE(all[i].outputs.size() == 1);
    CHECK(all[i].outputs[0].text.empty());
    CHECK(all[i].outputs[0].log_probs.empty());
  }
  CHECK(translator().translate({}).empty());
  CHECK(device().validation_messages().empty());
}

// Random weights; everything but <unk> is suppressed.
TEST_CASE("translator copies the source word that an unknown word attends to") {
  const TemporaryFolder folder;
  write_ctranslate2(folder.path(), {.words = {"one", "two", "three"}, .layers = 1});
  Translator small(device(), folder.path().string());
  Decoding decoding = small.decoding();
  decoding.max_length = 6;
  decoding.min_length = 6;
  decoding.suppressed = {{0}, {3}, {4}, {5}};  // all but </s>, too early, and <unk>
  const Strings line{"one two never-seen"};
  const Hypothesis plain = small.translate(line, {.decoding = decoding, .attention = true})[0].outputs[0];
  REQUIRE(plain.tokens == Strings(6, "<unk>"));
  const auto replaced = small.translate(line, {.decoding = decoding, .replace_unknown = true})[0];
  CHECK(replaced.source == Strings{"one", "two", "never-seen"});
  const Hypothesis& output = replaced.outputs[0];
  CHECK(output.log_probs == plain.log_probs);
  CHECK(output.attention.empty());  // not asked for
  REQUIRE(output.tokens.size() == 6);
  std::string text;
  for (size_t t = 0; t < 6; ++t) {
    const std::vector<float>& weights = plain.attention[t];
    const size_t at = size_t(std::max_element(weights.begin(), weights.end()) - weights.begin());
    CHECK(output.tokens[t] == replaced.source[at]);
    text += (t > 0 ? " " : "") + output.tokens[t];
  }
  CHECK(output.text == text);
}

TEST_CASE("translator gives all attention of a text that it says, as it had it while saying it") {
  const TemporaryFolder folder;
  write_ctranslate2(folder.path(), {.words = {"one", "two", "three"}});  // 2 layers of 2 heads
  Translator small(device(), folder.path().string());
  Decoding decoding = small.decoding();
  decoding.max_length = 5;
  decoding.min_length = 4;
  const Strings lines{"one two three two", ""};
  const Translation made = small.translate(lines, {.decoding = decoding, .attention = true})[0];
  const Hypothesis& output = made.outputs[0];
  const TranslationAttention all = small.attention(lines[0], output.tokens);
  CHECK(all.source == made.keys);
  const size_t keys = all.source.size(), said = output.tokens.size() + 1;
  REQUIRE(all.said.size() == said);
  REQUIRE(all.read.size() == said);
  CHECK((all.said.back() == "</s>" && all.read.front() == "<s>" && all.read[1] == all.said[0]));
  CHECK((all.encoder_layers == 2 && all.encoder_heads == 2 && all.decoder_layers == 2 &&
         all.decoder_heads == 2));
  const auto check_rows = [](const std::vector<float>& weights, size_t queries, size_t columns, bool causal) {
    REQUIRE(weights.size() == 4 * queries * columns);
    for (size_t row = 0; row < 4 * queries; ++row) {
      const auto first = weights.begin() + int64_t(row * columns);
      CHECK(std::abs(std::accumulate(first, first + int64_t(columns), 0.0) - 1) < 1e-5);
      for (size_t key = row % queries + 1; causal && key < columns; ++key) CHECK(first[int64_t(key)] == 0);
    }
  };
  check_rows(all.encoder, keys, keys, false);
  check_rows(all.decoder, said, said, true);
  check_rows(all.cross, said, keys, false);
  for (size_t t = 0; t < output.tokens.size(); ++t)  // the mean of the last layer's heads
    for (size_t key = 0; key < keys; ++key) {
      const auto of_head = [&](size_t head) { return all.cross[((2 + head) * said + t) * keys + key]; };
      CHECK(std::abs((of_head(0) + of_head(1)) / 2 - output.attention[t][key]) < 1e-5f);
    }
  CHECK(small.attention(lines[1], {}).cross.empty());
}

// config.json may name another token, which the vocabulary files need not hold.
TEST_CASE("translator takes the unknown token that config.json names") {
  const TemporaryFolder folder;
  write_ctranslate2(folder.path(), {.words = {"one", "two", "three"}, .layers = 1});
  for (const char* file : {"source_vocabulary.txt", "target_vocabulary.txt"})
    folder.write(file, "<s>\n</s>\none\ntwo\nthree\n");
  folder.write("config.json", R"({"unk_token": "UNKNOWN"})");
  Translator small(device(), folder.path().string());
  Decoding decoding = small.decoding();
  decoding.max_length = 4;
  decoding.min_length = 4;
  decoding.suppressed = {{0}, {2}, {3}, {4}};  // all but </s>, too early, and UNKNOWN
  const Strings line{"never-seen"};
  CHECK(small.translate(line, {.decoding = decoding})[0].outputs[0].tokens == Strings(4, "UNKNOWN"));
  const auto replaced = small.translate(line, {.decoding = decoding, .replace_unknown = true})[0];
  CHECK(replaced.outputs[0].tokens == Strings(4, "never-seen"));
}
