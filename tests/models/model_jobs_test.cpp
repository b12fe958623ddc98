// Shipped models in slices: the same answers as in one go, beside other work of the same model.
#include <catch2/catch_test_macros.hpp>

#include "fovea/translator.hpp"
#include "fovea/vit.hpp"
#include "support/check.h"

using namespace fovea;
using namespace fovea::test;

namespace {

std::string shipped(const char* model) { return std::string(FOVEA_SOURCE_DIR "/samples/models/") + model; }

void finish(Job& job, double milliseconds) {
  double before = 0;
  for (int tick = 0; !job.tick(milliseconds); ++tick) {
    if (tick > 100000000 || job.progress() < before) FAIL("from " << before << " to " << job.progress());
    before = job.progress();
  }
}

ErrorCode code_of(const auto& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode::invalid;
}

}  // namespace

TEST_CASE("a ViT in slices gives the logits of a run") {
  VisionTransformer model(device(), shipped("vit"));
  const ViTConfig& config = model.config();
  const std::vector<float> pixels =
      random_values(uint64_t(config.channels * config.height * config.width), 3);
  model.prepare(1);
  const ViTResult wanted = model.run(pixels, 1);
  for (const double milliseconds : {0.0, 0.5, 1e9}) {
    ViTJob job = model.start(pixels, 1);
    CHECK(code_of([&] { job.result(); }) == ErrorCode::not_ready);
    check_rejects([&] { model.run(pixels, 1); }, {"vit", "batch of 1", "on its way"});
    finish(job, milliseconds);
    CHECK(job.result().logits == wanted.logits);
  }
  ViTJob cancelled = model.start(pixels, 1);
  cancelled.tick(0);
  cancelled.cancel();
  finish(cancelled, 1e9);
  CHECK(code_of([&] { cancelled.result(); }) == ErrorCode::cancelled);
  CHECK(device().validation_messages().empty());
}

TEST_CASE("translations in slices are those of one go") {
  Translator model(device(), shipped("translate-en-fr"), {.batch = 2});
  const std::vector<std::string> lines = {"I am home.", "", "Where is the station?", "Thank you."};
  for (const int64_t beams : {1, 3}) {
    INFO(beams << " beams");
    Decoding decoding = model.decoding();
    decoding.beams = beams;
    decoding.max_length = 12;
    const TranslateOptions options{.decoding = decoding};
    model.prepare(std::vector<int64_t>{8}, 2, options);
    const std::vector<Translation> wanted = model.translate(lines, options);
    for (const double milliseconds : {0.0, 2.0, 1e9}) {
      TranslationJob job = model.start(lines, options);
      CHECK(code_of([&] { job.result(); }) == ErrorCode::not_ready);
      for (int tick = 0; tick < 5; ++tick) job.tick(milliseconds);
      const std::vector<Translation> between = model.translate(std::span(lines).first(1), options);
      CHECK(between[0].outputs[0].text == wanted[0].outputs[0].text);
      finish(job, milliseconds);
      const std::vector<Translation> made = job.result();
      REQUIRE(made.size() == wanted.size());
      for (size_t i = 0; i < made.size(); ++i) {
        CHECK(made[i].outputs[0].text == wanted[i].outputs[0].text);
        CHECK(made[i].outputs[0].log_probs == wanted[i].outputs[0].log_probs);
      }
    }
  }
  TranslationJob cancelled = model.start(lines);
  cancelled.tick(0);
  cancelled.cancel();
  finish(cancelled, 1e9);
  CHECK(code_of([&] { cancelled.result(); }) == ErrorCode::cancelled);
  CHECK(device().validation_messages().empty());
}
