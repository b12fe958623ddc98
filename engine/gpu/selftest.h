// Known-answer tests at device creation: advertised features are wrong on real drivers.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "fovea/device.hpp"

namespace fovea {

class Gpu;
struct CapabilityRow;

// What each capability's test found wrong; empty: it passed.
struct SelfTest {
  std::string memory;    // stores and loads by buffer address, copies between host and device
  std::string subgroup;  // size, order of lanes, broadcast, sum, maximum, shuffle
  std::string timestamps;
};

SelfTest run_selftest(Gpu& gpu);

// The finding of shaders/selftest_<name>.comp: what it writes, 64 words for 32, against the row's answer.
std::string run_optional_selftest(Gpu& gpu, const CapabilityRow& row);

// Input of shaders/selftest.comp, and the judgement of what it wrote: (values, kSelftestWords) words.
std::vector<uint32_t> selftest_values(uint32_t lanes);
SelfTest judge_selftest(std::span<const uint32_t> values, std::span<const uint32_t> words, uint32_t subgroup);

// Notes a test's finding, and what it means for the limits.
void settle(DeviceInfo& info, const std::string& capability, const std::string& finding);

}  // namespace fovea
