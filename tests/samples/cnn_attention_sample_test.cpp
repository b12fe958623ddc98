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
  CHECK((drawn.width > 8 * 128 + 50 && drawn.height > 4 * 128 + 10));  // with the names of rows and columns
  CHECK(CnnGate(device(), (folder.path() / "cnn_gate").string()).config().gate);
  CHECK(SeResNet(device(), (folder.path() / "se_resnet").string()).config().labels.size() == 4);
}

TEST_CASE("cnn_attention trains on folders of class folders") {
  const TemporaryFolder folder;
  const auto write_classes = [](const std::filesystem::path& directory) {
    for (const char* name : {"dark", "light"})
      for (int i = 0; i < 6; ++i) {
        std::filesystem::create_directories(directory / name);
        const uint8_t shade = uint8_t((name[0] == 'd' ? 0 : 200) + 5 * i);
        write_png(directory / name / concat(i, ".png"), {32, 32, std::vector<uint8_t>(3 * 32 * 32, shade)});
      }
  };
  const std::string data = (folder.path() / "classes").string(), tree = (folder.path() / "tree").string();
  write_classes(data);
  std::filesystem::create_directories(tree);
  const auto fails = [&](const std::string& directory, const std::string& why) {
    const Outcome got = learn({"--data", directory});
    CHECK(got.status == 1);
    CHECK(contains(got.err, directory + why));
  };
  fails(tree, ": has no folder train and no val or test;");
  write_classes(tree + "/train");
  fails(tree, ": has no folder val or test;");
  write_classes(tree + "/test");
  const Outcome whole = learn({"--data", tree});
  INFO(whole.out << whole.err);
  REQUIRE(whole.status == 0);
  CHECK(contains(whole.out, "2 classes, 1 batches of 8 an epoch"));
  fails(data + "/nowhere", ": no such folder");
  CHECK(learn({"--validation", data}).status == 2);
  const Outcome got = learn({"--data", data, "--validation", data});
  INFO(got.out << got.err);
  REQUIRE(got.status == 0);
  CHECK(contains(got.out, "2 classes, 1 batches of 8 an epoch"));
  CHECK(!contains(got.out, "on the patch"));
  const Outcome nowhere = learn({"--data", data + "/nowhere", "--validation", data});
  CHECK(nowhere.status == 1);
  CHECK(contains(nowhere.err, "nowhere"));
}
