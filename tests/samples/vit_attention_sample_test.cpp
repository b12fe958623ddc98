// The sample vit_attention: its numbers, pictures and page.
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <filesystem>

#include "fovea/image.hpp"
#include "support/check.h"
#include "support/program.h"
#include "support/temporary.h"

using namespace fovea;
using namespace fovea::test;
namespace fs = std::filesystem;

namespace {

Outcome run_sample(std::vector<std::string> arguments) {
  const std::string root = FOVEA_SOURCE_DIR "/samples/";
  arguments.insert(arguments.begin(), {"--model", root + "models/vit", "--json"});
  arguments.push_back(root + "images/chelsea.png");
  return run_program("vit_attention", arguments);
}

}  // namespace

TEST_CASE("vit_attention maps the heads, their mean and the rollout of a patch, and learns places") {
  const TemporaryFolder folder;
  const Outcome outcome = run_sample({"--patch", "2,3", "--out", folder.path().string(), "--train", "60"});
  INFO(outcome.out << outcome.err);
  REQUIRE(outcome.status == 0);  // all numbers are as expected
  const nlohmann::json numbers = nlohmann::json::parse(outcome.lines().back());
  CHECK(numbers["block: inner width"] == 512);
  CHECK(numbers["training: last loss"] < numbers["training: first loss"]);
  CHECK(std::abs(numbers["training: first loss"].get<double>() - std::log(10.0)) < 0.7);
  const Image photo = load_image(FOVEA_SOURCE_DIR "/samples/images/chelsea.png");
  CHECK(load_image(folder.path() / "chelsea-seen.png").width == photo.width);
  CHECK(load_image(folder.path() / "chelsea-heads.png").width > 600);
  CHECK(load_image(folder.path() / "training.png").width > 500);
  const std::string page = read_bytes(folder.path() / "attention.html");
  CHECK(contains(page, "chelsea"));
}

TEST_CASE("vit_attention classifies the mean of all tokens when asked to, and rejects what is not there") {
  const Outcome mean = run_sample({"--pool", "mean", "--train", "60", "--batch", "16"});
  INFO(mean.out << mean.err);
  CHECK(mean.status == 0);
  for (const std::vector<std::string>& wrong : std::vector<std::vector<std::string>>{{"--patch", "1,99"},
                                                                                     {"--layer", "99"},
                                                                                     {"--patch", "3"},
                                                                                     {"--pool", "max"},
                                                                                     {"--data", "no-such"}}) {
    CAPTURE(wrong);
    CHECK(run_sample(wrong).status == 2);
  }
}
