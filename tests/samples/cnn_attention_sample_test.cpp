// samples/cnn_attention in short: what it prints, leaves and draws; made pictures, and those of a folder.
#include <catch2/catch_test_macros.hpp>

#include "fovea/cnn.hpp"
#include "fovea/image.hpp"
#include "fovea/png.hpp"
#include "support/check.h"
#include "support/program.h"
#include "support/temporary.h"

using namespace fovea;
using namespace fovea::test;

namespace {

Outcome learn(std::vector<std::string> more) {
  std::vector<std::string> arguments{"--epochs", "1", "--batch", "8", "--width", "4", "--json"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return run_program("cnn_attention", arguments);
}

}  // namespace

TEST_CASE("cnn_attention trains three networks on pictures that it makes") {
  const TemporaryFolder folder;
  const Outcome got = learn({"--steps", "3", "--out", folder.path().string()});
  INFO(got.out << got.err);
  REQUIRE(got.status == 0);
  const nlohmann::json numbers = nlohmann::json::parse(got.lines().back());
  for (const char* name : {"cnn", "cnn with gates", "se_resnet"}) {
    const std::string key = name;
    const double accuracy = numbers[key + ": accuracy"].get<double>();
    CHECK((accuracy >= 0 && accuracy <= 1));
    CHECK(numbers[key + ": loss of the last epoch"].get<double>() > 0);
    CHECK(numbers[key + ": parameters"].get<int>() > 1000);
  }
  CHECK(numbers["gate of stage 1: on the patch, times elsewhere"].get<double>() > 0);
  const Image drawn = load_image(folder.path() / "gates.png");
  CHECK((drawn.width == 8 * 128 && drawn.height == 4 * 128));
  CHECK(CnnGate(device(), (folder.path() / "cnn_gate").string()).config().gate);
  CHECK(SeResNet(device(), (folder.path() / "se_resnet").string()).config().labels.size() == 4);
}

TEST_CASE("cnn_attention trains on a folder of class folders") {
  const TemporaryFolder folder;
  for (const char* name : {"dark", "light"})
    for (int i = 0; i < 6; ++i) {
      std::filesystem::create_directories(folder.path() / name);
      const uint8_t shade = uint8_t((name[0] == 'd' ? 0 : 200) + 5 * i);
      write_png(folder.path() / name / concat(i, ".png"), {32, 32, std::vector<uint8_t>(3 * 32 * 32, shade)});
    }
  const std::string data = folder.path().string();
  const Outcome got = learn({"--data", data, "--validation", data});
  INFO(got.out << got.err);
  REQUIRE(got.status == 0);
  CHECK(contains(got.out, "2 classes, 1 batches of 8 an epoch"));
  CHECK(!contains(got.out, "on the patch"));
  CHECK(learn({"--data", data}).status == 2);
  const Outcome nowhere = learn({"--data", data + "/nowhere", "--validation", data});
  CHECK(nowhere.status == 1);
  CHECK(contains(nowhere.err, "nowhere"));
}
