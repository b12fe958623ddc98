#include "measure.h"

#include <algorithm>
#include <cmath>

namespace fovea::bench {
namespace {

constexpr double kRunSeconds = 0.005;  // of a run at least, by repetitions: a model submits that seldom, too
constexpr double kCaseSeconds = 1;     // of all runs of a case together,
constexpr double kWallSeconds = 10;    // unless the probes between them take this long
constexpr unsigned kMostRepeats = 256;

Plan compile(Device& device, const Case& the_case, unsigned repeats) {
  Graph graph;
  Tensor y;
  for (unsigned i = 0; i < repeats; ++i) y = the_case.step(graph, y);
  return Plan(device, graph, {sink(y)});
}

struct Repeated {
  unsigned repeats;
  double seconds;  // of a run, about
  Plan plan;
};

Repeated find_repeats(Device& device, const Case& the_case) {
  for (unsigned repeats = 1;;) {
    Plan plan = compile(device, the_case, repeats);
    const double seconds = best_of(plan, 5);
    if (seconds >= kRunSeconds || repeats >= kMostRepeats || !the_case.repeats())
      return {repeats, seconds, std::move(plan)};
    const double wanted = std::ceil(repeats * std::clamp(1.2 * kRunSeconds / seconds, 1.2, 16.0));
    repeats = std::min(kMostRepeats, unsigned(wanted));
  }
}

// What one run of each probe took at some moment.
struct Beside {
  double peak_seconds = 0, copy_seconds = 0;
};

// Long cases get long probes: both must meet the same interruptions.
Beside probe(Probes& probes, double seconds) {
  constexpr int kMostRuns = 8;
  const int runs = std::clamp(int(seconds / 0.02), 1, kMostRuns);
  Beside result;
  for (int i = 0; i < runs; ++i) {
    result.copy_seconds += probes.copy().seconds() / runs;
    result.peak_seconds += probes.peak().seconds() / runs;
  }
  return result;
}

struct Runs {
  std::vector<double> seconds, of_peak, of_copy, peak_rates, copy_rates;

  void add(Probes& probes, const Beside& before, double run_seconds, const Beside& after, const Work& work) {
    const double peak = probes.peak().work() * 2 / (before.peak_seconds + after.peak_seconds);
    const double copy = probes.copy().work() * 2 / (before.copy_seconds + after.copy_seconds);
    seconds.push_back(run_seconds);
    of_peak.push_back(work.flops * 1e-9 / run_seconds / peak);
    of_copy.push_back(work.bytes * 1e-9 / run_seconds / copy);
    peak_rates.push_back(peak);
    copy_rates.push_back(copy);
  }

  // work: of one of the repetitions that a run holds
  Measurement summary(const std::string& name, const std::string& shape, unsigned repeats,
                      const Work& work) const {
    const double middle = median(seconds) / repeats, scale = 1e3 / repeats;
    const auto [least, most] = std::minmax_element(seconds.begin(), seconds.end());
    return {.name = name,
            .shape = shape,
            .runs = int(seconds.size()),
            .repeats = repeats,
            .median_ms = 1e3 * middle,
            .min_ms = scale * *least,
            .max_ms = scale * *most,
            .gflops = work.flops * 1e-9 / middle,
            .gbs = work.bytes * 1e-9 / middle,
            .fraction_of_peak = median(of_peak),
            .fraction_of_copy = median(of_copy),
            .peak_gflops = median(peak_rates),
            .copy_gbs = median(copy_rates)};
  }
};

}  // namespace

Measurement measure(Device& device, Probes& probes, const Case& the_case, int least_runs) {
  Repeated repeated = find_repeats(device, the_case);
  const Work work = the_case.work * repeated.repeats;
  const double start = seconds_now();
  double total = 0;
  Runs runs;
  Beside before = probe(probes, repeated.seconds);
  const auto enough = [&] { return total >= kCaseSeconds || seconds_now() - start >= kWallSeconds; };
  while (int(runs.seconds.size()) < least_runs || !enough()) {
    const double seconds = timed_run(repeated.plan);
    const Beside after = probe(probes, repeated.seconds);
    runs.add(probes, before, seconds, after, work);
    total += seconds;
    before = after;
  }
  return runs.summary(the_case.name, the_case.shape, repeated.repeats, the_case.work);
}

Measurement measure_replay(Device& device, Probes& probes, int least_runs) {
  constexpr int64_t kElements = 64;
  constexpr int kReplays = 200;  // a run; its time is that of its median replay
  const Work work{double(kElements), 2.0 * kElementBytes * kElements};
  State x(device, {kElements});
  x.write(random_values(kElements, 1));
  Graph graph;
  Plan plan(device, graph, {scale(graph.use(x), 2)});
  Runs runs;
  Beside before = probe(probes, 0);
  for (int run = 0; run < least_runs; ++run) {
    std::vector<double> submits;
    for (int i = 0; i < kReplays; ++i) {
      const double start = seconds_now();
      plan.submit();
      submits.push_back(seconds_now() - start);
      plan.wait();
    }
    const Beside after = probe(probes, 0);
    runs.add(probes, before, median(submits), after, work);
    before = after;
  }
  return runs.summary("replay", std::to_string(kElements), 1, work);
}

}  // namespace fovea::bench
