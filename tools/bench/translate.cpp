#include "translate.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/check.h"
#include "probe.h"

namespace fovea::bench {
namespace {

constexpr size_t kLines = 64;

std::vector<std::string> sources_of(const std::string& path) {
  std::vector<std::string> lines = read_lines(path);
  FOVEA_CHECK(!lines.empty(), path, ": 0 lines, at least 1 is needed");
  lines.resize(std::min(lines.size(), kLines));
  for (std::string& line : lines) line.resize(std::min(line.size(), line.find('\t')));
  return lines;
}

struct Rates {
  int64_t batch = 0;
  double seconds = 0;         // median of the runs
  TranslatorStatistics once;  // of one run
};

Rates measure_batch(Device& device, const TranslateCase& what, const std::vector<std::string>& lines,
                    int64_t batch) {
  Translator translator(device, what.model, {.batch = batch});
  Decoding greedy = translator.decoding();
  greedy.beams = greedy.n_best = 1;
  const TranslateOptions options{.decoding = greedy};
  translator.translate(lines, options);  // records the plans and compiles their kernels
  std::vector<double> seconds;
  const TranslatorStatistics before = translator.statistics();
  for (int run = 0; run < what.runs; ++run) {
    const double start = seconds_now();
    translator.translate(lines, options);
    seconds.push_back(seconds_now() - start);
  }
  TranslatorStatistics once = translator.statistics();
  const uint64_t runs = uint64_t(what.runs);
  once.sentences = (once.sentences - before.sentences) / runs;
  once.tokens = (once.tokens - before.tokens) / runs;
  once.steps = (once.steps - before.steps) / runs;
  once.submits = (once.submits - before.submits) / runs;
  once.waits = (once.waits - before.waits) / runs;
  return {batch, median(seconds), once};
}

void print_json(const Rates& r, const std::string& device, int runs) {
  const nlohmann::ordered_json line = {{"case", "translate"},
                                       {"device", device},
                                       {"batch", r.batch},
                                       {"runs", runs},
                                       {"median_ms", r.seconds * 1e3},
                                       {"sentences", r.once.sentences},
                                       {"tokens", r.once.tokens},
                                       {"sentences_per_second", double(r.once.sentences) / r.seconds},
                                       {"tokens_per_second", double(r.once.tokens) / r.seconds},
                                       {"steps", r.once.steps},
                                       {"submits", r.once.submits},
                                       {"waits", r.once.waits},
                                       {"cache_bytes", r.once.cache_bytes}};
  fmt::print("{}\n", line.dump());
}

}  // namespace

void measure_translate(Device& device, const TranslateCase& what) {
  const std::vector<std::string> lines = sources_of(what.lines);
  if (!what.json)
    fmt::print("{:<11}{:>6}{:>6}{:>11}{:>13}{:>11}{:>8}{:>9}{:>7}{:>13}\n", "case", "batch", "runs",
               "median ms", "sentences/s", "tokens/s", "steps", "submits", "waits", "cache bytes");
  for (const int64_t batch : {int64_t(1), int64_t(kLines)}) {
    const Rates r = measure_batch(device, what, lines, batch);
    if (what.json) {
      print_json(r, device.info().name, what.runs);
    } else {
      fmt::print("{:<11}{:>6}{:>6}{:>11.2f}{:>13.0f}{:>11.0f}{:>8}{:>9}{:>7}{:>13}\n", "translate", r.batch,
                 what.runs, r.seconds * 1e3, double(r.once.sentences) / r.seconds,
                 double(r.once.tokens) / r.seconds, r.once.steps, r.once.submits, r.once.waits,
                 r.once.cache_bytes);
    }
    std::fflush(stdout);
  }
}

}  // namespace fovea::bench
