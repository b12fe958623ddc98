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
#include <cmath>
#include <fovea/figure.hpp>
#include <numeric>

#include "../common/sample.h"
#include "timed.h"
#include "trace.h"

using namespace fovea;

namespace {

constexpr int64_t kNarrow = 8, kBlock = 64, kLongest = 8192, kLargest = 3;  // kLargest: lengths of a fit

struct Settings {
  int64_t width = 64, kernel = 3, runs = 9;
  std::vector<int64_t> lengths{16, 32, 64, 128, 256, 512, 1024, 2048, 4096};
};

struct Row {
  int64_t n = 0, operations = 0, steps = 0, path = 0, reach = 0;
  uint32_t dispatches = 0;
  double milliseconds = 0;
};
using Rows = std::vector<Row>;  // a length each

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

// The exponent of n that fits the longest lengths: the slope of logarithms, by least squares.
template <class Of>
double growth(const Rows& rows, const Of& of) {
  const size_t count = std::min(rows.size(), size_t(kLargest));
  double x = 0, y = 0, xx = 0, xy = 0;
  for (const Row& row : std::span(rows).last(count)) {
    const double at = std::log(double(row.n)), value = std::log(double(of(row)));
    x += at;
    y += value;
    xx += at * at;
    xy += at * value;
  }
  return (double(count) * xy - x * y) / (double(count) * xx - x * x);
}

void show_growth(Sample& sample, const std::vector<Rows>& all) {
  constexpr std::array<std::array<const char*, 3>, 3> kTable{
      {{"n^1, k n d^2", "1", "n^1, n / k"}, {"n^1, n d^2", "n^1", "n^1"}, {"n^2, n^2 d", "1", "1"}}};
  const Rows& first = all.front();
  const size_t count = std::min(first.size(), size_t(kLargest));
  fmt::print("\nGrowth from length {} to {}, and the textbook's\n{:<15}{:>26}{:>16}{:>22}{:>15}\n",
             first[first.size() - count].n, first.back().n, "layer", "operations", "steps", "path", "time");
  for (size_t i = 0; i < all.size(); ++i) {
    const double operations = growth(all[i], [](const Row& row) { return row.operations; });
    const double steps = growth(all[i], [](const Row& row) { return row.steps; });
    const double path = growth(all[i], [](const Row& row) { return row.path; });
    const double time = growth(all[i], [](const Row& row) { return row.milliseconds; });
    const auto cell = [](double exponent, const char* table) {
      return fmt::format("n^{:.2f} ({})", exponent, table);
    };
    fmt::print("{:<15}{:>26}{:>16}{:>22}{:>15}\n", name(kKinds[i]), cell(operations, kTable[i][0]),
               cell(steps, kTable[i][1]), cell(path, kTable[i][2]),
               cell(time, kKinds[i] == Kind::attention ? "n^2" : "n^1"));
    const std::string of = name(kKinds[i]);
    sample.numbers[of + ": growth of operations"] = operations;
    sample.numbers[of + ": growth of steps"] = steps;
    sample.numbers[of + ": growth of path"] = path;
    sample.numbers[of + ": growth of time"] = time;
  }
}

// The least length from which on self-attention multiplies more than the recurrent layer.
int64_t crossover_of_operations(const Layers& layers) {
  int64_t low = 1, high = kLongest;
  while (low < high) {
    const int64_t n = (low + high) / 2;
    const bool more = layers.multiply_adds(Kind::attention, n) > layers.multiply_adds(Kind::rnn, n);
    (more ? high : low) = more ? n : n + 1;
  }
  return low;
}

// The same of time, between the lengths that were measured; none: it is cheaper at the longest one.
std::optional<double> crossover_of_time(const Rows& rnn, const Rows& attention) {
  const auto ratio = [&](size_t i) { return std::log(attention[i].milliseconds / rnn[i].milliseconds); };
  size_t first = rnn.size();
  while (first > 0 && ratio(first - 1) > 0) --first;
  if (first == rnn.size()) return {};
  if (first == 0) return double(rnn[0].n);
  const double before = std::log(double(rnn[first - 1].n)), behind = std::log(double(rnn[first].n));
  return std::exp(before + (behind - before) * ratio(first - 1) / (ratio(first - 1) - ratio(first)));
}

void show_crossover(Sample& sample, const Layers& layers, const std::vector<Rows>& all) {
  const Rows &rnn = all[size_t(Kind::rnn)], &attention = all[size_t(Kind::attention)];
  fmt::print("\nSelf-attention against the RNN\n");
  sample.number("more operations from length", double(crossover_of_operations(layers)),
                double(layers.width() + 1), 0);
  if (const std::optional<double> length = crossover_of_time(rnn, attention))
    sample.number("more time from length, about", *length);
  else
    fmt::print("  it takes less time even at length {}\n", rnn.back().n);
  sample.number("time at the longest length, times", attention.back().milliseconds / rnn.back().milliseconds);
}

// What a long input costs, and what can be done: the longest length, in ways that differ.
void show_long(Sample& sample, Device& device, const Layers& layers, const Settings& settings,
               const std::vector<Rows>& all) {
  const int64_t n = settings.lengths.back(), d = settings.width, block = std::gcd(n, kBlock);
  std::vector<Timed> ways(4);
  const auto inputs = [&](Timed& way) {
    return std::array{way.input({1, 1, n, d}), way.input({1, 1, n, d}), way.input({1, 1, n, d})};
  };
  const auto [q, k, v] = inputs(ways[0]);
  ways[0].make(device, attention(q, k, v).out, 1);
  const auto [queries, keys, values] = inputs(ways[1]);
  const Tensor scores = matmul(queries, transpose(keys));  // (1, 1, n, n)
  ways[1].make(device, matmul(softmax(scores, {.scale = 1 / std::sqrt(float(d))}), values), 1);
  ways[2].make(device, layers(Kind::attention, ways[2].input({1, n, d})), 1);
  ways[3].make(device, layers(Kind::attention, ways[3].input({n / block, block, d})), 1);
  run_in_turn(ways, settings.runs);
  const double layer = ways[2].median(), blocks = ways[3].median();
  constexpr double kMiB = 1 << 20;
  const double fused = double(ways[0].plan->arena_bytes()) / kMiB,
               stored = double(ways[1].plan->arena_bytes()) / kMiB;

  const Rows &rnn = all[size_t(Kind::rnn)], &own = all[size_t(Kind::attention)];
  const auto last = [](const Rows& rows) {
    return rows.back().milliseconds / rows[rows.size() - 2].milliseconds;
  };
  fmt::print("\nLong inputs: from {} to {} tokens\n", own[own.size() - 2].n, n);
  sample.number("self-attention takes, times", last(own));
  sample.number("the RNN takes, times", last(rnn));
  fmt::print("Efficiency: {} tokens\n", n);
  sample.number("attention(), ms", ways[0].median());
  sample.number("attention() as three ops, ms", ways[1].median());
  sample.number("attention(), MiB for intermediates", fused);
  sample.number("three ops, MiB for intermediates", stored);
  sample.number("the layer over all tokens, ms", layer);
  sample.number(fmt::format("in blocks of {}, ms", block), blocks);
  fmt::print(
      "\nWhat is hard about long inputs? Self-attention compares every two tokens: {} instead of {} of them\n"
      "take {:.1f} times as long (the RNN: {:.1f} times), and as three ops it keeps {:.3g} MiB of scores and "
      "weights.\n"
      "How can it be more efficient? One op that stores no weights needs {:.3g} MiB and {:.3g} instead of "
      "{:.3g} ms;\nblocks of {} tokens take {:.3g} instead of {:.3g} ms, but then a token sees its block "
      "alone.\n",
      n, own[own.size() - 2].n, last(own), last(rnn), stored, fused, ways[0].median(), ways[1].median(),
      block, blocks, layer);
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
      ->check(CLI::Range(int64_t(2), kLongest))
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
    Device device({.name = sample.device});
    fmt::print("width {}, kernel {}, on {}\n", settings.width, settings.kernel, device.info().name);
    const Layers layers(device, settings.width, settings.kernel, sample.seed);
    const std::vector<Rows> all = measure_all(sample, device, layers, settings);
    show_growth(sample, all);
    show_crossover(sample, layers, all);
    show_long(sample, device, layers, settings, all);
    if (!sample.out.empty()) draw(sample.out, all);
  });
}
