#include <bit>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#ifndef _WIN32
#include <sys/resource.h>

#include <csignal>
#endif

#include "fovea/train.hpp"
#include "io/safetensors.h"
#include "io/temporary.h"
#include "support/check.h"

using namespace fovea;
using namespace fovea::test;

namespace {

using End = Trainer::End;
using Bits = std::vector<std::vector<uint32_t>>;

constexpr int64_t kRows = 6, kIn = 5, kHidden = 9, kOut = 4;

const OptimizerOptions kAdamW{
    .weight_decay = 0.1f, .clip = 0.5f, .average = 0.9f, .loss_scale = 4, .loss_scale_steps = 3};

// A perceptron with dropout, and everything that a checkpoint keeps.
struct Training {
  explicit Training(const OptimizerOptions& options = kAdamW, int64_t hidden = kHidden)
      : up(device(), hidden, kIn, random_values(uint64_t(hidden * kIn), 1),
           random_values(uint64_t(hidden), 2), Use::training),
        down(device(), kOut, hidden, random_values(uint64_t(kOut * hidden), 3), random_values(kOut, 4),
             Use::training),
        x(graph.input({kRows, kIn})),
        ids(graph.input({kRows}, DType::u32)),
        loss(cross_entropy(down(dropout(relu(up(x)))), ids).loss),
        optimizer(device(), parameters(), options),
        step(optimizer.step(loss)) {
    generator.write(std::vector<uint32_t>{7, 0, 0, 0});
    advance(graph, generator);
    plan.emplace(device(), graph, std::vector<Tensor>{loss, step.norm});
  }
  Parameters parameters() {
    Parameters all;
    up.parameters("up", all);
    down.parameters("down", all);
    return all;
  }
  Trainer::Made run(int64_t index, std::span<const float> control) {
    plan->write(x, wrong == index ? std::vector<float>(kRows * kIn, wrong_value)
                                  : random_values(kRows * kIn, uint32_t(index) + 10));
    plan->write(ids, random_ids(kRows, uint32_t(index) + 20, kOut));
    plan->write(step.control, control);
    plan->run();
    losses.push_back(plan->read(loss).front());
    return {.loss = losses.back(), .norm = plan->read(step.norm).front(), .items = kRows};
  }
  End train(Trainer& trainer) {
    return trainer.run([this](int64_t index, std::span<const float> control) { return run(index, control); });
  }
  Bits bits() {
    Bits all{generator.read_u32()};
    const auto append = [&](State& state) {
      all.emplace_back();
      for (float value : state.read()) all.back().push_back(std::bit_cast<uint32_t>(value));
    };
    for (const Parameter& parameter : optimizer.parameters()) append(*parameter.state);
    for (const auto& [name, state] : optimizer.states()) append(*state);
    const Optimizer::Counters counters = optimizer.counters();
    all.push_back({uint32_t(counters.steps), uint32_t(counters.finite_steps),
                   std::bit_cast<uint32_t>(counters.loss_scale)});
    return all;
  }

