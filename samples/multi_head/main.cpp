// multi_head: what the heads of a trained Transformer do, and how many of them it needs.
//
//   multi_head [--data FILE] [--epochs N] [--out DIR] [--device D] [--seed N] [--json]
//
// First the shapes of multi-head attention as the textbook has them (Zhang et al., Dive into Deep Learning,
// section 11.5). Then a Transformer learns pairs of short sentences. How much a head counts is the mean size
// of the gradient of the loss for a factor of what the head gives (Michel et al. 2019, "Are Sixteen Heads
// Really Better than One?"). From the least to the most important, heads are taken out of the weights, one at
// least left in every attention, and the smaller models translate: BLEU and the time of a pass against heads
// kept. DIR gets heads.png, where each head looks from the words said to the source, bleu.png and time.png.
// Needs FOVEA_TRAINING.
#include <numeric>

#include "../common/pairs_attention.h"

using namespace fovea;

namespace {

// 4 queries meet 6 keys of which 3 and 2 count: 5 heads of 20 give (2, 4, 100).
void show_shapes(Device& device, Sample& sample) {
  std::vector<float> weight(100 * 100);
  for (size_t i = 0; i < weight.size(); ++i) weight[i] = std::sin(float(i)) / 10;
  const auto linear = [&] { return Linear(device, 100, 100, weight, {}); };
  const MultiHeadAttention layer({linear(), linear(), linear(), linear(), AttentionHeads(5)});
  Graph graph;
  const Tensor queries = graph.input({2, 4, 100}), keys = graph.input({2, 6, 100}),
               lengths = graph.input({2}, DType::u32);
  const MultiHeadAttention::Result made =
      layer(queries, keys, keys, {.weights = true, .attention = {.lengths = lengths}});
  Plan plan(device, graph, {made.out, made.weights});
  plan.write(queries, std::vector<float>(800, 1));
  plan.write(keys, std::vector<float>(1200, 1));
  plan.write(lengths, std::vector<uint32_t>{3, 2});
  plan.run();
  const std::vector<float> weights = plan.read(made.weights);  // (2, 5, 4, 6)
  sample.holds("ones: (2, 4, 100) and (2, 6, 100) give (2, 4, 100)", made.out.shape() == Shape({2, 4, 100}));
  sample.number("ones: weight of each of 3 equal keys", double(weights.front()), 1.0 / 3, 1e-6);
  sample.number("ones: weight behind the length", double(weights.back()), 0, 0);
}

struct Head {
  std::string attention;
  int64_t layer = 0, head = 0;
  double importance = 0;
  std::string name() const { return fmt::format("{} {}, head {}", attention, layer + 1, head + 1); }
};

// As a head mask has them, (encoder layers + 2 decoder layers, heads).
std::vector<Head> heads_of(const TransformerConfig& config) {
  std::vector<Head> heads;
  const auto add = [&](const char* attention, int64_t layer) {
    for (int64_t head = 0; head < config.heads; ++head) heads.push_back({attention, layer, head});
  };
  for (int64_t layer = 0; layer < config.encoder_layers; ++layer) add("encoder", layer);
  for (int64_t layer = 0; layer < config.decoder_layers; ++layer) {
    add("decoder", layer);
    add("to the source", layer);
  }
  return heads;
}

std::vector<Head> measured_heads(Device& device, const Transformer& model, const std::vector<TextPair>& text,
                                 WordPairsOptions options) {
  options.batch = 8;  // few, as gradients of other signs cancel within a batch
  const WordPairs pairs(text, options);
  std::vector<Head> heads = heads_of(model.config());
  const int64_t each = model.config().heads;
  Graph graph;
  const Shape shape{options.batch, options.steps};
  const Tensor source = graph.input(shape, DType::u32), lengths = graph.input({options.batch}, DType::u32);
  const Tensor inputs = graph.input(shape, DType::u32), labels = graph.input(shape, DType::u32);
  const Tensor mask = graph.input({int64_t(heads.size()) / each, each});
  const Tensor logits = model.forward(source, lengths, inputs, {.head_mask = mask}).logits;
  const Tensor loss = cross_entropy(logits, labels, {.ignored = kIgnored}).loss;
  const Tensor gradient = graph.grad(loss, {mask}).front();
  Plan plan(device, graph, {gradient});
  plan.write(mask, std::vector<float>(heads.size(), 1));
  for (int64_t i = 0; i < pairs.batches(); ++i) {
    const WordBatch batch = pairs.batch(uint64_t(i));
    plan.write(source, batch.source);
    plan.write(lengths, batch.lengths);
    plan.write(inputs, batch.inputs);
    plan.write(labels, batch.labels);
    plan.run();
    const std::vector<float> made = plan.read(gradient);
    for (size_t h = 0; h < heads.size(); ++h)
      heads[h].importance += double(std::abs(made[h])) / double(pairs.batches());
  }
  return heads;
}

// Milliseconds of a pass over 64 pairs, the median of many.
double time_of_pass(Device& device, const std::string& folder, const WordPairs& pairs) {
  const Transformer model(device, folder);
  const WordBatch batch = pairs.batch(0);
  const Shape shape{pairs.options().batch, pairs.options().steps};
  Graph graph;
  const Tensor source = graph.input(shape, DType::u32), lengths = graph.input({shape[0]}, DType::u32);
  const Tensor inputs = graph.input(shape, DType::u32);
  Plan plan(device, graph, {model(source, lengths, inputs)});
  plan.write(source, batch.source);
  plan.write(lengths, batch.lengths);
  plan.write(inputs, batch.inputs);
  std::vector<double> times;
  for (int i = 0; i < 15; ++i) {
    const auto start = std::chrono::steady_clock::now();
    plan.run();
    times.push_back(
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
  }
  std::ranges::nth_element(times, times.begin() + 7);
  return times[7];
}

// Takes one more head out: the least important one whose attention has another.
void take_out(const std::vector<Head>& heads, int64_t each, std::vector<uint32_t>& kept) {
  std::optional<size_t> least;
  for (size_t h = 0; h < heads.size(); ++h) {
    const auto first = kept.begin() + int64_t(h) / each * each;
    if (!kept[h] || std::accumulate(first, first + each, 0u) == 1) continue;
    if (!least || heads[h].importance < heads[*least].importance) least = h;
  }
  if (least) kept[*least] = 0;
}

}  // namespace

int main(int argc, char** argv) {
  Sample sample("Heads of a trained Transformer: where they look, how much they count, how many are needed.");
  PairsSettings settings;
  settings.epochs = 120;
  settings.add_to(sample.app);
  return sample.run(argc, argv, [&](Sample&) {
    Device device({.name = sample.device, .cache = cache_folder()});
    fmt::print("Shapes\n");
    show_shapes(device, sample);

    settings.words.seed = sample.seed;
    const std::vector<TextPair> text = first_pairs(settings.data, settings.words.pairs);
    const WordPairs pairs(text, settings.words);
    fmt::print("Training on {} pairs, on {}\n", pairs.size(), device.info().name);
    const ModelFolder folder(sample.out), smaller(sample.out, "pruned");
    PairsLearner learner(device, pairs, settings, folder, sample.seed);
    learner.learn(sample);

    fmt::print("Heads by importance\n");
    const std::vector<Head> heads = measured_heads(device, *learner.model, text, settings.words);
    std::vector<Head> sorted = heads;
    std::ranges::sort(sorted, {}, &Head::importance);
    for (const Head& head : sorted) sample.number(head.name(), head.importance);

    fmt::print("Without the least important ones: BLEU, milliseconds of a pass\n");
    Series bleu{.name = "BLEU"}, time{.name = "time"};
    std::vector<uint32_t> kept(heads.size(), 1);
    const size_t least = heads.size() / size_t(settings.heads);
    for (size_t left = heads.size(); left >= least; left -= std::min<size_t>(3, left)) {
      while (size_t(std::accumulate(kept.begin(), kept.end(), 0u)) > left)
        take_out(heads, settings.heads, kept);
      learner.model->save_pruned(smaller.name(), kept);
      write_word_vocabularies(smaller.path, pairs.source().words(), pairs.target().words());
      Translator translator(device, smaller.name(), {.tokenizer = "words"});
      bleu.x.push_back(double(left));
      bleu.y.push_back(mean_bleu(translator, text, settings.words.steps));
      time.x.push_back(double(left));
      time.y.push_back(time_of_pass(device, smaller.name(), pairs));
      sample.number(fmt::format("{} heads: BLEU", left), bleu.y.back());
      sample.number(fmt::format("{} heads: ms", left), time.y.back());
    }
    if (sample.out.empty()) return;
    const Looked looked = look(device, *learner.model, pairs, text.front());
    FigureOptions figure{.xlabel = "source", .ylabel = "target", .xticks = looked.source};
    figure.yticks = {looked.target.begin(), looked.target.begin() + looked.cross.queries};
    for (int64_t head = 1; head <= looked.cross.columns; ++head)
      figure.titles.push_back(fmt::format("head {}", head));
    show_heatmaps(sample.out / "heads.png", looked.cross, figure);
    show_plot(sample.out / "bleu.png", std::vector{bleu}, {.xlabel = "heads kept", .ylabel = "BLEU"});
    show_plot(sample.out / "time.png", std::vector{time}, {.xlabel = "heads kept", .ylabel = "milliseconds"});
  });
}
