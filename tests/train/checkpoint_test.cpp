#include <catch2/catch_test_macros.hpp>
#ifndef _WIN32
#include <sys/resource.h>

#include <csignal>
#endif

#include "io/safetensors.h"
#include "support/temporary.h"
#include "support/training.h"

using namespace fovea;
using namespace fovea::test;

namespace {

#ifndef _WIN32
// As a full disk: no file grows past `bytes`.
class FullDisk {
 public:
  explicit FullDisk(uint64_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &old_);
    const rlimit limit{bytes, old_.rlim_max};
    REQUIRE(setrlimit(RLIMIT_FSIZE, &limit) == 0);
  }
  ~FullDisk() {
    setrlimit(RLIMIT_FSIZE, &old_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  void (*handler_)(int);
  rlimit old_{};
};
#endif

}  // namespace

TEST_CASE("a checkpoint that cannot be written loses nothing that was") {
  const TemporaryFolder folder;
  const std::filesystem::path place = folder.path() / "kept", checkpoint = place / "checkpoint";
  std::filesystem::create_directory(place);
  Training training, loaded;
  Trainer trainer(training.optimizer, &training.generator, options_for(training));
  save_checkpoint(checkpoint, training.optimizer, &training.generator, {.step = 3});
  const std::string before = read_bytes(checkpoint);
  training.train(trainer);
  const Bits bits = training.bits();
  const auto save = [&](const std::filesystem::path& path) {
    save_checkpoint(path, training.optimizer, &training.generator, {.step = 4});
  };
#ifndef _WIN32
  for (const uint64_t bytes : {0, 1, 1000, 2048}) {
    REQUIRE(bytes < before.size());
    const FullDisk full(bytes);
    check_rejects([&] { save(checkpoint); }, {checkpoint.string(), "cannot write"});
  }
#endif
  check_rejects([&] { save(checkpoint / "below"); }, {(checkpoint / "below").string(), "cannot create"});
  check_rejects([&] { save(place); }, {place.string(), "cannot replace"});
  check_rejects([&] { save(folder.path() / "nowhere" / "checkpoint"); }, {"nowhere", "cannot create"});
  CHECK(read_bytes(checkpoint) == before);
  CHECK(files_in(place) == 1);
  CHECK(files_in(folder.path()) == 1);
  CHECK(training.bits() == bits);
  CHECK(load_checkpoint(checkpoint, loaded.optimizer, &loaded.generator).step == 3);
  save(checkpoint);
  CHECK(load_checkpoint(checkpoint, loaded.optimizer, &loaded.generator).step == 4);
  CHECK(loaded.bits() == bits);
}

TEST_CASE("a file that is no checkpoint of this training changes nothing") {
  const TemporaryFolder folder;
  const std::string checkpoint = (folder.path() / "checkpoint").string();
  Training made;
  Trainer trainer(made.optimizer, &made.generator, options_for(made, checkpoint));
  made.train(trainer);
  const auto rejected = [&](Training& to, const std::string& path, State* generator,
                            const std::vector<std::string>& parts) {
    const Bits before = to.bits();
    check_bad_file([&] { load_checkpoint(path, to.optimizer, generator); }, parts);
    CHECK(to.bits() == before);
  };
  Training same;
  const std::string bytes = read_bytes(checkpoint);
  for (const size_t size : {size_t(0), size_t(5), size_t(100), bytes.size() - 1}) {
    const std::string cut = folder.write("cut", bytes.substr(0, size)).string();
    rejected(same, cut, &same.generator, {cut});
  }
  rejected(same, (folder.path() / "none").string(), &same.generator, {"none", "cannot open"});
  rejected(same, FOVEA_SOURCE_DIR "/tests/golden/vit/vit/model.safetensors", &same.generator,
           {"model.safetensors", "checkpoint"});
  rejected(same, checkpoint, nullptr, {checkpoint, "generator"});

  Training wider(kAdamW, kHidden + 1);
  rejected(wider, checkpoint, &wider.generator, {checkpoint, "(10, 5)", "(9, 5)"});
  OptimizerOptions options = kAdamW;
  options.average = 0;
  Training plain(options);
  rejected(plain, checkpoint, &plain.generator, {checkpoint, "7 tensors", "6"});
  options = kAdamW;
  options.beta2 = 0.5f;
  Training quick(options);
  rejected(quick, checkpoint, &quick.generator, {checkpoint, "beta2", "0.5"});
  options.kind = OptimizerOptions::Kind::adam;
  Training adam(options);
  rejected(adam, checkpoint, &adam.generator, {checkpoint, "kind"});
  CHECK(load_checkpoint(checkpoint, same.optimizer, &same.generator).step == 20);
  CHECK(same.bits() == made.bits());
  TrainerOptions other = options_for(same, checkpoint);
  other.steps_per_epoch = 10;  // of batches of another size: step 20 would be another place in the data
  check_rejects([&] { Trainer(same.optimizer, &same.generator, other, true); },
                {checkpoint, "5 steps", "has 10"});
  check_rejects([&] { expect_no_checkpoint(checkpoint); }, {checkpoint, "is there already"});
}
