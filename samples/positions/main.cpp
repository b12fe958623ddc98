// positions: how a network that sees all words at once is told their order.
//
//   positions [--data FILE] [--epochs N] [--out DIR] [--device D] [--seed N] [--json]
//
// The textbook's sinusoids (Zhang et al., Dive into Deep Learning, section 11.6): 60 rows, 32 columns, of
// which sines and cosines take turns; the first 8 numbers in binary, whose digits change the slower the
// farther left they stand, as the columns do; and that the row some places on is the same turn of every row,
// which rotary positions make an operation on queries and keys. At last the same task is learnt with
// sinusoids and with positions that are learnt too. DIR gets columns.png, sinusoids.png and learned.png.
// Needs FOVEA_TRAINING.
#include <fovea/figure.hpp>
#include <numbers>

#include "../common/pairs_transformer.h"

using namespace fovea;

namespace {

constexpr int64_t kRows = 60, kWidth = 32, kOffset = 5;

// Self-attention of 4 equal words, 3 and 2 of them counted: as many go in as come out.
void show_self_attention(Device& device, Sample& sample) {
  std::vector<float> weight(300 * 100);
  for (size_t i = 0; i < weight.size(); ++i) weight[i] = std::sin(float(i)) / 10;
  const std::span<const float> square(weight.data(), 100 * 100);
  const SelfAttention layer(Linear(device, 300, 100, weight, {}), Linear(device, 100, 100, square, {}), 5);
  Graph graph;
  const Tensor x = graph.input({2, 4, 100}), lengths = graph.input({2}, DType::u32);
  const Tensor y = layer(x, {}, {.attention = {.lengths = lengths}}).out;
  Plan plan(device, graph, {y});
  plan.write(x, std::vector<float>(800, 1));
  plan.write(lengths, std::vector<uint32_t>{3, 2});
  plan.run();
  const std::vector<float> values = plan.read(y);
  double apart = 0;  // without positions equal words stay equal
  for (size_t i = 0; i < values.size(); ++i)
    apart = std::max(apart, double(std::abs(values[i] - values[i % 100])));
  sample.holds("self-attention: (2, 4, 100) stays (2, 4, 100)", y.shape() == x.shape());
  sample.number("self-attention: equal words differ by", apart, 0, 1e-5);
}

double frequency(int64_t pair) { return std::pow(10000.0, -2 * double(pair) / double(kWidth)); }

// The row kOffset places on is every pair of columns turned by kOffset times its frequency.
double worst_turn(const std::vector<float>& table) {
  double worst = 0;
  for (int64_t row = 0; row + kOffset < kRows; ++row)
    for (int64_t pair = 0; pair < kWidth / 2; ++pair) {
      const float* here = table.data() + row * kWidth + 2 * pair;
      const float* there = here + kOffset * kWidth;
      const double angle = double(kOffset) * frequency(pair), sine = double(here[0]),
                   cosine = double(here[1]);
      worst = std::max({worst, std::abs(std::cos(angle) * sine + std::sin(angle) * cosine - double(there[0])),
                        std::abs(std::cos(angle) * cosine - std::sin(angle) * sine - double(there[1]))});
    }
  return worst;
}

// One query and one key at every place, turned by rotary(): how much products differ that are as far apart.
double worst_rotary(Device& device) {
  Graph graph;
  const Tensor q = graph.input({kRows, kWidth}), k = graph.input({kRows, kWidth});
  const Tensor scores = matmul(rotary(q), transpose(rotary(k)));  // (rows, rows)
  std::vector<float> queries, keys;
  for (int64_t i = 0; i < kRows * kWidth; ++i) {
    queries.push_back(std::sin(float(i % kWidth)));
    keys.push_back(std::cos(float(3 * (i % kWidth))));
  }
  Plan plan(device, graph, {scores});
  plan.write(q, queries);
  plan.write(k, keys);
  plan.run();
  const std::vector<float> made = plan.read(scores);
  double worst = 0;
  for (int64_t i = 1; i < kRows; ++i)
    for (int64_t j = 1; j < kRows; ++j) {
      const size_t at = size_t(i * kRows + j);
      worst = std::max(worst, double(std::abs(made[at] - made[at - kRows - 1])));
    }
  return worst;
}

void show_sinusoids(Device& device, const std::vector<float>& table, Sample& sample) {
  fmt::print("Sinusoids\n");
  const auto at = [&](int64_t row, int64_t column) { return double(table[size_t(row * kWidth + column)]); };
  sample.number("row 7, column 6: sin(7 / 10000^(6/32))", at(7, 6), std::sin(7 * frequency(3)), 1e-6);
  sample.number("row 7, column 7: cos(7 / 10000^(6/32))", at(7, 7), std::cos(7 * frequency(3)), 1e-6);
  sample.number("row 59, column 8: sin(59 / 10000^(8/32))", at(59, 8), std::sin(59 * frequency(4)), 1e-6);
  sample.number("period of columns 6 and 7, rows", 2 * std::numbers::pi / frequency(3));
  sample.number("5 rows on is a turn, worst error", worst_turn(table), 0, 1e-5);
  sample.number("rotary: only the distance counts, worst error", worst_rotary(device), 0, 1e-4);
  for (int number = 0; number < 8; ++number) fmt::print("  {} in binary is {:03b}\n", number, number);
}

// How well the pairs are known after training with sinusoids or learnt positions; the encoder's, if learnt.
std::vector<float> learn(Device& device, const WordPairs& pairs, const std::vector<TextPair>& text,
                         PairsSettings settings, Sample& sample) {
  const std::string name = settings.learned ? "learnt" : "sinusoids";
  fmt::print("Training with {}\n", settings.learned ? "learnt positions" : name);
  const ModelFolder folder(sample.out, name);
  PairsLearner learner(device, pairs, settings, folder, sample.seed);
  learner.learn(sample, name + ": training loss of a word");
  Translator translator(device, folder.name(), {.tokenizer = "words"});
  sample.number(name + ": mean BLEU", mean_bleu(translator, text, settings.words.steps));
  for (const Parameter& parameter : learner.model->parameters())
    if (parameter.name == "model.encoder.embed_positions.weight") return parameter.state->read();
  return {};
}

void draw(const std::filesystem::path& out, const std::vector<float>& table) {
  std::vector<Series> columns;
  for (int64_t column = 6; column < 10; ++column) {
    Series series{.name = fmt::format("column {}", column)};
    for (int64_t row = 0; row < kRows; ++row) {
      series.x.push_back(double(row));
      series.y.push_back(double(table[size_t(row * kWidth + column)]));
    }
    columns.push_back(std::move(series));
  }
  show_plot(out / "columns.png", columns, {.xlabel = "row (position)"});
  show_heatmaps(
      out / "sinusoids.png", {.queries = kRows, .keys = kWidth, .values = table},
      {.xlabel = "column (encoding dimension)", .ylabel = "row (position)", .width = 3.5, .height = 4});
}

}  // namespace

int main(int argc, char** argv) {
  Sample sample("Positions: sinusoids, turns, and encodings that are learnt.");
  PairsSettings settings;
  settings.epochs = 100;
  settings.add_to(sample.app);
  return sample.run(argc, argv, [&](Sample&) {
    Device device({.name = sample.device, .cache = cache_folder()});
    fmt::print("Self-attention\n");
    show_self_attention(device, sample);
    const std::vector<float> table = sinusoids(kRows, kWidth, {.interleaved = true});
    show_sinusoids(device, table, sample);

    settings.words.seed = sample.seed;
    const std::vector<TextPair> text = first_pairs(settings.data, settings.words.pairs);
    const WordPairs pairs(text, settings.words);
    learn(device, pairs, text, settings, sample);
    settings.learned = true;
    std::vector<float> learned = learn(device, pairs, text, settings, sample);
    if (sample.out.empty()) return;
    draw(sample.out, table);
    learned.resize(size_t(settings.words.steps * settings.width));  // positions that sentences have
    show_heatmaps(sample.out / "learned.png",
                  {.queries = settings.words.steps, .keys = settings.width, .values = learned},
                  {.xlabel = "column (encoding dimension)", .ylabel = "row (position)", .width = 4});
  });
}
