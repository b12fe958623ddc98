// How every model is loaded: from memory as from its directory, with progress, stopped, and from bad files.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <map>

#include "fovea/fovea.hpp"
#include "support/check.h"
#include "support/ctranslate2.h"
#include "support/submissions.h"
#include "support/temporary.h"

using namespace fovea;
using namespace fovea::test;
namespace fs = std::filesystem;

namespace {

const fs::path kGolden = FOVEA_SOURCE_DIR "/tests/golden", kShipped = FOVEA_SOURCE_DIR "/samples/models";

// Files in memory, and how often each was asked for.
struct Pack {
  explicit Pack(const fs::path& directory) {
    for (const auto& entry : fs::directory_iterator(directory))
      files[entry.path().filename().string()] = read_bytes(entry.path());
  }
  ModelFiles reader() {
    return ModelFiles(
        [this](const std::string& name) -> std::optional<FileBytes> {
          ++asked[name];
          const auto found = files.find(name);
          if (found == files.end()) return std::nullopt;
          return std::as_bytes(std::span(found->second));
        },
        "game.pack");
  }

  std::map<std::string, std::string> files;
  std::map<std::string, int> asked;
};

struct Loaded {
  virtual ~Loaded() = default;
};
template <class Model>
struct LoadedModel : Loaded {
  template <class... Arguments>
  explicit LoadedModel(Arguments&&... arguments) : model(std::forward<Arguments>(arguments)...) {}
  Model model;
};

// A model and how it is loaded.
struct Kind {
  std::string name;
  fs::path directory;
  std::function<std::unique_ptr<Loaded>(Device&, const ModelFiles&, const LoadOptions&)> load;
};

template <class Model, class... Options>
Kind kind(const std::string& name, const fs::path& directory, Options... options) {
  return {name, directory, [=](Device& on, const ModelFiles& files, const LoadOptions& load) {
            return std::make_unique<LoadedModel<Model>>(on, files, options..., load);
          }};
}

// A directory for each of the kinds that no golden directory is one of.
struct Folders {
  Folders() {
    write_fresh_bahdanau(bahdanau.path().string(), {.source_vocab = 9, .target_vocab = 11}, 3);
    write_ctranslate2(ctranslate2.path(), {.words = {"a", "b", "c"}});
    std::vector<std::string> words{"</s>", "<unk>", "<pad>"};
    const TransformerConfig config{
        .vocab = 20, .width = 16, .heads = 4, .hidden = 24, .encoder_layers = 1, .decoder_layers = 1};
    write_fresh_transformer(transformer.path().string(), config, 4);
    while (words.size() < 20) words.push_back(concat("w", words.size()));
    write_word_vocabularies(transformer.path(), words, words);
    Transformer(device(), transformer.path())
        .save_pruned(pruned.path().string(), {1, 0, 1, 1, 0, 0, 0, 1, 1, 1, 1, 1});
    write_word_vocabularies(pruned.path(), words, words);
  }
  TemporaryFolder bahdanau, ctranslate2, transformer, pruned;
};

std::vector<Kind> all_kinds(const Folders& folders) {
  const TranslatorOptions words{.tokenizer = "words"};
  return {
      kind<VisionTransformer>("vit", kGolden / "vit/deit-teacher", Use::inference),
      kind<VisionTransformer>("vit for training", kGolden / "train/vit", Use::training),
      kind<Bert>("bert", kGolden / "bert/bert", Use::inference),
      kind<Gpt2>("gpt2", kGolden / "gpt2"),
      kind<CnnGate>("cnn_gate", kGolden / "conv/cnn_gate", Use::inference),
      kind<SeResNet>("se_resnet", kGolden / "conv/se_resnet", Use::training),
      kind<Diacritizer>("diacritizer", kGolden / "diacritizer"),
      kind<Bahdanau>("bahdanau", folders.bahdanau.path(), Use::inference),
      kind<Transformer>("transformer", folders.transformer.path()),
      kind<Translator>("translator", folders.transformer.path(), words),
      kind<Translator>("pruned translator", folders.pruned.path(), words),
      kind<Translator>("ctranslate2", folders.ctranslate2.path(), words),
      kind<Translator>("translator with SentencePiece", kShipped / "translate-en-fr", TranslatorOptions())};
}

struct Failure {
  std::string message;
  ErrorCode code = ErrorCode::invalid;
};
Failure failure_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return {error.what(), error.code()};
  }
  return {};
}

}  // namespace

TEST_CASE("every model is loaded from memory, each file of it once") {
  const Folders folders;
  for (const Kind& each : all_kinds(folders)) {
    INFO(each.name);
    const uint64_t before = device().memory().used;
    CHECK(each.load(device(), each.directory, {}));
    Pack pack(each.directory);
    CHECK(each.load(device(), pack.reader(), {}));
    for (const auto& [name, times] : pack.asked) {
      INFO(name);
      CHECK(times <= (name == "vocab.json" ? 2 : 1));  // of source and target
    }
    CHECK(device().memory().used == before);
  }
}

