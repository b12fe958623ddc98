#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>

#include "core/random.h"
#include "fovea/image.hpp"
#include "fovea/png.hpp"
#include "support/program.h"
#include "support/temporary.h"

using namespace fovea;
using namespace fovea::test;
namespace fs = std::filesystem;

namespace {

// Two classes that a small model can tell apart: images that are bright above, and bright below.
void write_images(const fs::path& folder, uint64_t seed, int count) {
  Random random(seed);
  for (const bool above : {true, false}) {
    const fs::path place = folder / (above ? "above" : "below");
    fs::create_directories(place);
    for (int n = 0; n < count; ++n) {
      Image image{8, 8, std::vector<uint8_t>(8 * 8 * 3)};
      for (size_t i = 0; i < image.rgb.size(); ++i)
        image.rgb[i] = uint8_t(((i < image.rgb.size() / 2) == above ? 130 : 0) + random.below(120));
      write_png(place / (std::to_string(n) + ".png"), image);
    }
  }
}

struct Images {
  TemporaryFolder folder;
  std::string training = (folder.path() / "training").string(), held_out = (folder.path() / "held").string();
  Images() {
    write_images(training, 1, 16);
    write_images(held_out, 2, 5);
  }
  std::string out(const std::string& name) const { return (folder.path() / name).string(); }
  Outcome train(const std::string& name, std::vector<std::string> more) const {
    std::vector<std::string> all{"--data",  training, "--validation", held_out, "--out",    out(name),
                                 "--size",  "8",      "--patch",      "4",      "--width",  "16",
                                 "--depth", "1",      "--heads",      "2",      "--hidden", "32",
                                 "--batch", "8",      "--warmup",     "2",      "--pad",    "1",
                                 "--rate",  "0.01",   "--dropout",    "0.1"};
    all.insert(all.end(), more.begin(), more.end());
    return run_program("train_vit", all);
  }
};

}  // namespace

TEST_CASE("train_vit learns, and vit says what it learnt") {
  const Images images;
  const std::string log = images.out("log.jsonl");
  const Outcome outcome = images.train("model", {"--epochs", "20", "--log", log, "--mixup", "0.2"});
  INFO(outcome.out << outcome.err);
  REQUIRE(outcome.status == 0);
  for (const char* file : {"config.json", "model.safetensors", "preprocessor_config.json", "loss.png"})
    REQUIRE(fs::exists(fs::path(images.out("model")) / file));
  double best = 0;
  std::ifstream lines(log);
  for (std::string line; std::getline(lines, line);) {
    const nlohmann::json object = nlohmann::json::parse(line);
    if (object.contains("accuracy")) best = std::max(best, object.at("accuracy").get<double>());
  }
  REQUIRE(best >= 0.9);
  const Outcome said = run_program("vit", {"--model", images.out("model"), "--json", "--top", "1",
                                           (fs::path(images.held_out) / "below" / "3.png").string()});
  INFO(said.out << said.err);
  REQUIRE(said.status == 0);
  REQUIRE(said.out.find("below") != std::string::npos);
}

TEST_CASE("train_vit goes on from its checkpoint as if it had never stopped") {
  const Images images;
  REQUIRE(images.train("whole", {"--epochs", "2", "--crop", "0.5"}).status == 0);
  // The schedule hangs on the number of epochs: the stop is a signal, not fewer of them.
  const Outcome stopped = images.train("parts", {"--epochs", "2", "--crop", "0.5", "--stop-after", "3"});
  INFO(stopped.out << stopped.err);
  REQUIRE(stopped.status == 0);
  const fs::path whole = images.out("whole"), parts = images.out("parts");
  REQUIRE(read_bytes(whole / "checkpoint.safetensors") != read_bytes(parts / "checkpoint.safetensors"));
  REQUIRE(images.train("parts", {"--epochs", "2", "--crop", "0.5", "--resume"}).status == 0);
  REQUIRE(read_bytes(whole / "checkpoint.safetensors") == read_bytes(parts / "checkpoint.safetensors"));
  REQUIRE(read_bytes(whole / "model.safetensors") == read_bytes(parts / "model.safetensors"));
}

TEST_CASE("train_vit goes on teaching a model that it is given") {
  const Images images;
  REQUIRE(images.train("first", {"--epochs", "2"}).status == 0);
  const fs::path first = images.out("first"), more = images.out("more");
  const Outcome outcome = images.train("more", {"--from", first.string(), "--epochs", "1"});
  INFO(outcome.out << outcome.err);
  REQUIRE(outcome.status == 0);
  REQUIRE(read_bytes(first / "config.json") == read_bytes(more / "config.json"));
  REQUIRE(read_bytes(first / "model.safetensors") != read_bytes(more / "model.safetensors"));
  const Outcome nowhere = images.train("z", {"--from", "/nowhere"});
  REQUIRE(nowhere.status == 1);
  REQUIRE(nowhere.err.find("/nowhere/config.json") != std::string::npos);
}

TEST_CASE("train_vit says what is wrong") {
  const Images images;
  const Outcome outcome = run_program(
      "train_vit", {"--data", "/nowhere", "--validation", images.held_out, "--out", images.out("x")});
  REQUIRE(outcome.status == 1);
  REQUIRE(outcome.err.find("/nowhere") != std::string::npos);
  const auto check = [](const Outcome& made, const std::string& wrong) {
    INFO(made.err);
    REQUIRE(made.status == 1);
    REQUIRE(made.err.find(wrong) != std::string::npos);
  };
  check(run_program("train_vit", {"--data", images.training, "--validation", images.held_out, "--out",
                                  images.out("y"), "--size", "8", "--width", "100", "--heads", "3"}),
        "hidden_size 100 is no multiple of num_attention_heads 3");
  REQUIRE_FALSE(fs::exists(images.out("y")));
  REQUIRE(images.train("z", {"--stop-after", "1"}).status == 0);
  check(images.train("z", {}), "is there already");
  check(images.train("c", {"--crop", "0"}), "crop_area: from 0 to 1");
  fs::rename(fs::path(images.held_out) / "below", fs::path(images.held_out) / "under");
  check(images.train("w", {}), "class folders above, under, the model has above, below");
}
