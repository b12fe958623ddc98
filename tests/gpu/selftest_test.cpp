#include "gpu/selftest.h"

#include <bit>
#include <catch2/catch_test_macros.hpp>
#include <set>

#include "gpu/environment.h"
#include "shaders/selftest.h"
#include "support/check.h"

using namespace fovea;
using namespace fovea::test;

namespace {

// The words of a device without fault: two subgroups of two lanes, worked out by hand for x = 500, 502, 600,
// 400.
const std::vector<uint32_t> kValues = {500, 502, 600, 400};
uint32_t bits(float value) { return std::bit_cast<uint32_t>(value); }
std::vector<uint32_t> faultless() {
  return {1501, 2,       0,        1504, 1002,    502,     502,  bits(1), bits(1), 1507, 2,       1,
          1504, 1002,    502,      500,  bits(1), bits(1), 1801, 2,       0,       1400, 1000,    600,
          400,  bits(0), bits(50), 1201, 2,       1,       1400, 1000,    600,     600,  bits(0), bits(50)};
}

bool says(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a faultless device passes its self-test") {
  const SelfTest result = judge_selftest(kValues, faultless(), 2);
  CHECK(result.memory == "");
  CHECK(result.subgroup == "");
}

TEST_CASE("every wrong word is found and named") {
  const std::vector<std::string> names = {
      "stored word", "gl_SubgroupSize", "gl_SubgroupInvocationID", "subgroupBroadcast",  "subgroupAdd",
      "subgroupMax", "subgroupShuffle", "subgroupAdd (float)",     "subgroupMax (float)"};
  REQUIRE(names.size() == kSelftestWords);
  for (size_t at = 0; at < faultless().size(); ++at) {
    std::vector<uint32_t> words = faultless();
    words[at] ^= 1;
    const SelfTest result = judge_selftest(kValues, words, 2);
    const size_t word = at % kSelftestWords;
    CHECK(result.memory.empty() == (word != 0));
    CHECK(result.subgroup.empty() == (word == 0));
    CHECK(says(word == 0 ? result.memory : result.subgroup,
               names[word] + " at lane " + std::to_string(at / kSelftestWords)));
  }
}

TEST_CASE("a driver that runs another subgroup size than it says is found") {
  CHECK(says(judge_selftest(kValues, faultless(), 4).subgroup, "gl_SubgroupSize at lane 0: 2, expected 4"));
}

TEST_CASE("no two lanes of the self-test read the same value") {
  const std::vector<uint32_t> values = selftest_values(4 * 64 * kSelftestGroups);
  CHECK(std::set<uint32_t>(values.begin(), values.end()).size() == values.size());
}

TEST_CASE("without usable subgroup operations a workgroup is one lane wide") {
  DeviceInfo info;
  info.limits.subgroup = 32;
  info.capabilities = {{.name = "subgroup", .advertised = true}, {.name = "timestamps", .advertised = true}};
  settle(info, "timestamps", "a step took 1e9 ms");
  CHECK(info.limits.subgroup == 32);
  CHECK(!info.capabilities[1].usable());
  settle(info, "subgroup", "");
  CHECK(info.capabilities[0].usable());
  CHECK(info.limits.subgroup == 32);
  settle(info, "subgroup", "subgroupAdd at lane 0: 3, expected 4");
  CHECK(!info.capabilities[0].usable());
  CHECK(says(info.capabilities[0].note, "subgroupAdd"));
  CHECK(info.limits.subgroup == 1);
}

TEST_CASE("this device passes") {
  const SelfTest result = run_selftest(device().gpu());
  CHECK(result.memory == "");
  CHECK(result.subgroup == "");
  CHECK(result.timestamps == "");
  for (const Capability& each : device().info().capabilities) CHECK(each.tested == each.advertised);
  CHECK(device().validation_messages().empty());
}
