#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

#include "fovea/image.hpp"
#include "fovea/png.hpp"
#include "fovea/vit.hpp"
#include "support/check.h"
#include "support/program.h"
#include "support/temporary.h"

using namespace fovea;
using namespace fovea::test;
namespace fs = std::filesystem;

namespace {

Outcome evaluate(const std::vector<std::string>& arguments, const std::string& input = "") {
  return run_program("evaluate", arguments, input);
}

const fs::path kGolden = FOVEA_SOURCE_DIR "/tests/golden/vit";

// A golden model of 7 labels whose config.json may be changed.
fs::path oblong_model(const TemporaryFolder& folder, const std::vector<std::string>& labels = {}) {
  fs::copy(kGolden / "relu-oblong" / "model.safetensors", folder.path() / "model.safetensors");
  auto config = nlohmann::json::parse(read_bytes(kGolden / "relu-oblong" / "config.json"));
  for (size_t i = 0; i < labels.size(); ++i) config["id2label"][std::to_string(i)] = labels[i];
  folder.write("config.json", config.dump());
  return folder.path();
}

void write_noise(const fs::path& file, uint32_t seed) {
  fs::create_directories(file.parent_path());
  Image image{20, 12, {}};
  for (const uint32_t value : random_ids(20 * 12 * 3, seed, 256)) image.rgb.push_back(uint8_t(value));
  write_png(file, image);
}

// The place of `right` in the order of the logits that the model itself gives to an image.
size_t place(VisionTransformer& model, const fs::path& file, size_t right) {
  Preprocessor oblong = Preprocessor::vit();
  oblong.resize_width = 20, oblong.resize_height = 12;
  const std::vector<float> logits = model.run(oblong.pixels(load_image(file)), 1).logits;
  return size_t(std::ranges::count_if(logits, [&](float logit) { return logit > logits[right]; }));
}

}  // namespace

TEST_CASE("evaluate: lines, a column of a TSV, and wrong usage") {
  const TemporaryFolder folder;
  const std::string pairs = folder.write("pairs.tsv", "a\tkitten\tx\r\nb\tété\nc\tgo").string();
  const std::string text = "sitten\nété\ngo\n", lines = folder.write("lines.txt", text).string();

  const Outcome json = evaluate({"--references", pairs, "--column", "2", "--json"}, text);
  INFO(json.err);
  REQUIRE(json.status == 0);
  const auto all = nlohmann::json::parse(json.out);
  CHECK(all["lines"] == 3);
  CHECK(all["exact_matches"] == 2);
  CHECK(all["character_edits"] == 1);
  CHECK(all["reference_characters"] == 11);
  CHECK(all["bleu"] == 0);  // no line has four words
  CHECK(all["bleu_signature"] == "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp");

  const Outcome plain = evaluate({"--references", lines, "--hypotheses", lines});
  CHECK(plain.status == 0);
  CHECK(contains(plain.out, "exact match           100.00 % (3 lines)"));
  CHECK(contains(plain.out, "character error rate  0.00 % (0 edits of 11 characters)"));

  const Outcome unequal = evaluate({"--references", lines});
  CHECK(unequal.status == 1);
  CHECK(contains(unequal.err, "standard input: 0 lines, "));
  CHECK(contains(unequal.err, "lines.txt: 3 lines"));
  const Outcome narrow = evaluate({"--references", pairs, "--column", "3"}, text);
  CHECK(narrow.status == 1);
  CHECK(contains(narrow.err, "pairs.tsv:2: expected 3 columns, got 2"));
  CHECK(evaluate({"--references", lines, "--column", "0"}).status == 2);
  CHECK(evaluate({}).status == 2);
  CHECK(evaluate({"--references", "/no/such/file"}).status == 1);
}

TEST_CASE("evaluate: BLEU of one and of several files of references") {
  const TemporaryFolder folder;
  const std::string one = folder.write("one", "the cat sat in a mat\n").string(),
                    two = folder.write("two", "so the cat sat on a mat\n").string(),
                    said = "the cat sat on a mat\n";
  const Outcome single = evaluate({"--references", one}, said);
  INFO(single.err);
  CHECK(single.status == 0);
  CHECK(contains(single.out, "BLEU                  37.99 (83.3/60.0/25.0/16.7, brevity penalty 1.000)\n"));
  CHECK(contains(single.out, " nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp\n"));
  const Outcome both = evaluate({"--references", one, two, "--json"}, said);
  REQUIRE(both.status == 0);
  const auto all = nlohmann::json::parse(both.out);
  CHECK(std::abs(all["bleu"].get<double>() - 100) < 1e-9);
  CHECK(all["bleu_precisions"] == std::vector<double>(4, 100));
  CHECK(all["bleu_brevity_penalty"] == 1);
  CHECK(all["bleu_signature"] == "nrefs:2|case:mixed|eff:no|tok:13a|smooth:exp");
  CHECK(all["character_edits"] == 1);  // of the first file
  const std::string longer = folder.write("longer", "a\nb\n").string();
  const Outcome unequal = evaluate({"--references", one, longer}, said);
  CHECK(unequal.status == 1);
  CHECK(contains(unequal.err, "standard input: 1 lines, " + longer + ": 2 lines"));
}

