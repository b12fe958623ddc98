#include <cmath>
#include <numeric>

#include "findings.h"
#include "timed.h"

using namespace fovea;

void show_long(Sample& sample, Device& device, const Layers& layers, const Settings& settings,
               const std::vector<Rows>& all) {
  const int64_t n = settings.lengths.back(), d = settings.width, block = std::gcd(n, 64);
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
