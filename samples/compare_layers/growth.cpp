#include <algorithm>
#include <cmath>
#include <optional>
#include <span>

#include "findings.h"

namespace {

constexpr int64_t kFitted = 3;  // lengths of a fit

// The exponent of n that fits the longest lengths: the slope of logarithms, by least squares.
template <class Of>
double growth(const Rows& rows, const Of& of) {
  const size_t count = std::min(rows.size(), size_t(kFitted));
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

// The least length from which on self-attention multiplies more than the recurrent layer.
int64_t crossover_of_operations(const Layers& layers) {
  int64_t low = 1, high = Settings::kLongest;
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

}  // namespace

void show_growth(Sample& sample, const std::vector<Rows>& all) {
  constexpr std::array<std::array<const char*, 3>, 3> kTable{
      {{"n^1, k n d^2", "1", "n^1, n / k"}, {"n^1, n d^2", "n^1", "n^1"}, {"n^2, n^2 d", "1", "1"}}};
  const Rows& first = all.front();
  const size_t count = std::min(first.size(), size_t(kFitted));
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
