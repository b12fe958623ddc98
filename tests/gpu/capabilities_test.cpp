#include "gpu/capabilities.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <set>

#include "gpu/environment.h"
#include "gpu/shaders.h"
#include "support/check.h"

using namespace fovea;
using namespace fovea::test;

namespace {

// A device that has all that any row asks for.
Evidence everything() {
  Evidence all = {
      .subgroup = ~VkSubgroupFeatureFlags(0), .host_memory = true, .timestamps = true, .debug_utils = true};
  for (const Feature& feature : required_features()) all.features.push_back(feature.name);
  for (const CapabilityRow& row : capability_rows()) {
    if (row.feature.name != nullptr) all.features.push_back(row.feature.name);
    if (row.extension != nullptr) all.extensions.push_back(row.extension);
  }
  return all;
}

// A chain with all features of the tables but one.
std::unique_ptr<FeatureChain> chain_without(const std::string& left_out) {
  auto chain = std::make_unique<FeatureChain>(everything().extensions);
  const auto enable = [&](const Feature& feature) {
    if (feature.name != nullptr && feature.name != left_out) chain->enable(feature);
  };
  for (const Feature& feature : required_features()) enable(feature);
  for (const CapabilityRow& row : capability_rows()) enable(row.feature);
  return chain;
}

bool advertises(std::vector<Capability> capabilities, const char* name) {
  return find_capability(capabilities, name).advertised;
}

}  // namespace

TEST_CASE("every capability has a name of its own, a reason to be there and a test that it names") {
  std::set<std::string> names;
  for (const CapabilityRow& row : capability_rows()) {
    INFO(row.name);
    CHECK(names.insert(row.name).second);
    CHECK(&capability_row(row.name) == &row);
    CHECK((row.feature.name != nullptr || row.extension != nullptr || row.offered != nullptr));
    CHECK(!(row.finding != nullptr && row.answer != nullptr));
    CHECK((find_shader(std::string("selftest_") + row.name) != nullptr) == (row.answer != nullptr));
  }
  check_rejects([] { capability_row("warp"); }, {"no capability", "warp"});
}

TEST_CASE("a capability that is disabled by its name has its limit off") {
  const Device whole;
  for (const CapabilityRow& row : capability_rows()) {
    INFO(row.name);
    const ScopedVariable variable("FOVEA_DISABLE", row.name);
    const Device opened;
    CHECK(!opened.gpu().usable(row.name));
    if (row.limit == nullptr) continue;
    Limits off = opened.info().limits;
    row.limit(off, false);
    CHECK(off == opened.info().limits);
    if (whole.gpu().usable(row.name)) CHECK(opened.info().limits != whole.info().limits);
  }
}

TEST_CASE("a device that has everything advertises everything, one that has nothing nothing") {
  const std::vector<Capability> all = advertised_capabilities(everything());
  const std::vector<Capability> none = advertised_capabilities({});
  REQUIRE(all.size() == capability_rows().size());
  REQUIRE(none.size() == all.size());
  for (size_t i = 0; i < all.size(); ++i) {
    INFO(all[i].name);
    CHECK(all[i].name == capability_rows()[i].name);
    CHECK(all[i].advertised);
    CHECK(!none[i].advertised);
  }
}

TEST_CASE("a feature that a chain lacks is no capability, whatever its test would say") {
  for (const CapabilityRow& row : capability_rows()) {
    INFO(row.name);
    if (row.feature.name == nullptr) continue;
    const std::unique_ptr<FeatureChain> chain = chain_without(row.feature.name);
    Evidence evidence = everything();
    evidence.features = features_in_chain(chain->head());
    CHECK(missing_feature(evidence.features).empty());

    DeviceInfo info;
    info.capabilities = advertised_capabilities(evidence);
    settle(info, row.name, "");
    CHECK(!find_capability(info.capabilities, row.name).usable());
    if (row.limit == nullptr) continue;
    Limits off = info.limits;
    row.limit(off, false);
    CHECK(off == info.limits);
  }
}

TEST_CASE("each operation that a subgroup capability needs is missed") {
  for (const VkSubgroupFeatureFlags bit :
       {VK_SUBGROUP_FEATURE_BASIC_BIT, VK_SUBGROUP_FEATURE_BALLOT_BIT, VK_SUBGROUP_FEATURE_ARITHMETIC_BIT,
        VK_SUBGROUP_FEATURE_SHUFFLE_BIT, VK_SUBGROUP_FEATURE_QUAD_BIT}) {
    Evidence evidence = everything();
    evidence.subgroup &= ~bit;
    CHECK(!advertises(advertised_capabilities(evidence), "quad"));
    CHECK(advertises(advertised_capabilities(evidence), "subgroup") == (bit == VK_SUBGROUP_FEATURE_QUAD_BIT));
  }
}

TEST_CASE("a row of a feature and an extension needs both") {
  const CapabilityRow row = {
      .name = "made_up", .feature = required_features()[0], .extension = "VK_EXT_made_up"};
  const Evidence both = {.features = {row.feature.name}, .extensions = {"VK_EXT_other", "VK_EXT_made_up"}};
  CHECK(advertised(row, both));
  CHECK(!advertised(row, {.extensions = both.extensions}));
  CHECK(!advertised(row, {.features = both.features, .extensions = {"VK_EXT_other"}}));
}

TEST_CASE("of an adopted device only what the host enabled is a capability") {
  for (const CapabilityRow& row : capability_rows()) {
    INFO(row.name);
    std::vector<Capability> capabilities = advertised_capabilities(everything());
    keep_enabled(capabilities, chain_without("")->head());
    CHECK(advertises(capabilities, row.name));
    if (row.feature.name == nullptr) continue;
    keep_enabled(capabilities, chain_without(row.feature.name)->head());
    CHECK(!advertises(capabilities, row.name));
  }
  // What the device itself lacks does not come back with a chain.
  std::vector<Capability> nothing = advertised_capabilities({});
  keep_enabled(nothing, chain_without("")->head());
  CHECK(std::none_of(nothing.begin(), nothing.end(), [](const Capability& c) { return c.advertised; }));
}

TEST_CASE("each required feature is missed by its name") {
  CHECK(missing_feature(features_in_chain(chain_without("")->head())).empty());
  for (const Feature& needed : required_features())
    CHECK(missing_feature(features_in_chain(chain_without(needed.name)->head())) == needed.name);
}

TEST_CASE("a shader of a capability that answers otherwise is found out") {
  Gpu& gpu = device().gpu();
  for (const CapabilityRow& row : capability_rows()) {
    INFO(row.name);
    if (row.answer == nullptr || !gpu.usable(row.name)) continue;
    CHECK(run_optional_selftest(gpu, row) == "");
    CapabilityRow other = row;
    other.answer = [](std::span<const uint32_t>, uint32_t) { return 7u; };
    const std::string finding = run_optional_selftest(gpu, other);
    CHECK(finding.find("word 0: ") == 0);
    CHECK(finding.find(", expected 7") != std::string::npos);
  }
}
