// The program translate, from the command line to its exit status. Every process compiles its kernels anew,
// so one run answers several questions.
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "fovea/image.hpp"
#include "support/check.h"
#include "support/ctranslate2.h"
#include "support/models.h"
#include "support/page.h"
#include "support/program.h"
#include "support/svg.h"
#include "support/temporary.h"

using namespace fovea;
using namespace fovea::test;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

const std::vector<std::string> kWords{"zero", "one", "two", "three", "four", "five", "été", "東京"};

using Strings = std::vector<std::string>;

Outcome translate(const fs::path& model, Strings arguments, const std::string& input) {
  arguments.insert(arguments.begin(), {"--model", model.string()});
  return run_program("translate", arguments, input);
}

fs::path small_model(const TemporaryFolder& folder) {
  write_ctranslate2(folder.path(), {.words = kWords});
  return folder.path();
}

// Up to six words a line, all lines different.
std::string some_lines(size_t count) {
  std::string text;
  for (size_t line = 0; line < count; ++line) {
    for (size_t rest = line + 8; rest > 0; rest /= 8) text += kWords[rest % 8] + ' ';
    text.back() = '\n';
  }
  return text;
}

void check_output(const json& output, bool with_attention, size_t sources) {
  CHECK(output.size() == (with_attention ? 5 : 4));
  const Strings tokens = output["tokens"];
  const std::vector<float> log_probs = output["log_probs"];
  CHECK((log_probs.size() == tokens.size() || log_probs.size() == tokens.size() + 1));
  std::string text;
  for (const std::string& token : tokens) text += (text.empty() ? "" : " ") + token;
  CHECK(output["text"] == text);
  const double sum = std::accumulate(log_probs.begin(), log_probs.end(), 0.0);
  CHECK(std::abs(output["score"].get<double>() - sum / double(log_probs.size())) < 1e-5);
  if (!with_attention) return;
  const std::vector<std::vector<float>> weights = output["attention"];
  CHECK(weights.size() == tokens.size());
  for (const std::vector<float>& row : weights) {
    CHECK(row.size() == sources);
    CHECK(std::abs(std::accumulate(row.begin(), row.end(), 0.0) - 1) < 1e-5);
  }
}

}  // namespace

TEST_CASE("translate keeps the order of lines, the empty and the unreadable ones too") {
  const TemporaryFolder folder, models;
  const fs::path png = folder.path() / "out.png", page = folder.path() / "page.html";
  const std::string input = "one two three\r\n\nbad \xff line\n \t\nété 東京\none unheard-of\nfive";
  const Outcome got = translate(small_model(models),
                                {"--json", "--beam", "3", "--n-best", "2", "--min-length", "2",
                                 "--max-length", "6", "--attention", png.string(), "--page", page.string()},
                                input);
  CHECK(got.status == 1);
  CHECK(got.err == "translate: standard input: line 3 is not UTF-8\n");
  const std::vector<json> all = got.objects();
  REQUIRE(all.size() == 7);
  const Strings sources{"one two three", "", "", " \t", "été 東京", "one unheard-of", "five"};
  const size_t tokens[] = {3, 0, 0, 0, 2, 2, 1};
  for (size_t i = 0; i < all.size(); ++i) {
    INFO(all[i].dump());
    CHECK(all[i].size() == 3);
    CHECK(all[i]["source"] == sources[i]);
    CHECK(all[i]["source_tokens"].size() == tokens[i]);
    const fs::path drawn = i == 0 ? png : folder.path() / concat("out-", i + 1, ".png");
    CHECK(fs::exists(drawn) == (tokens[i] > 0));
    REQUIRE(all[i]["outputs"].size() == (tokens[i] > 0 ? 2 : 1));
    if (tokens[i] == 0) {
      CHECK(all[i]["outputs"][0] ==
            json{{"text", ""}, {"tokens", json::array()}, {"score", 0.0}, {"log_probs", json::array()}});
      continue;
    }
    for (const json& output : all[i]["outputs"]) {
      check_output(output, true, tokens[i]);
      CHECK(output["tokens"].size() >= 2);
      CHECK(output["log_probs"].size() <= 6);
    }
    CHECK(all[i]["outputs"][0]["score"] >= all[i]["outputs"][1]["score"]);
    CHECK(all[i]["outputs"][0]["tokens"] != all[i]["outputs"][1]["tokens"]);
    const Image image = load_image(drawn);
    const size_t rows = all[i]["outputs"][0]["attention"].size();
    CHECK((size_t(image.width) > 28 * tokens[i] && size_t(image.height) > 28 * rows));  // 28 pixels a token
  }
  Strings titles;
  const json made = page_data(read_bytes(page));
  for (const json& view : made["views"]) titles.push_back(view["title"]);
  CHECK(titles == Strings{"one two three", "été 東京", "one unheard-of", "five"});
}

