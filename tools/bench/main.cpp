// bench: how fast the kernels are, as times and as fractions of what the device can do.
//
//   bench [CASE..] [--shape SIZES] [--model DIR] [--device NAME] [--json] ..
//
// Between any two runs of a case stand two probes, multiply-adds and a copy; each run is compared with those
// beside it and the median is shown: other work on the machine slows both. --help tells the cases.
// Needs FOVEA_TRAINING.
#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "measure.h"
#include "options.h"
#include "start.h"
#include "train.h"
#include "translate.h"

namespace {

using namespace fovea;
using namespace fovea::bench;

void print_heading() {
  fmt::print("{:<19}{:<17}{:>7}{:>6}{:>11} {:<22}{:>9}{:>9}{:>8}{:>9}\n", "case", "shape", "repeats", "runs",
             "median ms", "(min .. max)", "GFLOP/s", "of peak", "GB/s", "of copy");
}

void print_row(const Measurement& m) {
  fmt::print("{:<19}{:<17}{:>7}{:>6}{:>11.4f} {:<22}", m.name, m.shape, m.repeats, m.runs, m.median_ms,
             fmt::format("({:.4f} .. {:.4f})", m.min_ms, m.max_ms));
  if (m.name == "replay") {
    fmt::print(" of the calling thread, in submit()\n");
  } else {
    fmt::print("{:>9.2f}{:>9.3f}{:>8.2f}{:>9.3f}\n", m.gflops, m.fraction_of_peak, m.gbs, m.fraction_of_copy);
  }
}

void print_json(const Measurement& m, const std::string& device) {
  nlohmann::ordered_json line;
  line["case"] = m.name;
  line["shape"] = m.shape;
  line["dtype"] = name(DType::f32);
  line["device"] = device;
  line["runs"] = m.runs;
  line["repeats"] = m.repeats;
  line["median_ms"] = m.median_ms;
  line["min_ms"] = m.min_ms;
  line["max_ms"] = m.max_ms;
  line["gflops"] = m.gflops;
  line["gbs"] = m.gbs;
  line["fraction_of_peak"] = m.fraction_of_peak;
  line["fraction_of_copy"] = m.fraction_of_copy;
  line["peak_gflops"] = m.peak_gflops;
  line["copy_gbs"] = m.copy_gbs;
  fmt::print("{}\n", line.dump());
}

Measurement measure_ask(Device& device, Probes& probes, const Ask& ask, const Options& options) {
  if (ask.name == "replay") return measure_replay(device, probes, options.runs);
  const Kind* kind = kind_of(ask.name);
  const auto made = kind ? kind->make(device, ask.sizes) : make_vit(device, options.model);
  return measure(device, probes, *made, options.runs);
}

void measure_all(Device& device, const std::vector<Ask>& asks, const Options& options) {
  Probes probes(device, options.peak);
  const DeviceInfo& info = device.info();
  if (!options.json) {
    fmt::print("{} ({}, {} {}), kernels for {}; {}\n", info.name, info.type, info.driver, info.driver_version,
               name(info.limits.kernels), probes.print());
    print_heading();
  }
  for (const Ask& ask : asks) {
    if (ask.name == "vit" && options.model.empty()) {
      fmt::print(stderr, "bench: vit is left out: it needs --model DIR\n");
      continue;
    }
    const Measurement m = measure_ask(device, probes, ask, options);
    options.json ? print_json(m, info.name) : print_row(m);
    std::fflush(stdout);
  }
  const std::vector<std::string> complaints = device.validation_messages();
  if (!complaints.empty()) throw Error("validation: " + complaints.front());
}

void run(const Options& options) {
  const bool translates = asks_for(options, "translate"), trains = asks_for(options, "train"),
             recurrent = asks_for(options, "train_rnn");
  const bool table = translates || trains || recurrent;
  if (asks_for(options, "start")) return measure_start({options.device, options.model, options.json});
  const std::vector<Ask> asks = table ? std::vector<Ask>() : asked_cases(options);
  Device device({.name = options.device});
  if (!asks.empty()) return measure_all(device, asks, options);
  if (!options.json) fmt::print("{}{}\n", device.info().name, translates ? ", " + options.model : "");
  if (trains || recurrent) return measure_train(device, {options.runs, options.json, recurrent});
  measure_translate(device, {options.model, options.lines, options.runs, options.json});
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Measures Fovea's kernels on one device.");
  Options options;
  add_options(app, options);
  try {
    app.parse(argc, argv);
    run(options);
    return 0;
  } catch (const CLI::ParseError& problem) {  // also what is found wrong with the options later on
    return app.exit(problem) == 0 ? 0 : 2;
  } catch (const std::exception& problem) {
    fmt::print(stderr, "bench: {}\n", problem.what());
    return 1;
  }
}
