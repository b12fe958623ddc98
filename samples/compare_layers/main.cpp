// compare_layers: convolution, recurrence and self-attention over the same sequences, as the textbook's table
// has them (Zhang et al., Dive into Deep Learning, section 11.6.2), but measured.
//
//   compare_layers [--width 64] [--lengths 16 32 .. 4096] [--kernel 3] [--out DIR]
//
// Each layer makes n vectors of width d out of n such: a convolution of kernel k, a GRU, and self-attention
// of one head with its projections.
// * operations: multiply-adds, counted from the weights that the layers hold and the attention matrix they
//   make: k n d^2, 6 n d^2 (three gates that read input and state), and 4 n d^2 + 2 n^2 d (four projections,
//   two products of the matrix). Without projections the table's n^2 d is left.
// * steps: what has to be done one after the other; path: how many operations lie between the first input and
//   the last result, in the RNN its steps, else layers. Both are found by running layers, narrow ones, as
//   width changes neither: trace.h. What a position sums up counts as one operation, however much it is.
// * reach: results of one run that take on a NaN of the first input, of the layers that are timed.
// * time: the median of runs in turn.
// Then how all of these grow: the exponent of n over the longest lengths, beside the table's. It tells what a
// long input costs; the last part, what helps: weights that are never stored, and blocks of tokens.
//
// With --out: operations.png and time.png, over the length.
#include <algorithm>
#include <fovea/figure.hpp>

#include "findings.h"
#include "timed.h"
#include "trace.h"

using namespace fovea;