TEST_CASE("evaluate: top-1 and top-5 of images in class folders") {
  const TemporaryFolder folder, models;
  const fs::path model = oblong_model(models);
  VisionTransformer same(device(), model.string());
  size_t images = 0, top1 = 0, top5 = 0;
  for (size_t label = 0; label < 7; ++label)
    for (uint32_t i = 0; i < (label == 3 ? 4 : 3); ++i, ++images) {
      const fs::path file = folder.path() / concat("LABEL_", label) / concat(i, ".png");
      write_noise(file, uint32_t(images + 1));
      top1 += place(same, file, label) < 1;
      top5 += place(same, file, label) < 5;
    }
  folder.write("readme.txt", "in no class");
  folder.write("LABEL_0/.hidden", "no image");
  REQUIRE((0 < top1 && top1 < top5 && top5 < images));
  // 22 images are 7 batches of 3 and one of 1. SwiftShader compiles the kernels for 3 (48 rows) soonest.
  const Outcome got =
      evaluate({"--images", folder.path().string(), "--model", model.string(), "--batch", "3", "--json"});
  INFO(got.err);
  REQUIRE(got.status == 0);
  const auto all = nlohmann::json::parse(got.out);
  CHECK(all["images"] == images);
  CHECK(all["class_folders"] == 7);
  CHECK(all["top1"] == top1);
  CHECK(all["top5"] == top5);
  CHECK(all["top1_percent"] == 100.0 * double(top1) / double(images));
  CHECK(all["device"] == device().info().name);
}

TEST_CASE("evaluate: a class folder has a label's name, or one of those between its commas") {
  const TemporaryFolder folder, models;
  const std::vector<std::string> labels{"crane", "Tabby, tabby cat", "crane, machine", "sea", "sea"};
  const std::string model = oblong_model(models, labels).string(), images = folder.path().string();
  for (const char* name : {"crane", "tabby_cat", "crane, machine"})
    write_noise(folder.path() / name / "a.png", 1);
  const Outcome got = evaluate({"--images", images, "--model", model});
  INFO(got.err);
  CHECK(got.status == 0);
  CHECK(contains(got.out, "images    3 in 3 class folders\n"));
  CHECK(contains(got.out, "top-5     "));
  const std::tuple<const char*, const char*> kWrong[] = {{"sea", "\"sea\" and \"sea\""},
                                                         {"Crane", "\"crane\" and \"crane, machine\""},
                                                         {"dog", "none of the model's 7 labels"}};
  for (const auto& [name, part] : kWrong) {
    const TemporaryFolder other;
    write_noise(other.path() / name / "a.png", 1);
    const Outcome wrong = evaluate({"--images", other.path().string(), "--model", model});
    INFO(wrong.err);
    CHECK(wrong.status == 1);
    CHECK(contains(wrong.err, (other.path() / name).string()));
    CHECK(contains(wrong.err, part));
  }
}

TEST_CASE("evaluate: images and models that cannot be measured") {
  const TemporaryFolder folder, models;
  const std::string model = oblong_model(models).string(), images = folder.path().string();
  const Outcome empty = evaluate({"--images", images, "--model", model});
  CHECK(empty.status == 1);
  CHECK(contains(empty.err, images + ": no class folders"));
  fs::create_directory(folder.path() / "LABEL_1");
  const std::string text = folder.write("LABEL_1/a.txt", "no image").string();
  const Outcome damaged = evaluate({"--images", images, "--model", model});
  CHECK(damaged.status == 1);
  CHECK(contains(damaged.err, text));
  const Outcome headless = evaluate({"--images", images, "--model", (kGolden / "headless").string()});
  CHECK(headless.status == 1);
  CHECK(contains(headless.err, "without a classifier"));
  CHECK(evaluate({"--images", images + "/no", "--model", model}).status == 1);
  for (const std::vector<std::string>& usage :
       std::vector<std::vector<std::string>>{{"--images", images},
                                             {"--model", model},
                                             {"--images", images, "--model", model, "--references", text},
                                             {"--images", images, "--model", model, "--column", "1"},
                                             {"--images", images, "--model", model, "--batch", "0"},
                                             {"--references", text, "--device", "0"}}) {
    CAPTURE(usage);
    CHECK(evaluate(usage).status == 2);
  }
}
