// samples/lecture: every slide's numbers are as expected, and its picture is drawn.
#include <catch2/catch_test_macros.hpp>
#include <cmath>

#include "fovea/image.hpp"
#include "fovea/vit.hpp"
#include "support/check.h"
#include "support/program.h"
#include "support/temporary.h"

using namespace fovea;
using namespace fovea::test;

namespace {

const std::string kPhoto = FOVEA_SOURCE_DIR "/samples/images/chelsea.png";

const ViTConfig kTiny{.height = 16,
                      .width = 16,
                      .patch = 4,
                      .embedding = 16,
                      .depth = 2,
                      .heads = 2,
                      .hidden = 32,
                      .labels = {"cat", "dog"}};

}  // namespace

TEST_CASE("lecture goes through the slides, those of a Vision Transformer as well") {
  const TemporaryFolder pictures, model;
  write_fresh_vit(model.path().string(), kTiny, 1);
  const Outcome got = run_program("lecture", {"--out", pictures.path().string(), "--json", "--model",
                                              model.path().string(), "--photo", kPhoto});
  INFO(got.out << got.err);
  REQUIRE(got.status == 0);
  const nlohmann::json numbers = nlohmann::json::parse(got.lines().back());
  CHECK(numbers.size() == 24);
  CHECK(std::abs(numbers["slide 9: weight of 小説"].get<double>() - 0.8) < 1e-5);
  CHECK(numbers["slide 14: more than an even share on itself"].get<int>() == 1);
  CHECK(numbers["slide 17: tokens"].get<int>() == 17);
  for (const char* name : {"slide-05-gate.png", "slide-06-excitation.png", "slide-09-soft-attention.png",
                           "slide-11-scaled-dot.png", "slide-12-self.png", "slide-13-source-target.png",
                           "slide-15-heads.png", "slide-19-photo.png"}) {
    INFO(name);
    const Image picture = load_image(pictures.path() / name);
    CHECK((picture.width > 100 && picture.height > 50));
  }
}

TEST_CASE("lecture draws nothing unasked, and names a photo that is missing") {
  const Outcome plain = run_program("lecture", {"--seed", "5"});
  INFO(plain.out << plain.err);
  CHECK(plain.status == 0);
  CHECK(contains(plain.out, "slide 19"));
  const TemporaryFolder model;
  write_fresh_vit(model.path().string(), kTiny, 1);
  const Outcome missing =
      run_program("lecture", {"--model", model.path().string(), "--photo", "nowhere.png"});
  CHECK(missing.status == 1);
  CHECK(contains(missing.err, "nowhere.png"));
  CHECK(run_program("lecture", {"--no-such-option"}).status == 2);
}