namespace {

constexpr int64_t kNarrow = 8;

int64_t formula(Kind kind, int64_t n, const Settings& settings) {
  const int64_t d = settings.width;
  if (kind == Kind::cnn) return settings.kernel * n * d * d;
  return kind == Kind::rnn ? 6 * n * d * d : 4 * n * d * d + 2 * n * n * d;
}

// Of one length, all kinds.
std::vector<Row> measure(Device& device, const Layers& layers, const Settings& settings, int64_t n) {
  std::vector<Timed> timed(kKinds.size());
  std::vector<Row> rows(kKinds.size());
  for (size_t i = 0; i < kKinds.size(); ++i) {
    const Kind kind = kKinds[i];
    const Tensor x = timed[i].input(layers.shape(kind, n)), y = layers(kind, x);
    timed[i].make(device, y, uint64_t(n));
    Plan& plan = *timed[i].plan;
    const Floats clean = random_floats(x.shape().elements(), uint64_t(n));
    plan.write(x, with_dye(kind, clean, n));
    plan.run();
    rows[i] = {.n = n,
               .operations = layers.multiply_adds(kind, n),
               .reach = dyed(kind, plan.read(y), n),
               .dispatches = plan.dispatches()};
    plan.write(x, clean);
  }
  run_in_turn(timed, settings.runs);
  for (size_t i = 0; i < kKinds.size(); ++i) rows[i].milliseconds = timed[i].median();
  return rows;
}

// A number of the table that must be as the textbook says.
void check(Sample& sample, const std::string& name, int64_t value, int64_t should_be) {
  sample.numbers[name] = value;
  if (value == should_be) return;
  sample.expected = false;
  fmt::print("  {} is {}, expected {}   NO\n", name, value, should_be);
}

void check_row(Sample& sample, const Settings& settings, Kind kind, const Row& row) {
  const int64_t side = settings.kernel / 2;  // positions that a convolution reads to the left
  const bool cnn = kind == Kind::cnn, rnn = kind == Kind::rnn;
  const std::string of = fmt::format("{} {}: ", name(kind), row.n);
  check(sample, of + "operations", row.operations, formula(kind, row.n, settings));
  check(sample, of + "steps", row.steps, rnn ? row.n : 1);
  check(sample, of + "path", row.path, cnn ? (row.n - 1 + side - 1) / side : rnn ? row.n : 1);
  check(sample, of + "reach", row.reach, cnn ? std::min(side + 1, row.n) : row.n);
  sample.numbers[of + "dispatches"] = row.dispatches;
  sample.numbers[of + "ms"] = row.milliseconds;
}

std::vector<Rows> measure_all(Sample& sample, Device& device, const Layers& layers,
                              const Settings& settings) {
  const Layers narrow(device, std::min(kNarrow, settings.width), settings.kernel, sample.seed);
  std::vector<Rows> all(kKinds.size());
  double worst = 0;
  fmt::print("{:>8}  {:<15}{:>15}{:>8}{:>8}{:>8}{:>12}{:>12}\n", "length", "layer", "operations", "steps",
             "path", "reach", "dispatches", "ms");
  for (const int64_t n : settings.lengths) {
    const std::vector<Row> rows = measure(device, layers, settings, n);
    for (size_t i = 0; i < kKinds.size(); ++i) {
      const Trace traced = trace(device, narrow, kKinds[i], n);
      worst = std::max(worst, traced.worst);
      Row row = rows[i];
      row.steps = traced.steps;
      row.path = traced.path;
      fmt::print("{:>8}  {:<15}{:>15}{:>8}{:>8}{:>8}{:>12}{:>12.4f}\n", n, name(kKinds[i]), row.operations,
                 row.steps, row.path, row.reach, row.dispatches, row.milliseconds);
      check_row(sample, settings, kKinds[i], row);
      all[i].push_back(row);
    }
  }
  sample.number("rounds and layers differ by, at most", worst, 0, 1e-5);
  return all;
}

void draw(const std::filesystem::path& out, const std::vector<Rows>& all) {
  std::vector<Series> operations, time;
  for (size_t i = 0; i < all.size(); ++i) {
    operations.push_back({.name = name(kKinds[i])});
    time.push_back({.name = name(kKinds[i])});
    for (const Row& row : all[i]) {
      operations.back().x.push_back(double(row.n));
      operations.back().y.push_back(double(row.operations));
      time.back().x.push_back(double(row.n));
      time.back().y.push_back(row.milliseconds);
    }
  }
  const auto plot = [&](const char* file, const std::vector<Series>& series, const std::string& ylabel) {
    show_plot(out / file, series, {.xlabel = "length", .ylabel = ylabel, .log_x = true, .log_y = true});
  };
  plot("operations.png", operations, "multiply-adds");
  plot("time.png", time, "milliseconds");
}

void add_options(Sample& sample, Settings& settings) {
  const CLI::Validator fours(
      [](std::string& text) { return std::stoll(text) % 4 == 0 ? "" : text + " is no multiple of 4"; }, "");
  const CLI::Validator odd(
      [](std::string& text) { return std::stoll(text) % 2 == 1 ? "" : text + " is even"; }, "");
  sample.app.add_option("--width", settings.width, "of all layers, a multiple of 4")
      ->check(CLI::Range(4, 256))
      ->check(fours)
      ->capture_default_str();
  sample.app.add_option("--lengths", settings.lengths, "two or more, each longer than the one before")
      ->check(CLI::Range(int64_t(2), Settings::kLongest))
      ->expected(2, 100)
      ->capture_default_str();
  sample.app.add_option("--kernel", settings.kernel, "positions a convolution reads, odd")
      ->check(CLI::Range(3, 255))
      ->check(odd)
      ->capture_default_str();
  sample.app.add_option("--runs", settings.runs, "whose median is the time")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
}

}  // namespace

int main(int argc, char** argv) {
  Sample sample("What convolution, recurrence and self-attention cost, from short sequences to long ones.");
  Settings settings;
  add_options(sample, settings);
  return sample.run(argc, argv, [&](Sample&) {
    if (!std::ranges::is_sorted(settings.lengths, std::less_equal()))
      throw CLI::ValidationError("--lengths", "each must be longer than the one before");
    Device device({.name = sample.device, .cache = cache_folder()});
    fmt::print("width {}, kernel {}, on {}\n", settings.width, settings.kernel, device.info().name);
    const Layers layers(device, settings.width, settings.kernel, sample.seed);
    const std::vector<Rows> all = measure_all(sample, device, layers, settings);
    show_growth(sample, all);
    show_crossover(sample, layers, all);
    show_long(sample, device, layers, settings, all);
    if (!sample.out.empty()) draw(sample.out, all);
  });
}
