// scoring_functions: what a score is, by the textbook's examples with their exact answers, and what it costs.
//
//   scoring_functions [--size 64] [--out DIR]
//
// Attention(query, keys, values) = normalise(score(query, keys)) values. Softmax looks only at keys before
// the valid length. With keys that are all the same every score must pool the values seen to their mean,
// whatever its weights: [2 3 4 5] of the first two rows of 0 .. 39, and [10 11 12 13] of the first six. With
// keys that differ, scores differ. Then what additive scores cost beside scaled dots, as one op and as three;
// and why the sum of a query and a key is no score: it weighs the keys alike for every query.
//
// With --out: equal_keys.png, the weights of the first example; other_keys.png, of each score over other
// keys.
// Needs FOVEA_TRAINING.
#include <algorithm>
#include <fovea/figure.hpp>
#include <fovea/fovea.hpp>
#include <memory>
#include <random>

#include "../common/sample.h"
#include "cost.h"

namespace {

using namespace fovea;
using Floats = std::vector<float>;

Floats random_floats(int64_t count, std::mt19937& random) {
  Floats values(static_cast<size_t>(count));
  for (float& value : values) value = float(random()) * 0x1p-31f - 1;  // -1 to 1
  return values;
}

struct NamedScore {
  std::string name;
  std::unique_ptr<Score> score;
};
// Every score of queries and keys of one width; those with weights are fresh.
std::vector<NamedScore> all_scores(Device& device, int64_t width, uint64_t seed) {
  const FreshScore fresh{.q_width = width, .k_width = width, .hidden = 8, .seed = seed};
  std::vector<NamedScore> all;
  all.push_back({"uniform", std::make_unique<UniformScore>()});
  all.push_back({"distance", std::make_unique<DistanceScore>()});
  all.push_back({"key norm", std::make_unique<KeyNormScore>()});
  all.push_back({"dot", std::make_unique<DotScore>(false)});
  all.push_back({"scaled dot", std::make_unique<DotScore>()});
  all.push_back({"bilinear", std::make_unique<BilinearScore>(device, fresh)});
  all.push_back({"additive", std::make_unique<AdditiveScore>(device, fresh)});
  return all;
}

// A score of one's own is one function. The sum of all of q + k: what a query adds is the same for every key.
class SumScore : public Score {
 public:
  Tensor of(Tensor q, Tensor k) const override {
    return add(sum(q), transpose(sum(k)));  // (batch, queries, 1) + (batch, 1, keys)
  }
};

void show_masked_softmax(Sample& sample, Device& device, std::mt19937& random) {
  fmt::print("masked softmax of (2, 2, 4)\n");
  for (const bool each : {false, true}) {
    Graph graph;
    const Tensor scores = graph.input({2, 2, 4});
    const Tensor lengths = each ? graph.input({2, 2}, DType::u32) : graph.input({2}, DType::u32);
    const Tensor weights = normalise(scores, {.lengths = lengths}).weights;
    Plan plan(device, graph, {weights});
    plan.write(scores, random_floats(16, random));
    const std::vector<uint32_t> counts =
        each ? std::vector<uint32_t>{1, 3, 2, 4} : std::vector<uint32_t>{2, 3};
    plan.write(lengths, counts);
    plan.run();
    const Floats got = plan.read(weights);
    double behind = 0, worst = 0;
    for (size_t row = 0; row < 4; ++row) {
      double total = 0;
      for (size_t c = 0; c < 4; ++c) {
        total += double(got[row * 4 + c]);
        if (c >= counts[each ? row : row / 2]) behind += double(got[row * 4 + c]);
      }
      worst = std::max(worst, std::abs(total - 1));
    }
    const std::string of = each ? "lengths of queries" : "lengths of batches";
    sample.number(of + ": weight behind them", behind, 0, 0);
    sample.number(of + ": sums of rows less 1", worst, 0, 1e-6);
  }
}

// Attention of one query a batch over ten keys, lengths 2 and 6; values are 0 .. 39 in rows of four, twice.
struct Answer {
  Floats out, weights;  // (2, 1, 4), (2, 1, 10)
};
Answer ask(Device& device, const Score& score, const Floats& queries, const Floats& keys) {
  Graph graph;
  const Tensor q = graph.input({2, 1, int64_t(queries.size()) / 2}),
               k = graph.input({2, 10, int64_t(keys.size()) / 20});
  const Tensor v = graph.input({2, 10, 4}), lengths = graph.input({2}, DType::u32);
  const Attended made =
      attend(q, k, v, {.score = score, .normaliser = {.lengths = lengths}, .weights = true});
  Plan plan(device, graph, {made.out, made.weights});
  Floats values(80);
  for (size_t i = 0; i < 80; ++i) values[i] = float(i % 40);
  plan.write(q, queries);
  plan.write(k, keys);
  plan.write(v, values);
  plan.write(lengths, std::vector<uint32_t>{2, 6});
  plan.run();
  return {plan.read(made.out), plan.read(made.weights)};
}

double worst_of(const Answer& got) {
  const Floats want = {2, 3, 4, 5, 10, 11, 12, 13};
  double worst = 0;
  for (size_t i = 0; i < 8; ++i) worst = std::max(worst, std::abs(double(got.out[i] - want[i])));
  return worst;
}

void show_ten_keys(Sample& sample, Device& device, std::mt19937& random) {
  fmt::print("ten equal keys: how far from 2 3 4 5 and 10 11 12 13\n");
  const Floats ones(40, 1), wide = random_floats(40, random), queries = random_floats(4, random);
  const AdditiveScore two_widths(device, {.q_width = 20, .k_width = 2, .hidden = 8, .seed = sample.seed});
  const BilinearScore matrix(device, {.q_width = 20, .k_width = 2, .seed = sample.seed});
  const Answer equal = ask(device, two_widths, wide, ones);
  sample.number("additive, 20 over 2", worst_of(equal), 0, 1e-5);
  sample.number("bilinear, 20 over 2", worst_of(ask(device, matrix, wide, ones)), 0, 1e-5);
  const std::vector<NamedScore> all = all_scores(device, 2, sample.seed);
  for (const NamedScore& each : all)
    sample.number(each.name, worst_of(ask(device, *each.score, queries, ones)), 0, 1e-5);

  fmt::print("ten different keys: the first number of both answers\n");
  const Floats keys = random_floats(40, random);
  Matrices weights{1, int64_t(all.size()), 2, 10, {}};
  FigureOptions labels{.xlabel = "Keys", .ylabel = "Queries"};
  for (const NamedScore& each : all) {
    const Answer got = ask(device, *each.score, queries, keys);
    sample.number(each.name + ", length 2", double(got.out[0]));
    sample.number(each.name + ", length 6", double(got.out[4]));
    weights.values.insert(weights.values.end(), got.weights.begin(), got.weights.end());
    labels.titles.push_back(each.name);
  }
  if (sample.out.empty()) return;
  show_heatmaps(sample.out / "equal_keys.png", {1, 1, 2, 10, equal.weights},
                {.xlabel = "Keys", .ylabel = "Queries"});
  show_heatmaps(sample.out / "other_keys.png", weights, labels);
}

// How much the weights of a score differ from query to query.
void show_sum(Sample& sample, Device& device, std::mt19937& random) {
  fmt::print("what a query changes: the widest spread of a key's weight over 16 queries\n");
  const SumScore sum_score;
  const DotScore dot_score;
  Graph graph;
  const Tensor x = graph.input({1, 16, 8});
  const Tensor of_sum = normalise(sum_score(x, x)).weights, of_dot = normalise(dot_score(x, x)).weights;
  const auto spread = [](Tensor y) {
    return max(reshape(sub(max(y, 1), scale(max(scale(y, -1), 1), -1)), {16}));
  };
  const Tensor sum_spread = spread(of_sum), dot_spread = spread(of_dot);
  Plan plan(device, graph, {sum_spread, dot_spread});
  plan.write(x, random_floats(128, random));
  plan.run();
  sample.number("sum of query and key", double(plan.read(sum_spread)[0]), 0, 1e-6);
  sample.number("scaled dot spread", double(plan.read(dot_spread)[0]));
}

}  // namespace

int main(int argc, char** argv) {
  Sample sample("Scores of attention: exact answers, and what they cost.");
  int64_t size = 64;
  sample.app.add_option("--size", size, "queries, keys and width of the timed scores")
      ->check(CLI::Range(1, 512));
  return sample.run(argc, argv, [&](Sample&) {
    std::mt19937 random(sample.seed);
    Device device({.name = sample.device, .cache = cache_folder()});
    fmt::print("on {}\n", device.info().name);
    show_masked_softmax(sample, device, random);
    show_ten_keys(sample, device, random);
    show_sum(sample, device, random);
    show_cost(sample, device, size);
  });
}
