#include <catch2/catch_test_macros.hpp>
#include <cmath>

#include "support/temporary.h"
#include "support/training.h"

using namespace fovea;
using namespace fovea::test;

namespace {

using End = Trainer::End;

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

}  // namespace

TEST_CASE("a training that was interrupted goes on bit for bit as if it had never stopped") {
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

TEST_CASE("a training that was killed goes on from its last checkpoint") {
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

TEST_CASE("a training reports its steps, keeps a curve of them, and what it validates") {
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

TEST_CASE("a training stops when its validation gets no better, and stays stopped") {
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

TEST_CASE("a loss that is not finite ends a training, naming its step and the last good checkpoint") {
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

TEST_CASE("gradients that are not finite end a training with a fixed loss scale only") {
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

TEST_CASE("a training whose measuring or keeping fails has its weights, not their average") {
  const TemporaryFolder folder;
  Training training, failing;
  TrainerOptions options = options_for(training);
  options.epochs = 1;
  Trainer trainer(training.optimizer, &training.generator, options);
  CHECK(training.train(trainer) == End::finished);
  options.keep = [] { throw Error("disk full"); };
  Trainer broken(failing.optimizer, &failing.generator, options);
  CHECK(rejection([&] { failing.train(broken); }) == "disk full");
  CHECK(failing.bits() == training.bits());
}

TEST_CASE("a training without a measure keeps the averaged weights of every epoch") {
  Training training;
  TrainerOptions options = options_for(training);
  options.validate = {};
  std::vector<std::vector<float>> kept;
  options.keep = [&] { kept.push_back(training.optimizer.parameters()[0].state->read()); };
  Trainer trainer(training.optimizer, &training.generator, options);
  CHECK(training.train(trainer) == End::finished);
  CHECK(!trainer.progress().validated);
  CHECK(kept.size() == 4);
  CHECK(kept.back() != training.optimizer.parameters()[0].state->read());
  training.optimizer.swap_average();
  CHECK(kept.back() == training.optimizer.parameters()[0].state->read());
}

TEST_CASE("a trainer rejects what makes no training") {
  Training training;
  for (const bool epochs : {true, false}) {
    TrainerOptions options = options_for(training);
    (epochs ? options.epochs : options.steps_per_epoch) = 0;
    check_rejects([&] { Trainer(training.optimizer, &training.generator, options); }, {"trainer"});
  }
  TrainerOptions options = options_for(training);
  options.schedule.warmup = options.schedule.steps;
  check_rejects([&] { Trainer(training.optimizer, &training.generator, options); }, {"20 of warm-up"});
}
