#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <filesystem>
#include <fstream>

#include "core/random.h"
#include "support/program.h"
#include "support/temporary.h"

using namespace fovea;
using namespace fovea::test;
namespace fs = std::filesystem;

namespace {

// A language of eight words; its translation names each by another word, in reverse order.
std::string pairs(uint64_t seed, int count) {
  const char* words[] = {"ka", "lo", "mi", "nu", "pe", "ra", "so", "tu"};
  const char* others[] = {"one", "two", "three", "four", "five", "six", "seven", "eight"};
  Random random(seed);
  std::string text;
  for (int line = 0; line < count; ++line) {
    std::string source, target;
    for (uint64_t left = 2 + random.below(3); left > 0; --left) {
      const size_t word = size_t(random.below(8));
      source += (source.empty() ? "" : " ") + std::string(words[word]);
      target = others[word] + (target.empty() ? "" : " " + target);
    }
    text += source + "\t" + target + "\n";
  }
  return text;
}

struct Language {
  TemporaryFolder folder;
  std::string corpus = folder.write("pairs.tsv", pairs(1, 400)).string();
  std::string out(const std::string& name) const { return (folder.path() / name).string(); }
  Outcome train(const std::string& name, std::vector<std::string> more) const {
    std::vector<std::string> all{"--pairs",          corpus, "--out",    out(name), "--vocab",  "34",
                                 "--width",          "32",   "--heads",  "4",       "--hidden", "64",
                                 "--encoder-layers", "1",    "--tokens", "512",     "--warmup", "20",
                                 "--decoder-layers", "1",    "--rate",   "0.01"};
    all.insert(all.end(), more.begin(), more.end());
    return run_program("train_translator", all);
  }
};

double first_loss(const std::string& log) {
  std::ifstream lines(log);
  for (std::string line; std::getline(lines, line);) {
    const nlohmann::json object = nlohmann::json::parse(line);
    if (object.contains("loss")) return object.at("loss").get<double>();
  }
  return INFINITY;
}

}  // namespace

TEST_CASE("train_translator learns, and translate says what it learnt") {
  const Language language;
  const std::string log = language.out("log.jsonl");
  const Outcome outcome = language.train("model", {"--epochs", "6", "--validate", "40:3", "--leave-out",
                                                   "40:5", "--log", log, "--average", "0.9"});
  INFO(outcome.out << outcome.err);
  REQUIRE(outcome.status == 0);
  const fs::path model = language.out("model");
  for (const char* file : {"config.json", "generation_config.json", "model.safetensors", "source.spm",
                           "target.spm", "vocab.json", "loss.png"})
    REQUIRE(fs::exists(model / file));
  REQUIRE_FALSE(fs::exists(model / "candidate"));
  double first = 0, last = 0, bleu = -1;
  std::ifstream lines(log);
  for (std::string line; std::getline(lines, line);) {
    const nlohmann::json object = nlohmann::json::parse(line);
    if (object.contains("bleu")) bleu = std::max(bleu, object.at("bleu").get<double>());
    if (!object.contains("loss")) continue;
    last = object.at("loss").get<double>();
    if (first == 0) first = last;
  }
  INFO("loss " << first << " to " << last << ", bleu " << bleu);
  REQUIRE(last < first);
  REQUIRE(bleu >= 0);
  const Outcome said = run_program("translate", {"--model", model.string()}, "ka lo\ntu\n");
  INFO(said.out << said.err);
  REQUIRE(said.status == 0);
  REQUIRE(said.lines().size() == 2);
}

TEST_CASE("train_translator goes on from its checkpoint as if it had never stopped") {
  const Language language;
  REQUIRE(language.train("whole", {"--epochs", "2"}).status == 0);
  REQUIRE(language.train("parts", {"--epochs", "2", "--stop-after", "5"}).status == 0);
  const fs::path whole = language.out("whole"), parts = language.out("parts");
  REQUIRE(read_bytes(whole / "checkpoint.safetensors") != read_bytes(parts / "checkpoint.safetensors"));
  REQUIRE(language.train("parts", {"--epochs", "2", "--resume"}).status == 0);
  REQUIRE(read_bytes(whole / "checkpoint.safetensors") == read_bytes(parts / "checkpoint.safetensors"));
  REQUIRE(read_bytes(whole / "model.safetensors") == read_bytes(parts / "model.safetensors"));
}

TEST_CASE("train_translator goes on teaching a model that it is given") {
  const Language language;
  REQUIRE(language.train("first", {"--epochs", "2"}).status == 0);
  const fs::path first = language.out("first"), more = language.out("more");
  const std::string log = language.out("log.jsonl");
  const Outcome outcome =
      language.train("more", {"--from", first.string(), "--epochs", "1", "--seed", "9", "--log", log});
  INFO(outcome.out << outcome.err);
  REQUIRE(outcome.status == 0);
  for (const char* file : {"config.json", "source.spm", "target.spm", "vocab.json"})
    REQUIRE(read_bytes(first / file) == read_bytes(more / file));
  REQUIRE(first_loss(log) <
          0.9 * std::log(34.0));  // of 34 pieces that all are as likely: what a fresh one says
  const Outcome nowhere = language.train("z", {"--from", "/nowhere"});
  REQUIRE(nowhere.status == 1);
  REQUIRE(nowhere.err.find("/nowhere/config.json") != std::string::npos);
}

TEST_CASE("train_translator says what is wrong") {
  const Language language;
  const Outcome rule = language.train("x", {"--validate", "7"});
  REQUIRE(rule.status == 1);
  REQUIRE(rule.err.find("MODULUS:REST") != std::string::npos);
  const Outcome none =
      run_program("train_translator", {"--pairs", "/nowhere.tsv", "--out", language.out("y")});
  REQUIRE(none.status == 1);
  REQUIRE(none.err.find("/nowhere.tsv") != std::string::npos);
}