TEST_CASE("models from memory say what those from directories do") {
  Pack vit(kShipped / "vit");
  VisionTransformer there(device(), kShipped / "vit"), here(device(), vit.reader());
  vit.files.clear();  // nothing of the files is needed any more
  const ViTConfig& config = there.config();
  const std::vector<float> pixels =
      random_values(uint64_t(config.channels * config.height * config.width), 5);
  CHECK(here.run(pixels, 1).logits == there.run(pixels, 1).logits);

  Pack pack(kShipped / "translate-en-fr");
  Translator translator(device(), pack.reader());
  pack.files.clear();
  const std::vector<std::string> lines = {"Where is the library?"};
  CHECK(translator.translate(lines)[0].outputs[0].text == "Où est la bibliothèque ?");
}

TEST_CASE("loading tells how far it is, from 0 to 1") {
  const Folders folders;
  for (const Kind& each : all_kinds(folders)) {
    INFO(each.name);
    std::vector<double> told;
    each.load(device(), each.directory, {.progress = [&](double done) {
                told.push_back(done);
                return true;
              }});
    REQUIRE(told.size() > 4);
    CHECK(told.front() == 0);
    CHECK(told.back() == 1);
    CHECK(std::ranges::is_sorted(told));
    CHECK(told[told.size() - 2] > 0.3);  // what the last tensor was read after
  }
}

TEST_CASE("loading that is stopped leaves nothing on the device") {
  const Folders folders;
  Device staged({.disable = {"mapped"}});
  for (Device* on : {&device(), &staged})
    for (const Kind& each : all_kinds(folders))
      for (const double until : {0.0, 0.5, 1.0}) {
        INFO(each.name << " until " << until);
        const uint64_t before = on->memory().used;
        bool finished = false;
        const Failure failed = failure_of([&] {
          each.load(*on, each.directory, {.progress = [&](double done) { return done < until; }});
          finished = true;
        });
        CHECK(!finished);
        CHECK(failed.code == ErrorCode::cancelled);
        CHECK(contains(failed.message, "load"));
        CHECK(on->memory().used == before);
      }
  CHECK(staged.validation_messages().empty());
}

TEST_CASE("a file of a model that is missing, cut or damaged is a bad file, and nothing stays") {
  const Folders folders;
  for (const Kind& each : all_kinds(folders)) {
    const Pack whole(each.directory);
    Pack asked = whole;
    each.load(device(), asked.reader(), {});
    for (const auto& [name, times] : asked.asked) {
      if (!whole.files.contains(name)) continue;
      INFO(each.name << ": " << name);
      const std::string& content = whole.files.at(name);
      const uint64_t before = device().memory().used;
      for (const std::string& damaged :
           {std::string(), content.substr(0, content.size() / 2), std::string(content.size(), '\xfe')}) {
        Pack pack = whole;
        pack.files[name] = damaged;
        const Failure failed = failure_of([&] { each.load(device(), pack.reader(), {}); });
        INFO(damaged.size() << " bytes: " << failed.message);
        CHECK(failed.code == ErrorCode::bad_file);
        CHECK(contains(failed.message, "game.pack"));
        CHECK(device().memory().used == before);
      }
      Pack pack = whole;
      pack.files.erase(name);
      const Failure failed = failure_of([&] { each.load(device(), pack.reader(), {}); });
      // Without a source.spm the tokens are words.
      const bool optional =
          name == "generation_config.json" || name == "target_vocab.json" || name.ends_with(".spm");
      CHECK((failed.code == ErrorCode::bad_file) != optional);
    }
  }
}

TEST_CASE("models are uploaded in few submissions where device memory is not mapped") {
  const Folders folders;
  Device staged({.disable = {"mapped"}});
  std::vector<Kind> kinds = all_kinds(folders);
  kinds.push_back(kind<VisionTransformer>("shipped vit", kShipped / "vit", Use::inference));
  for (const Kind& each : kinds) {
    const uint64_t before = staged.memory().used;
    SubmissionCount count(staged);
    const std::unique_ptr<Loaded> model = each.load(staged, each.directory, {});
    const uint64_t submissions = count.value(), bytes = staged.memory().used - before;
    INFO(each.name << ": " << bytes << " bytes in " << submissions << " submissions");
    // A decoder layer in one dispatch, of CPU kernels, gives the States up that it was gathered from.
    const bool fuses = device().info().limits.kernels == KernelClass::cpu && contains(each.name, "tran");
    CHECK(submissions <= bytes / (2u << 20) + 2 + (fuses ? 3 : 0));
  }
  CHECK(staged.validation_messages().empty());
}
