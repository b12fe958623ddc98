// What models keep for later runs goes when it is asked to, and what a job holds stays.
#include <catch2/catch_test_macros.hpp>

#include "fovea/fovea.hpp"
#include "support/check.h"
#include "support/ctranslate2.h"
#include "support/temporary.h"

using namespace fovea;
using namespace fovea::test;

namespace {

const std::string kGolden = FOVEA_SOURCE_DIR "/tests/golden/";

uint64_t used() { return device().memory().used; }

// answer: runs the model.
template <class Model, class Answer>
void check_trim(Model& model, const Answer& answer) {
  const uint64_t loaded = used();
  const std::vector<float> first = answer();
  CHECK(used() > loaded);
  model.trim();
  CHECK(used() == loaded);
  CHECK(answer() == first);
  model.trim();
  CHECK(used() == loaded);
}

}  // namespace

TEST_CASE("models of images give their plans back") {
  VisionTransformer vit(device(), kGolden + "vit/vit");
  const ViTConfig& c = vit.config();
  const std::vector<float> pixels = random_values(uint64_t(c.channels * c.height * c.width), 1);
  check_trim(vit, [&] { return vit.run(pixels, 1).logits; });

  CnnGate gate(device(), kGolden + "conv/cnn_gate");
  SeResNet resnet(device(), kGolden + "conv/se_resnet");
  const CnnGateConfig& g = gate.config();
  const std::vector<float> small = random_values(uint64_t(g.channels * g.size * g.size), 2);
  check_trim(gate, [&] { return gate.run(small, 1).logits; });
  check_trim(resnet, [&] { return resnet.run(small, 1).logits; });
}

TEST_CASE("models of texts give their plans and caches back") {
  Gpt2 gpt2(device(), kGolden + "gpt2");
  check_trim(gpt2, [&] { return gpt2.generate({{1, 2}}, {.max_length = 3})[0][0].log_probs; });
  Diacritizer diacritizer(device(), kGolden + "diacritizer");
  check_trim(diacritizer, [&] { return diacritizer.run("باب").logits; });

  const TemporaryFolder folder;
  write_fresh_bahdanau(folder.path().string(), {.source_vocab = 9, .target_vocab = 11, .width = 8}, 3);
  Bahdanau bahdanau(device(), folder.path());
  check_trim(bahdanau, [&] { return bahdanau.translate({{1, 2}}, {.max_length = 3})[0][0].log_probs; });
}

TEST_CASE("a Vision Transformer keeps what a job holds") {
  VisionTransformer model(device(), kGolden + "vit/vit");
  const ViTConfig& c = model.config();
  const std::vector<float> pixels = random_values(uint64_t(2 * c.channels * c.height * c.width), 1);
  const std::vector<float> wanted = model.run(pixels, 2).logits;
  model.trim();
  const uint64_t loaded = used();
  {
    ViTJob job = model.start(pixels, 2);
    const uint64_t with_job = used();
    model.run(std::span(pixels).first(pixels.size() / 2), 1);
    CHECK(used() > with_job);
    model.trim();
    CHECK(used() == with_job);
    while (!job.tick(1e9)) continue;
    CHECK(job.result().logits == wanted);
  }
  model.trim();
  CHECK(used() == loaded);
}

TEST_CASE("a translator gives its sessions back, and keeps what a job holds") {
  const TemporaryFolder folder;
  write_ctranslate2(folder.path(), {.words = {"a", "b", "c"}, .layers = 1});
  Translator model(device(), folder.path(), {.tokenizer = "words"});
  Decoding decoding = model.decoding();
  decoding.max_length = 4;
  const TranslateOptions options{.decoding = decoding};
  const std::vector<std::string> lines = {"a b"};
  const auto answer = [&] { return model.translate(lines, options)[0].outputs[0].log_probs; };
  check_trim(model, answer);

  const uint64_t loaded = used();
  const std::vector<float> wanted = answer();
  model.trim();
  {
    TranslationJob job = model.start(lines, options);
    job.tick(0);
    const uint64_t with_job = used();
    CHECK(with_job > loaded);
    CHECK(answer() == wanted);  // in a session of its own
    CHECK(used() > with_job);
    model.trim();
    CHECK(used() == with_job);
    while (!job.tick(1e9)) continue;
    CHECK(job.result()[0].outputs[0].log_probs == wanted);
  }
  model.trim();
  CHECK(used() == loaded);
}
