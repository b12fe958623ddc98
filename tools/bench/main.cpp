// bench: how fast the kernels are, as times and as fractions of what the device can do.
// Between any two runs of a case stand two probes, multiply-adds and a copy; each run is compared with those
// beside it and the median is shown: other work on the machine slows both.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "measure.h"
#include "train.h"
#include "translate.h"

namespace {

using namespace fovea;
using namespace fovea::bench;

constexpr const char* kFooter = R"(Shapes:
  gemm            MxKxN                          (m, k) x (k, n), the right operand packed as weights are
  attention       HEADSxTOKENS[xKEYS]xHEAD_DIM   softmax(q k^T) v
  attention_grad  HEADSxTOKENSxHEAD_DIM          gradients of q, k and v from what is kept of it
  layer_norm      ROWSxCOLUMNS
  ffn             TOKENSxWIDTHxHIDDEN            down(gelu(up(x))) + x with biases
  permute         BATCHxTOKENSxHEADSxHEAD_DIM    a copy that brings the heads to the front
  concat          ROWSxCOLUMNS                   three of them, side by side
  transpose       ROWSxCOLUMNS
  copy            permute, concat and transpose
  vit             a model directory, batch 1, whole forward pass
  translate       64 lines, greedy, one by one and together: sentences, tokens, submissions and waits of a run
  train           a training step of the textbook's Transformer: width 32, 2 + 2 layers, 64 pairs
  replay          the calling thread's time in Plan::submit() for one small dispatch

Without cases the speed table is run. Times are of Plan::run() by the host's clock. A short case stands
several times in a plan, each waiting for the one before ("repeats"), and its time is divided. FLOPs: 2 m k n
of every product, 8 an element of layer_norm; bytes: operands and results of each op once. A copy counts what
it reads and what it writes. The peak is that of a probe with 16 accumulators a lane and 4 steps a turn of
its loop; --peak chooses a shorter or a longer loop, or the fastest of all, and the heading shows them.
With --json every case is one object on a line.
Exit status: 0, 1 after an error, 2 for wrong usage.)";

struct Options {
  std::vector<std::string> names;
  std::string shape, model, lines, device, peak = "16x4";
  int runs = 10;
  bool json = false;
};

struct WrongUsage {
  std::string message;
};

// The first of the places that exists, seen from the working folder or from the project that the program was
// built in.
std::string find_near(const char* program, const std::vector<const char*>& places) {
  namespace fs = std::filesystem;
  std::error_code error;
  std::vector<fs::path> roots{fs::current_path(error)};
  const fs::path own = fs::weakly_canonical(program, error);
  for (fs::path folder = own.parent_path(); folder.has_relative_path(); folder = folder.parent_path())
    roots.push_back(folder);
  for (const fs::path& root : roots)
    for (const char* place : places)
      if (fs::exists(root / place, error)) return (root / place).string();
  return {};
}

std::string find_model(const char* program) {
  const std::string settings = find_near(
      program, {"samples/models/vit/config.json", "../shared/models/deit-tiny-patch16-224/config.json"});
  return std::filesystem::path(settings).parent_path().string();
}

void run_train(const Options& options) {
  Device device({.name = options.device});
  if (!options.json) fmt::print("{}\n", device.info().name);
  measure_train(device, {options.runs, options.json});
}

void run_translate(const Options& options, const char* program) {
  TranslateCase what{options.model, options.lines, options.runs, options.json};
  if (what.model.empty()) what.model = find_near(program, {"../shared/models/aren-transliteration"});
  if (what.lines.empty()) what.lines = find_near(program, {"../shared/data/ar2en/ar2en-eval.txt"});
  if (what.model.empty() || what.lines.empty()) throw Error("translate: give --model DIR and --lines FILE");
  Device device({.name = options.device});
  if (!options.json) fmt::print("{}, {}\n", device.info().name, what.model);
  measure_translate(device, what);
}

std::vector<Ask> asked_cases(const Options& options) {
  std::vector<std::string> names = options.names;
  if (names.empty()) names = {"gemm", "attention", "attention_grad", "layer_norm", "ffn", "vit", "replay"};
  if (!options.shape.empty()) {
    if (options.names.size() != 1) throw WrongUsage{"--shape needs exactly one case"};
    if (!shape_usage(names[0])) throw WrongUsage{names[0] + " takes no --shape"};
    const auto sizes = parse_shape(names[0], options.shape);
    const char* usage = shape_usage(names[0]);
    if (!sizes) throw WrongUsage{fmt::format("--shape {}: {} takes {}", options.shape, names[0], usage)};
    return {{names[0], *sizes}};
  }
  const auto copy = std::find(names.begin(), names.end(), "copy");
  if (copy != names.end()) names.insert(names.erase(copy), {"permute", "concat", "transpose"});
  std::vector<Ask> asks;
  for (const std::string& name : names) {
    if (!shape_usage(name)) asks.push_back({name, {}});
    for (const Ask& ask : standard_cases(name)) asks.push_back(ask);
  }
  return asks;
}

