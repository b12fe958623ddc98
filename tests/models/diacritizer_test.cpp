// The diacritizer against PyTorch: a small one that tools/make_golden_diacritizer recorded, and the real one.
#include "fovea/diacritizer.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <nlohmann/json.hpp>

#include "io/file.h"
#include "io/safetensors.h"
#include "support/check.h"
#include "support/gradient.h"
#include "support/models.h"
#include "support/temporary.h"

using namespace fovea;
using namespace fovea::test;

namespace {

// Of the largest number, or of 1: logits of the real model reach 20 behind scores that reach 248, and float32
// PyTorch is 3e-4 from its own float64 result there.
constexpr double kWithin = 1e-4;

// Every line of the vocabulary gives what the reference says.
void check_reference(const std::filesystem::path& directory, const std::vector<std::string>& texts) {
  const SafeTensors reference(directory / "reference.safetensors");
  const nlohmann::json vocabulary = nlohmann::json::parse(read_text(directory / "vocabulary.json"));
  Diacritizer model(device(), directory.string());
  const auto lines = vocabulary["lines"].get<std::vector<std::string>>();
  for (size_t i = 0; i < lines.size(); ++i) {
    INFO("line " << i);
    const Diacritized seen = model.run(lines[i]);
    const auto close = [&](const std::vector<float>& got, const std::string& part) {
      const std::string name = std::to_string(i) + "." + part;
      const std::vector<float> want = reference.read_f32(name, Shape(reference.info(name).shape));
      REQUIRE(got.size() == want.size());
      double worst = 0, largest = 1;
      for (size_t k = 0; k < want.size(); ++k) {
        worst = std::max(worst, std::abs(double(got[k]) - double(want[k])));
        largest = std::max(largest, std::abs(double(want[k])));
      }
      INFO(part << " is off by " << worst << ", the largest is " << largest);
      REQUIRE(worst <= kWithin * largest);
    };
    close(seen.hidden, "hidden");
    close(seen.weights, "weights");
    close(seen.logits, "logits");
    if (i < texts.size()) REQUIRE(seen.text == texts[i]);
  }
}

}  // namespace

TEST_CASE("diacritizer: a small one agrees with PyTorch") {
  check_reference(FOVEA_SOURCE_DIR "/tests/golden/diacritizer", {});
}

TEST_CASE("diacritizer: arabic-diacritizer agrees with PyTorch and sets the signs") {
  check_reference(model_to_test("arabic-diacritizer"), {"ذَهَبَ الْوَلَدُ إلَى الْمَدْرَسَةِ"});
}

TEST_CASE("diacritizer: characters that it does not know, and none") {
  Diacritizer model(device(), FOVEA_SOURCE_DIR "/tests/golden/diacritizer");
  REQUIRE(model.encode("بx ") == std::vector<uint32_t>{3, 1, 9});
  REQUIRE(model.run("باب").characters == std::vector<std::string>{"ب", "ا", "ب"});
  REQUIRE(contains(rejection([&] { model.run(""); }), "empty line"));
  REQUIRE(contains(rejection([&] { model.run("\xff"); }), "UTF-8"));
}

TEST_CASE("diacritizer rejects files that do not fit") {
  const TemporaryFolder folder;
  std::filesystem::copy(FOVEA_SOURCE_DIR "/tests/golden/diacritizer", folder.path(),
                        std::filesystem::copy_options::recursive);
  const auto with = [&](const std::string& vocabulary) {
    folder.write("vocabulary.json", vocabulary);
    return bad_file([&] { Diacritizer(device(), folder.path().string()); });
  };
  REQUIRE(contains(with(R"({"tokens": ["a", "b"], "labels": [""]})"), "<UNK>"));
  REQUIRE(contains(with(R"({"tokens": ["<UNK>", "b"], "labels": [""]})"), "embedding.weight"));
  REQUIRE(contains(with(R"({"tokens": ["<UNK>"]})"), "labels"));
  REQUIRE(
      contains(with(R"({"tokens": ["<UNK>", "b", "b"], "labels": [""]})"), "\"b\" is token 1 and token 2"));
}