TEST_CASE("translate draws the tokens of both sides beside their weights") {
  const TemporaryFolder folder, models;
  const fs::path drawn = folder.path() / "out.svg";
  const Outcome got = translate(
      small_model(models),
      {"--json", "--min-length", "3", "--max-length", "5", "--attention", drawn.string()}, "été 東京 one\n");
  INFO(got.err);
  REQUIRE(got.status == 0);
  const std::vector<SvgElement> svg = read_svg(read_bytes(drawn));
  const Strings made = got.objects().at(0)["outputs"][0]["tokens"];
  CHECK(with(svg, "class", "cell").size() == 3 * made.size());
  for (const std::string& token : made) CHECK(!with(svg, "aria-label", token).empty());
  for (const char* token : {"été", "東京", "one"}) CHECK(!with(svg, "aria-label", token).empty());
}

TEST_CASE("translate gives the same for batches of every size, and scores that agree") {
  const TemporaryFolder models;
  const fs::path model = small_model(models);
  const std::string input = some_lines(300);
  const Outcome one = translate(model, {"--max-length", "8", "--batch", "7"}, input);
  INFO(one.err);
  REQUIRE(one.status == 0);
  CHECK(one.err.empty());  // no progress: it is no terminal
  CHECK(one.lines().size() == 300);
  const Outcome other = translate(model, {"--max-length", "8", "--batch", "64", "--json"}, input);
  REQUIRE(other.status == 0);
  std::string texts;
  for (const json& object : other.objects()) {
    check_output(object["outputs"][0], false, 0);
    texts += object["outputs"][0]["text"].get<std::string>() + '\n';
  }
  CHECK(texts == one.out);
}

TEST_CASE("translate begins with a prefix and shows one head of one layer") {
  const TemporaryFolder folder, models;
  const fs::path model = small_model(models), file = folder.path() / "all.json";
  const Outcome got = translate(model,
                                {"--prefix", "three 東京", "--max-length", "5", "--attention", file.string(),
                                 "--layer", "1", "--head", "2"},
                                "one two\n\nfour\n");
  INFO(got.err);
  REQUIRE(got.status == 0);
  const json all = json::parse(read_bytes(file));
  REQUIRE(all.size() == 3);
  REQUIRE(got.lines().size() == 3);
  for (size_t i = 0; i < 3; ++i) CHECK(got.lines()[i] == all[i]["outputs"][0]["text"].get<std::string>());
  CHECK(got.lines()[0].starts_with("three 東京"));
  CHECK(got.lines()[1].empty());
  CHECK(got.lines()[2].starts_with("three 東京"));
  CHECK(all[2]["outputs"][0]["attention"][0] == std::vector<float>{1});  // one token to look at

  CHECK(translate(model, {"--attention", file.string()}, "").status == 0);
  CHECK(json::parse(read_bytes(file)) == json::array());
  const Outcome nowhere =
      translate(model, {"--attention", (folder.path() / "no" / "a.json").string()}, "one\n");
  CHECK(nowhere.status == 1);
  CHECK(contains(nowhere.err, "a.json: cannot be written"));
  for (const char* option : {"--layer", "--head"}) {
    const Outcome beyond = translate(model, {"--attention", "out.png", option, "3"}, "one\n");
    CHECK(beyond.status == 1);
    CHECK(beyond.out.empty());
    CHECK(contains(beyond.err, concat(option + 2, " 2, counted from 0, of 2")));
  }
}

