#include <catch2/catch_test_macros.hpp>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "support/program.h"

using namespace fovea::test;

namespace {

Outcome bench(const std::string& arguments) {  // parted by spaces
  std::istringstream in(arguments);
  return run_program("bench", {std::istream_iterator<std::string>(in), {}});
}

// The objects of a run with --json, one a line.
std::vector<nlohmann::json> measured(const std::string& arguments) {
  const Outcome outcome = bench(arguments + " --json");
  INFO("printed: " << outcome.out << outcome.err);
  REQUIRE(outcome.status == 0);
  return outcome.objects();
}

void check_schema(const nlohmann::json& line) {
  INFO("line: " << line.dump());
  for (const char* key : {"case", "shape", "dtype", "device"}) {
    REQUIRE(line.at(key).is_string());
    REQUIRE_FALSE(line.at(key).get<std::string>().empty());
  }
  REQUIRE(line.at("dtype") == "f32");
  REQUIRE(line.at("runs").get<int>() >= 10);
  for (const char* key : {"median_ms", "min_ms", "max_ms", "gflops", "gbs", "peak_gflops", "copy_gbs"}) {
    REQUIRE(line.at(key).is_number());
    REQUIRE(line.at(key).get<double>() > 0);
  }
  REQUIRE(line.at("min_ms").get<double>() <= line.at("median_ms").get<double>());
  REQUIRE(line.at("median_ms").get<double>() <= line.at("max_ms").get<double>());
  REQUIRE(line.at("fraction_of_peak").get<double>() > 0);
  REQUIRE(line.at("fraction_of_peak").get<double>() < 1.5);
  REQUIRE(line.at("fraction_of_copy").get<double>() > 0);
}

}  // namespace

TEST_CASE("bench writes one JSON object a case") {
  for (const auto& [name, shape] : {std::pair("gemm", "16x32x64"), std::pair("attention", "2x9x12x8")}) {
    const std::vector<nlohmann::json> lines = measured(std::string(name) + " --shape " + shape);
    REQUIRE(lines.size() == 1);
    check_schema(lines[0]);
    REQUIRE(lines[0].at("case") == name);
    REQUIRE(lines[0].at("shape") == shape);
  }
}

TEST_CASE("bench measures memory-bound cases against the copy") {
  const std::vector<nlohmann::json> lines = measured("layer_norm --shape 33x100 --runs 12");
  REQUIRE(lines.size() == 1);
  check_schema(lines[0]);
  REQUIRE(lines[0].at("runs").get<int>() >= 12);
  REQUIRE(lines[0].at("fraction_of_copy").get<double>() < 1.5);
}

TEST_CASE("bench measures copies by their bytes alone") {
  const std::vector<nlohmann::json> lines = measured("permute --shape 2x9x3x8");
  REQUIRE(lines.size() == 1);
  REQUIRE(lines[0].at("case") == "permute");
  REQUIRE(lines[0].at("shape") == "2x9x3x8");
  REQUIRE(lines[0].at("gbs").get<double>() > 0);
  REQUIRE(lines[0].at("gflops").get<double>() == 0);
}

TEST_CASE("bench measures the way from a host's texels to a model's picture") {
  const std::vector<nlohmann::json> lines = measured("pixels --shape 41x30x16");
  REQUIRE(lines.size() == 1);
  REQUIRE(lines[0].at("case") == "pixels");
  REQUIRE(lines[0].at("shape") == "41x30x16");
  REQUIRE(lines[0].at("gbs").get<double>() > 0);
}

TEST_CASE("bench: wrong usage ends with status 2 and says what is wrong") {
  const std::pair<const char*, const char*> kWrong[] = {
      {"softmax", "softmax"},
      {"--shape 4x4x4", "exactly one case"},
      {"gemm ffn --shape 4x4x4", "exactly one case"},
      {"vit --shape 1x2", "no --shape"},
      {"gemm --shape 4x4", "MxKxN"},
      {"gemm --shape 4x0x4", "MxKxN"},
      {"gemm --shape 4x4x4x", "MxKxN"},
      {"attention --shape 1x8x6", "multiple of 4"},
      {"copy --shape 4x4", "no --shape"},
      {"permute --shape 4x4x4", "BATCHxTOKENSxHEADSxHEAD_DIM"},
      {"gemm --runs 9", "runs"},
      {"gemm --frames", "frames"},
      {"gemm vit", "vit: --model"},
      {"translate", "translate: --model"},
      {"translate --model x", "translate: --lines"},
      {"train gemm", "no other case"},
  };
  for (const auto& [arguments, part] : kWrong) {
    const Outcome outcome = bench(arguments);
    INFO(arguments << ": " << outcome.err);
    REQUIRE(outcome.status == 2);
    REQUIRE(outcome.err.find(part) != std::string::npos);
  }
}

TEST_CASE("bench: what it cannot do ends with status 1") {
  const Outcome outcome = bench("gemm --device no-such-device");
  INFO(outcome.err);
  REQUIRE(outcome.status == 1);
  REQUIRE(outcome.err.find("no-such-device") != std::string::npos);
}

TEST_CASE("bench --help explains the shapes") {
  const Outcome outcome = bench("--help");
  REQUIRE(outcome.status == 0);
  REQUIRE(outcome.out.find("HEADSxTOKENS[xKEYS]xHEAD_DIM") != std::string::npos);
}

TEST_CASE("bench measures a start without compiled kernels and one with them") {
  const auto lines = measured("start --model " FOVEA_SOURCE_DIR "/samples/models/vit");
  REQUIRE(lines.size() == 2);
  for (const nlohmann::json& line : lines) {
    CHECK(line.at("case") == "start");
    CHECK(line.at("device_ms").get<double>() > 0);
    CHECK(line.at("model_ms").get<double>() > line.at("device_ms").get<double>());
    CHECK(line.at("answer_ms").get<double>() > line.at("model_ms").get<double>());
    CHECK(line.at("kernels_bytes").get<int>() > 0);
  }
  CHECK(!lines[0].at("kernels_known").get<bool>());
  CHECK(lines[1].at("kernels_known").get<bool>());
  CHECK(bench("start").status == 2);
}