void print_heading() {
  fmt::print("{:<15}{:<17}{:>7}{:>6}{:>11} {:<22}{:>9}{:>9}{:>8}{:>9}\n", "case", "shape", "repeats", "runs",
             "median ms", "(min .. max)", "GFLOP/s", "of peak", "GB/s", "of copy");
}

void print_row(const Measurement& m) {
  fmt::print("{:<15}{:<17}{:>7}{:>6}{:>11.4f} {:<22}", m.name, m.shape, m.repeats, m.runs, m.median_ms,
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

void measure_all(const Options& options, const std::vector<Ask>& asks, const std::string& model) {
  Device device({.name = options.device});
  Probes probes(device, options.peak);
  const DeviceInfo& info = device.info();
  if (!options.json) {
    fmt::print("{} ({}, {} {}), kernels for {}; {}\n", info.name, info.type, info.driver, info.driver_version,
               name(info.limits.kernels), probes.print());
    print_heading();
  }
  for (const Ask& ask : asks) {
    if (ask.name == "vit" && model.empty()) {
      fmt::print(stderr, "bench: vit is left out, no model found (--model DIR)\n");
      continue;
    }
    const auto made = [&] {
      return ask.name == "vit" ? make_vit_case(device, model) : make_case(device, ask);
    };
    const Measurement m = ask.name == "replay" ? measure_replay(device, probes, options.runs)
                                               : measure(device, probes, *made(), options.runs);
    options.json ? print_json(m, info.name) : print_row(m);
    std::fflush(stdout);
  }
  const std::vector<std::string> complaints = device.validation_messages();
  if (!complaints.empty()) throw Error("validation: " + complaints.front());
}

int bench_main(int count, char** words) {
  Options options;
  CLI::App app{"Measures Fovea's kernels on one device."};
  app.footer(kFooter);
  app.add_option("case", options.names,
                 "gemm, attention, attention_grad, layer_norm, ffn, vit, replay; default: all these; or copy "
                 "or translate or train")
      ->check(CLI::IsMember({"gemm", "attention", "attention_grad", "layer_norm", "ffn", "permute", "concat",
                             "transpose", "copy", "vit", "replay", "translate", "train"}));
  app.add_option("--shape", options.shape, "sizes of the one case given");
  app.add_option("--model", options.model,
                 "Hugging Face ViT or DeiT directory for vit; any model for translate");
  app.add_option("--lines", options.lines, "file of sources for translate");
  app.add_option("--device", options.device, "index or part of the name of the device");
  app.add_option("--runs", options.runs, "least runs of a case")
      ->check(CLI::Range(10, 100000))
      ->capture_default_str();
  app.add_option("--peak", options.peak,
                 "multiply-add probe: accumulators x steps of its loop, or the faster")
      ->check(CLI::IsMember({"best", "16x1", "16x4", "12x32"}))
      ->capture_default_str();
  app.add_flag("--json", options.json, "one JSON object per case on a line");
  try {
    app.parse(count, words);
    const auto& names = options.names;
    for (const char* alone : {"translate", "train"}) {  // they have tables of their own
      if (std::find(names.begin(), names.end(), alone) == names.end()) continue;
      if (names.size() != 1 || !options.shape.empty())
        throw WrongUsage{fmt::format("{} goes with no other case or shape", alone)};
      names[0] == "train" ? run_train(options) : run_translate(options, words[0]);
      return 0;
    }
    const std::vector<Ask> asks = asked_cases(options);
    const std::string model = options.model.empty() ? find_model(words[0]) : options.model;
    const bool must_find = std::find(names.begin(), names.end(), "vit") != names.end();
    if (must_find && model.empty()) throw Error("vit: no model found; give one with --model DIR");
    measure_all(options, asks, model);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const WrongUsage& wrong) {
    fmt::print(stderr, "bench: {}\nRun with --help for more information.\n", wrong.message);
    return 2;
  }
  return 0;
}

}  // namespace

int main(int count, char** words) {
  try {
    return bench_main(count, words);
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench: {}\n", error.what());
    return 1;
  }
}