  State generator{device(), {4}, DType::u32};
  Dropout dropout{.rate = 0.25f, .generator = &generator};
  Linear up, down;
  Graph graph;
  Tensor x, ids, loss;
  Optimizer optimizer;
  Optimizer::Step step;
  std::optional<Plan> plan;
  std::vector<float> losses;  // of every step
  int64_t wrong = -1;         // the batch that has no good values
  float wrong_value = NAN;
};

// 4 epochs of 5 steps with a cosine, and what the losses say as a measure.
TrainerOptions options_for(Training& training, const std::filesystem::path& checkpoint = {}) {
  TrainerOptions options;
  options.schedule = {.kind = Schedule::Kind::cosine, .rate = 0.05f, .warmup = 3, .steps = 20};
  options.epochs = 4;
  options.steps_per_epoch = 5;
  options.checkpoint = checkpoint;
  options.validate = [&training] { return -double(training.losses.back()); };
  return options;
}

void check_same(const Progress& got, const Progress& want) {
  const auto same = [](const CurvePoint& a, const CurvePoint& b) {
    return a.step == b.step && a.value == b.value;
  };
  CHECK(got.step == want.step);
  CHECK(got.best == want.best);
  CHECK(got.stale == want.stale);
  CHECK(std::ranges::equal(got.losses, want.losses, same));
  CHECK(std::ranges::equal(got.measures, want.measures, same));
}

size_t files_in(const std::filesystem::path& folder) {
  const std::filesystem::directory_iterator files(folder);
  return size_t(std::distance(begin(files), end(files)));
}

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

TEST_CASE("A training that was interrupted goes on bit for bit as if it had never stopped") {
  Training unbroken;
  Trainer whole(unbroken.optimizer, &unbroken.generator, options_for(unbroken));
  CHECK(unbroken.train(whole) == End::finished);
  REQUIRE(unbroken.losses.size() == 20);
  CHECK(unbroken.losses.back() != unbroken.losses.front());

  const TemporaryFolder folder;
  const std::filesystem::path checkpoint = folder.path() / "checkpoint";
  std::vector<float> losses;
  for (const int64_t stop : {1, 5, 7, 13, 14, 20}) {  // the last as the last step is done
    Training part;
    TrainerOptions options = options_for(part, checkpoint);
    options.interrupted = [&] { return int64_t(losses.size() + part.losses.size()) == stop; };
    Trainer trainer(part.optimizer, &part.generator, options, true);
    CHECK(trainer.progress().step == int64_t(losses.size()));
    CHECK(part.train(trainer) == (stop < 20 ? End::interrupted : End::finished));
    losses.insert(losses.end(), part.losses.begin(), part.losses.end());
    REQUIRE(int64_t(losses.size()) == stop);
    if (stop < 20) continue;
    CHECK(losses == unbroken.losses);
    CHECK(part.bits() == unbroken.bits());
    check_same(trainer.progress(), whole.progress());
  }
  CHECK(files_in(folder.path()) == 1);
  Training done;
  Trainer nothing(done.optimizer, &done.generator, options_for(done, checkpoint), true);
  CHECK(done.train(nothing) == End::finished);
  CHECK(done.losses.empty());
  CHECK(done.bits() == unbroken.bits());
}

TEST_CASE("A training that was killed goes on from its last checkpoint") {
  Training unbroken, killed, resumed;
  Trainer whole(unbroken.optimizer, &unbroken.generator, options_for(unbroken));
  unbroken.train(whole);

  const TemporaryFolder folder;
  TrainerOptions options = options_for(killed, folder.path() / "checkpoint");
  options.save_every = 4;
  Trainer first(killed.optimizer, &killed.generator, options);
  struct Killed {};
  CHECK_THROWS_AS(first.run([&](int64_t index, std::span<const float> control) {
    if (index == 9) throw Killed();
    return killed.run(index, control);
  }),
                  Killed);
  options = options_for(resumed, folder.path() / "checkpoint");
  Trainer second(resumed.optimizer, &resumed.generator, options, true);
  CHECK(second.progress().step == 8);
  CHECK(resumed.train(second) == End::finished);
  CHECK(resumed.bits() == unbroken.bits());
  CHECK(std::ranges::equal(resumed.losses, std::span(unbroken.losses).subspan(8)));

  Training again;  // without resume it begins anew
  Trainer third(again.optimizer, &again.generator, options_for(again, folder.path() / "checkpoint"));
  CHECK(third.progress().step == 0);
}

TEST_CASE("A training reports its steps, keeps a curve of them, and what it validates") {
  Training training;
  TrainerOptions options = options_for(training);
  std::vector<TrainPoint> points;
  std::vector<TrainValidation> validations;
  std::vector<double> measures{0.5, 0.25, 0.75, 0.75};
  options.report = [&](const TrainPoint& point) { points.push_back(point); };
  options.validate = [&] { return measures[validations.size()]; };
  options.validated = [&](const TrainValidation& made) { validations.push_back(made); };
  options.measure = "accuracy";
  Trainer trainer(training.optimizer, &training.generator, options);
  CHECK(training.train(trainer) == End::finished);
  const std::vector<float>& losses = training.losses;
  REQUIRE(points.size() == 20);
  for (size_t i = 0; i < points.size(); ++i) {
    CHECK(points[i].loss == double(losses[i]));
    CHECK(points[i].step == int64_t(i) + 1);
    CHECK(points[i].epoch == int64_t(i) / 5 + 1);
    CHECK(points[i].steps == 20);
    CHECK(points[i].rate == double(options.schedule.at(points[i].step)));
    CHECK((points[i].norm > 0.01 && points[i].norm < 10));  // whatever the loss scale, which grows to 256
  }
  const std::vector<CurvePoint>& curve = trainer.progress().losses;
  REQUIRE(curve.size() == 2);
  for (size_t i = 0; i < 2; ++i) {
    double sum = 0;
    for (size_t n = 0; n < 10; ++n) sum += double(losses[10 * i + n]);
    CHECK(std::abs(curve[i].value - sum / 10) < 1e-12);
    CHECK(curve[i].step == int64_t(10 * i) + 10);
  }
  REQUIRE(validations.size() == 4);
  for (size_t i = 0; i < 4; ++i) {
    CHECK(validations[i].epoch == int64_t(i) + 1);
    CHECK(validations[i].step == int64_t(i) * 5 + 5);
    CHECK(validations[i].measures.front() == std::pair<std::string, double>("accuracy", measures[i]));
    CHECK(validations[i].best == (i % 2 == 0));
  }
  CHECK(trainer.progress().best == 0.75);
}

TEST_CASE("A training stops when its validation gets no better, and stays stopped") {
  const TemporaryFolder folder;
  Training training, later;
  TrainerOptions options = options_for(training, folder.path() / "checkpoint");
  int64_t validated = 0;
  options.epochs = 100;
  options.patience = 3;
  options.validate = [&] { return ++validated == 2 ? 1.0 : 0.5; };
  Trainer trainer(training.optimizer, &training.generator, options);
  CHECK(training.train(trainer) == End::early);
  CHECK(trainer.progress().step == 25);
  CHECK(trainer.progress().stale == 3);
  Trainer resumed(later.optimizer, &later.generator, options, true);
  CHECK(later.train(resumed) == End::early);
  CHECK(later.losses.empty());
  CHECK(later.bits() == training.bits());
}

TEST_CASE("A loss that is not finite ends a training, naming its step and the last good checkpoint") {
  const TemporaryFolder folder;
  const std::string checkpoint = (folder.path() / "checkpoint").string();
  for (const bool kept : {false, true}) {
    Training training, good;
    training.wrong = 7;
    Trainer trainer(training.optimizer, &training.generator,
                    options_for(training, kept ? checkpoint : std::string()));
    check_rejects([&] { training.train(trainer); }, {"loss", "nan", "step 8", kept ? checkpoint : "none"});
    if (!kept) continue;
    CHECK(load_checkpoint(checkpoint, good.optimizer, &good.generator).step == 5);
    for (const Parameter& parameter : training.optimizer.parameters())  // nor has it spoiled the weights
      for (float weight : parameter.state->read()) REQUIRE(std::isfinite(weight));
  }
  Training training;
  TrainerOptions options = options_for(training);
  options.validate = [] { return NAN; };
  Trainer trainer(training.optimizer, &training.generator, options);
  check_rejects([&] { training.train(trainer); }, {"measure", "nan", "step 5", "none"});
}

TEST_CASE("Gradients that are not finite end a training with a fixed loss scale only") {
  OptimizerOptions settings = kAdamW;
  for (const int64_t adapts : {0, 100}) {
    settings.loss_scale_steps = adapts;
    Training training(settings);
    Trainer trainer(training.optimizer, &training.generator, options_for(training));
    const auto step = [&](int64_t index, std::span<const float> control) {
      Trainer::Made made = training.run(index, control);
      if (index == 11) made.norm = INFINITY;
      return made;
    };
    if (adapts == 0) {
      check_rejects([&] { trainer.run(step); }, {"norm", "inf", "step 12", "none"});
    } else {
      CHECK(trainer.run(step) == End::finished);
      CHECK(training.optimizer.steps() == 19);
      CHECK(training.optimizer.counters().loss_scale == 2);
    }
  }
}

TEST_CASE("A checkpoint that cannot be written loses nothing that was") {
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

TEST_CASE("A file that is no checkpoint of this training changes nothing") {
  const TemporaryFolder folder;
  const std::string checkpoint = (folder.path() / "checkpoint").string();
  Training made;
  Trainer trainer(made.optimizer, &made.generator, options_for(made, checkpoint));
  made.train(trainer);
  const auto rejected = [&](Training& to, const std::string& path, State* generator,
                            const std::vector<std::string>& parts) {
    const Bits before = to.bits();
    check_rejects([&] { load_checkpoint(path, to.optimizer, generator); }, parts);
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
}

TEST_CASE("A trainer rejects what makes no training") {
  Training training;
  for (const bool epochs : {true, false}) {
    TrainerOptions options = options_for(training);
    (epochs ? options.epochs : options.steps_per_epoch) = 0;
    check_rejects([&] { Trainer(training.optimizer, &training.generator, options); }, {"trainer"});
  }
}
