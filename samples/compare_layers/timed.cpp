#include "timed.h"

#include <algorithm>
#include <chrono>

using namespace fovea;

namespace {

constexpr double kLeast = 2;         // milliseconds: what takes less is run several times in one submission
constexpr uint32_t kMostTimes = 16;  // as many as a plan takes

double milliseconds(Plan& plan, uint32_t times) {
  const auto begin = std::chrono::steady_clock::now();
  plan.submit({.times = times});
  plan.wait();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

Tensor Timed::input(const Shape& shape) {
  inputs.push_back(graph->input(shape));
  return inputs.back();
}

void Timed::make(Device& device, Tensor y, uint64_t seed) {
  plan.emplace(device, *graph, std::vector{y});
  for (const Tensor& each : inputs) plan->write(each, random_floats(each.shape().elements(), seed++));
}

double Timed::median() const {
  std::vector<double> sorted = runs;
  std::ranges::sort(sorted);
  return sorted[sorted.size() / 2];
}

void run_in_turn(std::vector<Timed>& all, int64_t runs) {
  std::vector<uint32_t> times;
  for (Timed& each : all) {
    milliseconds(*each.plan, 1);  // the first run is slower
    times.push_back(uint32_t(std::clamp(kLeast / milliseconds(*each.plan, 1), 1.0, double(kMostTimes))));
  }
  for (int64_t run = 0; run < runs; ++run)
    for (size_t i = 0; i < all.size(); ++i)
      all[i].runs.push_back(milliseconds(*all[i].plan, times[i]) / double(times[i]));
}
