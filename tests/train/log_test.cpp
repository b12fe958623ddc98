#include <catch2/catch_test_macros.hpp>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>
#include <vector>

#include "fovea/train_log.hpp"
#include "support/temporary.h"

namespace fovea {
namespace {

using test::contains;
using test::read_bytes;
using test::rejection;
using test::TemporaryFolder;
using Json = nlohmann::json;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// What a terminal of so many columns shows after one step.
std::string bar(const TrainPoint& point, int columns) {
  std::ostringstream out;
  TrainLog log({.terminal = true, .out = &out, .columns = columns});
  log.step(point);
  return out.str();
}

TEST_CASE("train log: JSON lines at multiples of every, with the mean loss since the last one") {
  std::ostringstream out;
  TrainLog log({.terminal = false, .every = 4, .out = &out});
  for (int64_t step = 1; step <= 10; ++step)
    log.step({.step = step, .steps = 10, .epoch = 2, .loss = double(step), .rate = 3e-4, .norm = 1.0 / 3});
  log.validation({.epoch = 2, .step = 10, .measures = {{"loss", 2.5}, {"bleu", kNaN}}, .best = true});
  log.note("the \"end\"\n\xff");
  const std::vector<std::string> lines = lines_of(out.str());
  REQUIRE(lines.size() == 5);
  CHECK(lines[0] == R"({"step":4,"epoch":2,"loss":2.5,"rate":0.0003,"norm":0.333333,)"
                    R"("items_per_second":0,"seconds_left":0})");
  CHECK(Json::parse(lines[1])["step"] == 8);
  CHECK(Json::parse(lines[1])["loss"] == 6.5);
  CHECK(Json::parse(lines[2])["step"] == 10);  // the last one
  CHECK(Json::parse(lines[2])["loss"] == 9.5);
  CHECK(lines[3] == R"({"epoch":2,"step":10,"loss":2.5,"bleu":null,"best":true})");
  CHECK(lines[4] == "{\"note\":\"the \\\"end\\\"\\n\xEF\xBF\xBD\"}");
}

TEST_CASE("train log: steps that jump, a resumed training, a loss that is not finite") {
  std::ostringstream out;
  TrainLog log({.terminal = false, .every = 10, .out = &out});
  for (const int64_t step : {1009, 1013, 1019, 1021, 1047}) log.step({.step = step, .loss = 1});
  log.step({.step = 1060, .loss = kNaN});
  log.step({.step = 1070, .loss = 3});
  std::vector<int64_t> steps;
  for (const std::string& line : lines_of(out.str())) steps.push_back(Json::parse(line)["step"]);
  CHECK(steps == std::vector<int64_t>{1013, 1021, 1047, 1060, 1070});
  CHECK(Json::parse(lines_of(out.str())[3])["loss"].is_null());
  CHECK(Json::parse(lines_of(out.str())[4])["loss"] == 3);
}

TEST_CASE("train log: the file gets whole lines behind those it has, on a terminal, too") {
  const TemporaryFolder folder;
  const std::string file = folder.write("log.jsonl", "{\"step\":1}\n{\"st").string();
  for (const bool terminal : {true, false}) {
    std::ostringstream out;
    TrainLog log({.file = file, .terminal = terminal, .every = 1, .out = &out});
    log.step({.step = 7, .steps = 9});
    log.note("here");
    CHECK(contains(read_bytes(file), "\"step\":7"));  // flushed
    CHECK(contains(out.str(), "\"step\"") != terminal);
  }
  const std::vector<std::string> lines = lines_of(read_bytes(file));
  REQUIRE(lines.size() == 6);
  CHECK(lines[1] == "{\"st");
  for (const size_t i : {0, 2, 3, 4, 5}) CHECK(Json::accept(lines[i]));
}

TEST_CASE("train log: the bar takes what the rest leaves, and nothing goes beyond the last column but one") {
  const TrainPoint point{.step = 1200,
                         .steps = 9800,
                         .epoch = 3,
                         .loss = 2.34512,
                         .rate = 3e-4,
                         .norm = 1,
                         .items_per_second = 4512.3,
                         .seconds_left = 4329};
  CHECK(bar(point, 200) ==
        "\repoch 3  1200/9800 [===>                          ] "
        "loss 2.3451  rate 3.0e-04  4512/s  1:12:09 left");
  const std::string narrow = "\repoch 3  1200/9800  loss 2.3451  rate 3.0e-04  4512/s  1:12:09 left";
  CHECK(bar(point, int(narrow.size())) == narrow);
  CHECK(bar(point, int(narrow.size()) + 7) == narrow);
  const std::string shortest =
      "\repoch 3  1200/9800 [>     ] loss 2.3451  rate 3.0e-04  4512/s  1:12:09 left";
  CHECK(bar(point, int(shortest.size())) == shortest);
  CHECK(bar(point, 12) == "\repoch 3  12");
  CHECK(bar(point, 1) == "\re");
  CHECK(contains(bar({.step = 5, .steps = 5, .seconds_left = 59.7}, 99), "[==============================]"));
  CHECK(contains(bar({.step = 5, .steps = 5, .seconds_left = 59.7}, 80), "  1:00 left"));
  const std::string unknown = bar({.step = 9, .loss = kNaN, .norm = kNaN, .seconds_left = kNaN}, 80);
  CHECK(contains(unknown, "9/0 [>"));
  CHECK(unknown.ends_with("loss nan  rate 0.0e+00"));
}

TEST_CASE("train log: the bar is drawn seldom, and a last time before other lines and at the end") {
  std::ostringstream out;
  {
    TrainLog log({.terminal = true, .out = &out, .columns = 60});
    for (int64_t step = 1; step <= 1000; ++step) log.step({.step = step, .steps = 1000, .loss = 1});
    const std::string drawn = out.str();
    CHECK(std::ranges::count(drawn, '\r') >= 1);
    CHECK(std::ranges::count(drawn, '\r') < 100);  // a machine may sleep in between
    CHECK_FALSE(contains(drawn, "\n"));
    log.validation({.epoch = 1, .step = 1000, .measures = {{"bleu", 31.25}, {"loss", 1.5}}, .best = true});
    log.note("done");
    const std::vector<std::string> lines = lines_of(out.str());
    REQUIRE(lines.size() == 3);
    CHECK(contains(lines[0], "\repoch 0  1000/1000 [====="));
    CHECK(lines[1] == "epoch 1  step 1000  bleu 31.25  loss 1.5  best");
    CHECK(lines[2] == "done");
    log.step({.step = 1001, .steps = 1000, .loss = 1});
  }
  CHECK(contains(lines_of(out.str()).back(), "1001/1000"));
  CHECK(out.str().ends_with('\n'));
}

TEST_CASE("train log: what it rejects") {
  const TemporaryFolder folder;
  const std::string missing = (folder.path() / "no" / "log").string();
  CHECK(contains(rejection([&] { TrainLog({.file = missing}); }), missing + ": cannot open"));
  CHECK(contains(rejection([] { TrainLog({.every = 0}); }), "a line every 0 steps"));
  CHECK(contains(rejection([] { TrainLog({.columns = -1}); }), "-1 columns"));
  std::ostringstream out;
  TrainLog log({.terminal = false, .out = &out});
  for (const char* name : {"epoch", "step", "best", "twice"})
    CHECK(contains(rejection([&] { log.validation({.measures = {{"twice", 1}, {name, 2}}}); }), name));
  CHECK(out.str().empty());
#ifdef __linux__
  TrainLog full({.file = "/dev/full", .terminal = false, .out = &out});
  CHECK(contains(rejection([&] { full.note("x"); }), "/dev/full: cannot append 13 bytes"));
#endif
}

}  // namespace
}  // namespace fovea
