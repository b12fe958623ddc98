#include "probe.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "cases.h"
#include "core/check.h"
#include "gpu/gpu.h"
#include "graph/launch.h"
#include "shaders/copy.h"
#include "shaders/peak.h"

namespace fovea::bench {
namespace {

constexpr double kProbeSeconds = 0.010;  // a run at least: the cost of a submission disappears in it
constexpr uint64_t kCopyBytes = 64u << 20;
constexpr uint32_t kCopyGroups = 2048;
constexpr float kFactor = 0.999f;

// A CPU driver is best fed with workgroups of one subgroup, a GPU with many large ones.
bool is_cpu(Device& device) { return device.info().type == "cpu"; }

uint32_t probe_lanes(Device& device) {
  const uint32_t subgroup = device.gpu().physical().subgroup;
  return is_cpu(device) ? subgroup : std::min(256u, device.info().limits.max_workgroup_lanes);
}

uint32_t peak_groups(Device& device) { return is_cpu(device) ? 64 : 4096; }

struct PeakShape {
  const char* name;
  uint32_t index, accumulators, steps;
};
constexpr PeakShape kPeakShapes[] = {{"16x1", 0, 16, 1}, {"16x4", 1, 16, 4}, {"12x32", 2, 12, 32}};

Plan peak_plan(Device& device, State& sums, const PeakShape& shape, uint32_t iterations) {
  const uint32_t lanes = probe_lanes(device), groups = peak_groups(device);
  Graph graph;
  const Tensor y = graph.add({.op = "peak", .shape = sums.shape(), .target = &sums, .launch = [=](Launch& k) {
                                k.dispatch({.kernel = "peak",
                                            .groups = {groups},
                                            .lanes = lanes,
                                            .constants = {{"kShape", shape.index}},
                                            .writes = {{"y", k.out()}}},
                                           PeakParams{iterations, kFactor});
                              }});
  return Plan(device, graph, {sink(y)});
}

// The closed form of the recurrence; a kernel that was optimised away or cut short cannot match it.
void check_peak(Device& device, const State& sums, const PeakShape& shape, uint32_t iterations) {
  const std::vector<float> got = sums.read();
  const double decay = std::pow(double(kFactor), double(shape.steps) * iterations);
  const double first_terms = shape.accumulators * (shape.accumulators - 1) / 2.0;
  for (size_t i = 0; i < got.size(); ++i) {
    const double x = 1 + double(i % probe_lanes(device)) / 64;
    const double limit = x * (1 - decay) / (1 - double(kFactor));
    const double want = shape.accumulators * (decay * x + limit) + decay * first_terms;
    FOVEA_CHECK(std::abs(got[i] - want) <= 2e-3 * want, "peak ", shape.name, ": lane ", i, " gives ", got[i],
                ", not ", want);
  }
}

// Copies `times` over one another: each waits for the one before.
Plan copy_plan(Device& device, const State& from, State& to, uint32_t fourfold, uint32_t times) {
  const uint32_t lanes = probe_lanes(device), quads = uint32_t(kCopyBytes / 16 / kCopyGroups);
  Graph graph;
  const Tensor x = graph.use(from);
  Tensor y;
  for (uint32_t i = 0; i < times; ++i)
    y = graph.add({.op = "copy", .inputs = {x}, .shape = to.shape(), .target = &to, .launch = [=](Launch& k) {
                     k.dispatch({.kernel = "copy",
                                 .groups = {kCopyGroups},
                                 .lanes = lanes,
                                 .constants = {{"kFourfold", fourfold}},
                                 .reads = {{"x", k.in()}},
                                 .writes = {{"y", k.out()}}},
                                CopyParams{quads});
                   }});
  return Plan(device, graph, {sink(y)});
}

}  // namespace

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t half = values.size() / 2;
  return values.size() % 2 ? values[half] : (values[half - 1] + values[half]) / 2;
}

double timed_run(Plan& plan) {
  const double start = seconds_now();
  plan.run();
  return seconds_now() - start;
}

double best_of(Plan& plan, int runs) {
  constexpr double kLong = 0.2;  // seconds; one run of such a plan says enough
  double best = timed_run(plan);
  while (runs-- > 0 && best < kLong) best = std::min(best, timed_run(plan));
  return best;
}

Tensor sink(Tensor x) {
  return x.graph->add({.op = "sink", .inputs = {x}, .shape = {1}, .launch = [](Launch&) {}});
}

Probe::Probe(std::string shape, double work_of_one, const Build& build) : shape_(std::move(shape)) {
  constexpr uint32_t kMost = 1u << 24;
  for (uint32_t amount = 1;;) {
    plan_.emplace(build(amount));
    work_ = work_of_one * amount;
    const double seconds = best_of(*plan_, 3);
    if (seconds >= kProbeSeconds || amount >= kMost) break;
    // At most eightfold: short runs say little.
    amount = uint32_t(std::ceil(amount * std::clamp(1.2 * kProbeSeconds / seconds, 1.2, 8.0)));
  }
}

Limit::Limit(std::vector<Probe> probes) : probes_(std::move(probes)), rates_(probes_.size()) {
  constexpr int kRounds = 11;
  std::vector<std::vector<double>> rates(probes_.size());
  for (int round = 0; round < kRounds; ++round)
    for (size_t i = 0; i < probes_.size(); ++i) rates[i].push_back(probes_[i].rate());
  for (size_t i = 0; i < probes_.size(); ++i) {
    rates_[i] = median(rates[i]);
    if (rates_[i] > rates_[best_]) best_ = i;
  }
}

std::string Limit::print() const {
  std::string text = fmt::format("{:.1f} ({}", rates_[best_], probes_[best_].shape());
  for (size_t i = 0; i < probes_.size(); ++i)
    if (i != best_) text += fmt::format("; {}: {:.1f}", probes_[i].shape(), rates_[i]);
  return text + ")";
}

Probes::Probes(Device& device, const std::string& peak_shape)
    : sums_(device, {int64_t(peak_groups(device)) * probe_lanes(device)}),
      from_(device, {int64_t(kCopyBytes / kElementBytes)}),
      to_(device, from_.shape()) {
  make_peak(device, peak_shape);
  make_copy(device);
}

void Probes::make_peak(Device& device, const std::string& shape_name) {
  std::vector<Probe> probes;
  for (const PeakShape& shape : kPeakShapes) {
    if (shape_name != "best" && shape_name != shape.name) continue;
    const double lanes = double(sums_.shape().elements());
    uint32_t iterations = 0;
    probes.emplace_back(shape.name, 2e-9 * lanes * shape.accumulators * shape.steps, [&](uint32_t amount) {
      iterations = amount;
      return peak_plan(device, sums_, shape, amount);
    });
    check_peak(device, sums_, shape, iterations);
  }
  peak_.emplace(std::move(probes));
}

void Probes::make_copy(Device& device) {
  const std::vector<float> values = random_values(from_.shape().elements(), 1);
  from_.write(values);
  std::vector<Probe> probes;
  for (const uint32_t fourfold : {0u, 1u}) {
    probes.emplace_back(fourfold ? "4 loads" : "1 load", 2e-9 * kCopyBytes,
                        [&](uint32_t times) { return copy_plan(device, from_, to_, fourfold, times); });
    FOVEA_CHECK(to_.read() == values, "copy: the copy differs from its source");
  }
  copy_.emplace(std::move(probes));
}

std::string Probes::print() const {
  return fmt::format("multiply-add peak {} GFLOP/s, copy {} GB/s", peak_->print(), copy_->print());
}

}  // namespace fovea::bench