TEST_CASE("translate scores pairs of lines") {
  const TemporaryFolder folder, models;
  const fs::path model = small_model(models);
  const std::string targets = folder.write("targets", "two\r\none\n\xfe\n\n").string();
  const Outcome got = translate(model, {"--score", targets, "--json"}, "one two\n\nfive\nthree\n");
  CHECK(got.status == 1);
  CHECK(got.err == "translate: " + targets + ": line 3 is not UTF-8\n");
  const std::vector<json> all = got.objects();
  REQUIRE(all.size() == 4);
  CHECK(all[0]["source"] == "one two");
  CHECK(all[0]["target"] == "two");
  CHECK(all[0]["tokens"] == Strings{"two"});
  CHECK(all[3]["tokens"] == Strings{});
  const size_t scored[] = {2, 0, 0, 1};
  for (size_t i = 0; i < 4; ++i) {
    const std::vector<float> log_probs = all[i]["log_probs"];
    REQUIRE(log_probs.size() == scored[i]);
    CHECK(all[i]["score"].is_null() == log_probs.empty());
    if (log_probs.empty()) continue;
    const double sum = std::accumulate(log_probs.begin(), log_probs.end(), 0.0);
    CHECK(std::abs(all[i]["score"].get<double>() - sum) < 1e-9);
  }

  const Outcome more = translate(model, {"--score", targets}, "\n\n\n\n\n");
  CHECK(more.status == 1);
  CHECK(more.out == "\n\n\n\n");
  CHECK(contains(more.err, "standard input: 5 lines, " + targets + ": 4 lines"));
  const Outcome fewer = translate(model, {"--score", targets}, "\n");
  CHECK(fewer.status == 1);
  CHECK(contains(fewer.err, "standard input: 1 lines, " + targets + ": 4 lines"));
}

TEST_CASE("translate says what is wrong with its arguments and models") {
  const TemporaryFolder folder, models;
  const fs::path model = small_model(models);
  const std::string file = folder.write("file", "").string();
  const std::vector<Strings> wrong{{"--no-such-option"},
                                   {"extra"},
                                   {"--tokenizer", "bytes"},
                                   {"--batch", "0"},
                                   {"--beam", "65"},
                                   {"--beam", "two"},
                                   {"--n-best", "0"},
                                   {"--beam", "2", "--n-best", "3"},
                                   {"--max-length", "0"},
                                   {"--min-length", "-1"},
                                   {"--max-length", "3", "--min-length", "4"},
                                   {"--length-penalty", "x"},
                                   {"--top-k", "-1"},
                                   {"--top-k", "5", "--beam", "2"},
                                   {"--top-p", "0"},
                                   {"--top-p", "1.5"},
                                   {"--temperature", "0"},
                                   {"--seed", "-1"},
                                   {"--score", (folder.path() / "missing").string()},
                                   {"--score", file, "--attention", "out.png"},
                                   {"--attention", "out.jpg"},
                                   {"--layer", "0"},
                                   {"--head", "0"}};
  for (const Strings& arguments : wrong) {
    CAPTURE(arguments);
    const Outcome got = translate(model, arguments, "");
    CHECK(got.status == 2);
    CHECK(got.out.empty());
    CHECK(!got.err.empty());
  }
  CHECK(translate(folder.path() / "nowhere", {}, "").status == 2);
  const Outcome help = translate(model, {"--help"}, "");
  CHECK(help.status == 0);
  CHECK(contains(help.out, "OUT-<line>.png"));

  const Outcome empty = translate(folder.path(), {}, "one\n");  // no model in it
  CHECK(empty.status == 1);
  CHECK(contains(empty.err, folder.path().string()));
  folder.write("model.bin", "damaged");
  const Outcome damaged = translate(folder.path(), {}, "one\n");
  CHECK(damaged.status == 1);
  CHECK(contains(damaged.err, "model.bin"));
}

TEST_CASE("translate transliterates as CTranslate2 does") {
  const fs::path model = model_to_test("aren-transliteration");
  const Outcome got = translate(model, {"--beam", "4", "--max-length", "12"}, "آتزمون\nآتشيسون\n");
  CHECK(got.status == 0);
  CHECK(got.out == "atzmon\nachison\n");
}
