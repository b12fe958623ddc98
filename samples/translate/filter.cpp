#include "filter.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#ifdef _WIN32
#include <io.h>
#else
#include <unistd.h>
#endif

namespace {

bool is_terminal(std::FILE* file) {
#ifdef _WIN32
  return _isatty(_fileno(file)) != 0;
#else
  return isatty(fileno(file)) != 0;
#endif
}

}  // namespace

Filter::Filter(const Options& options)
    : options_(options),
      device_({.name = options.device, .cache = fovea::cache_folder()}),
      translator_(device_, options.model, {options.tokenizer, options.batch}),
      asked_(translate_options(options, translator_.decoding())),
      sources_(std::cin, "standard input"),
      targets_file_(options.targets),
      targets_(targets_file_, options.targets),
      output_(options) {}

bool Filter::run() {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point start = Clock::now();
  const bool progress = is_terminal(stderr);
  const size_t window = is_terminal(stdin) ? 1 : size_t(16 * options_.batch);
  for (std::vector<std::string> lines;; lines.clear()) {
    for (std::string line; lines.size() < window && sources_.next(line);) lines.push_back(line);
    if (lines.empty()) break;
    if (!options_.targets.empty()) {
      score(lines);
    } else {
      const std::vector<fovea::Translation> made = translator_.translate(lines, asked_);
      for (size_t i = 0; i < lines.size(); ++i) {
        output_.translation(lines[i], made[i], asked_.decoding->n_best);
        if (output_.wants_page() && !made[i].source.empty())
          output_.page(lines[i], translator_.attention(lines[i], made[i].outputs[0].tokens));
      }
    }
    output_.flush();
    const std::chrono::duration<double> time = Clock::now() - start;
    const double rate = double(output_.done()) / time.count();
    if (progress) fmt::print(stderr, "{} lines, {:.1f} lines/s \r", output_.done(), rate);
  }
  if (progress && output_.done() > 0) fmt::print(stderr, "\n");
  output_.finish();
  if (!options_.targets.empty()) check_targets();
  return sources_.all_good() && targets_.all_good();
}

// A pair with an empty source has no score, and one that is not UTF-8 becomes such a pair.
void Filter::score(const std::vector<std::string>& lines) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (std::string target; pairs.size() < lines.size() && targets_.next(target);)
    pairs.emplace_back(targets_.good() ? lines[pairs.size()] : "", target);
  const std::vector<fovea::Scored> scores = translator_.score(pairs);
  for (size_t i = 0; i < pairs.size(); ++i) output_.score(pairs[i].first, pairs[i].second, scores[i]);
}

void Filter::check_targets() {
  for (std::string line; targets_.next(line);) continue;
  if (sources_.count() != targets_.count())
    throw fovea::Error(fmt::format("{}: {} lines, {}: {} lines", sources_.name(), sources_.count(),
                                   targets_.name(), targets_.count()));
}
