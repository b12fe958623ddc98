#include "gpu/selftest.h"

#include <algorithm>
#include <array>
#include <bit>
#include <numeric>

#include "core/check.h"
#include "gpu/capabilities.h"
#include "gpu/gpu.h"
#include "gpu/profile.h"
#include "gpu/recorder.h"
#include "shaders/selftest.h"

namespace fovea {
namespace {

constexpr uint32_t kFactor = 3;
constexpr std::array<const char*, kSelftestWords> kWordNames = {
    "stored word", "gl_SubgroupSize", "gl_SubgroupInvocationID", "subgroupBroadcast",  "subgroupAdd",
    "subgroupMax", "subgroupShuffle", "subgroupAdd (float)",     "subgroupMax (float)"};

// What the shader must write for one lane of a subgroup that read these values.
std::array<uint32_t, kSelftestWords> expected(std::span<const uint32_t> values, uint32_t lane) {
  const auto size = static_cast<uint32_t>(values.size());
  uint32_t spread = 0;
  float sum = 0, largest = -1000;
  for (uint32_t j = 0; j < size; ++j) {
    const float half = (static_cast<float>(values[j]) - 500) * 0.5f;
    spread += (j + 1) * values[j];
    sum += half;
    largest = std::max(largest, half);
  }
  return {kFactor * values[lane] + 1,
          size,
          lane,
          spread,
          std::accumulate(values.begin(), values.end(), 0u),
          *std::max_element(values.begin(), values.end()),
          values[size - 1 - lane],
          std::bit_cast<uint32_t>(sum),
          std::bit_cast<uint32_t>(largest)};
}

// One dispatch of kSelftestGroups workgroups, timed.
SelfTest run(Gpu& gpu, uint32_t lanes) {
  const std::vector<uint32_t> values = selftest_values(lanes * kSelftestGroups);
  std::vector<uint32_t> words(values.size() * kSelftestWords, 0xdeadbeef);
  const Buffer x(gpu, values.size() * 4, MemoryKind::device, "self-test input");
  const Buffer y(gpu, words.size() * 4, MemoryKind::device, "self-test output");
  gpu.memory().write(x, 0, std::as_bytes(std::span(values)));
  gpu.memory().write(y, 0, std::as_bytes(std::span(words)));

  const Timestamps timestamps(gpu, 1);
  const Commands commands(gpu);
  commands.begin();
  timestamps.reset(commands.handle());
  Recorder recorder(gpu, commands.handle(), timestamps.pool());
  const Span from{&x, 0, x.bytes()}, to{&y, 0, y.bytes()};
  const SelftestParams params{kFactor};
  recorder.enter();
  recorder.begin_step("selftest");
  recorder.dispatch({.kernel = "selftest",
                     .groups = {kSelftestGroups},
                     .lanes = lanes,
                     .reads = {{"x", from}},
                     .writes = {{"y", to}}},
                    std::as_bytes(std::span(&params, 1)));
  recorder.end_step();
  recorder.leave();
  commands.end();
  gpu.wait(gpu.submit({commands.handle()}));

  gpu.memory().read(y, 0, std::as_writable_bytes(std::span(words)));
  SelfTest result = judge_selftest(values, words, gpu.physical().subgroup);
  if (timestamps.pool()) result.timestamps = timestamps.fault();
  return result;
}

}  // namespace

std::vector<uint32_t> selftest_values(uint32_t lanes) {
  std::vector<uint32_t> values(lanes);
  for (uint32_t i = 0; i < lanes; ++i)
    values[i] = (i * 389 + 71) % 1009;  // 1009 is prime: no two lanes agree
  return values;
}

SelfTest judge_selftest(std::span<const uint32_t> values, std::span<const uint32_t> words,
                        uint32_t subgroup) {
  SelfTest result;
  for (uint32_t i = 0; i < values.size(); ++i) {
    const uint32_t lane = i % subgroup;
    const auto want = expected(values.subspan(i - lane, subgroup), lane);
    for (uint32_t w = 0; w < kSelftestWords; ++w) {
      const uint32_t got = words[i * kSelftestWords + w];
      std::string& finding = w == 0 ? result.memory : result.subgroup;
      if (got == want[w] || !finding.empty()) continue;
      finding = w < 7 ? concat(kWordNames[w], " at lane ", i, ": ", got, ", expected ", want[w])
                      : concat(kWordNames[w], " at lane ", i, ": ", std::bit_cast<float>(got), ", expected ",
                               std::bit_cast<float>(want[w]));
    }
  }
  return result;
}

SelfTest run_selftest(Gpu& gpu) {
  const uint32_t subgroup = gpu.physical().subgroup;
  SelfTest result = run(gpu, subgroup);
  // Kernels for CPU drivers fill a workgroup with one subgroup, those for GPUs with several.
  const uint32_t several = std::min(4 * subgroup, gpu.limits().max_workgroup_lanes / subgroup * subgroup);
  const bool passed = result.memory.empty() && result.subgroup.empty();
  if (gpu.limits().kernels == KernelClass::cpu || !passed) return result;
  SelfTest wide = run(gpu, several);
  if (!wide.subgroup.empty()) wide.subgroup += concat(" (in a workgroup of ", several, ")");
  if (wide.timestamps.empty()) wide.timestamps = result.timestamps;
  return wide;
}

std::string run_optional_selftest(Gpu& gpu, const CapabilityRow& row) {
  constexpr uint32_t kWords = 32;
  std::vector<uint32_t> x(kWords), y(2 * kWords);
  for (uint32_t i = 0; i < kWords; ++i) x[i] = 0x9e3779b9u * (i + 1);
  const Buffer from(gpu, x.size() * 4, MemoryKind::device, "self-test input");
  const Buffer to(gpu, y.size() * 4, MemoryKind::device, "self-test output");
  gpu.memory().write(from, 0, std::as_bytes(std::span(x)));
  const Commands commands(gpu);
  commands.begin();
  Recorder recorder(gpu, commands.handle());
  recorder.enter();
  recorder.dispatch({.kernel = concat("selftest_", row.name),
                     .lanes = gpu.physical().subgroup,
                     .reads = {{"x", {&from, 0, from.bytes()}}},
                     .writes = {{"y", {&to, 0, to.bytes()}}}},
                    {});
  recorder.leave();
  commands.end();
  gpu.wait(gpu.submit({commands.handle()}));
  gpu.memory().read(to, 0, std::as_writable_bytes(std::span(y)));
  for (uint32_t i = 0; i < 2 * kWords; ++i) {
    const uint32_t want = row.answer(x, i);
    if (y[i] != want) return concat("word ", i, ": ", y[i], ", expected ", want);
  }
  return {};
}

void settle(DeviceInfo& info, const std::string& capability, const std::string& finding) {
  Capability& each = find_capability(info.capabilities, capability);
  each.tested = each.advertised && finding.empty();
  each.note = finding;
  const CapabilityRow& row = capability_row(capability);
  if (row.limit != nullptr) row.limit(info.limits, each.usable());
}

}  // namespace fovea
