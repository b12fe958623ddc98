// bahdanau: a recurrent network with attention learns to translate short sentences.
//
//   bahdanau [--rnn gru|lstm] [--score additive|bilinear|scaled|dot] [--data PAIRS.tsv] [--epochs N]
//            [--out DIR]
//
// An encoder reads English, a decoder writes French, and before each word asks the encoder's states which of
// them it needs: Zhang et al., Dive into Deep Learning, "Bahdanau Attention", with its sizes and its BLEU
// (k = 2). The pairs are samples/pairs/en-fr.tsv, or with --data the first 600 of a file of yours. The second
// edition's sizes are --width 256 --embedding 256 --batch 128 --dropout 0.2 --epochs 30.
// Prints the loss as it falls (the textbook's: a row's sum over its steps, divided by steps, per token), then
//   i'm home . => je suis chez moi ., bleu 1.000
// and with --out draws the loss and which words the French ones came from, and keeps the model.
// Needs FOVEA_TRAINING.
#include <array>
#include <chrono>
#include <fovea/figure.hpp>
#include <fovea/fovea.hpp>

#include "../common/model_folder.h"
#include "../common/pairs_step.h"
#include "../common/sample.h"

namespace {

using namespace fovea;
namespace fs = std::filesystem;

struct Settings {
  std::string cell = "gru", score = "additive", data = project_file("samples/pairs/en-fr.tsv");
  int64_t pairs = 600, min_frequency = 2, epochs = 250, batch = 64, steps = 10, beams = 1;
  int64_t embedding = 32, width = 32, layers = 2;
  float dropout = 0.1f, rate = 0.005f;

  void options(CLI::App& app) {
    const auto add = [&](const char* name, auto& value, const char* about) {
      return app.add_option(name, value, about)->capture_default_str();
    };
    add("--rnn", cell, "gru or lstm")->check(CLI::IsMember({"gru", "lstm"}));
    add("--score", score, "of a state and what it attends to")
        ->check(CLI::IsMember({"additive", "bilinear", "scaled", "dot"}));
    add("--data", data, "lines of source, tab, target");
    add("--pairs", pairs, "how many of them, the first; 0: all");
    add("--min-frequency", min_frequency, "of a word that is known");
    add("--epochs", epochs, "of training")->check(CLI::PositiveNumber);
    add("--batch", batch, "pairs of a step");
    add("--steps", steps, "words of a sentence at most");
    add("--beams", beams, "of the translations; 1: greedy");
    add("--embedding", embedding, "width of embedded words");
    add("--width", width, "of a state");
    add("--layers", layers, "of both networks");
    add("--dropout", dropout, "between layers");
    add("--rate", rate, "of Adam");
  }
};

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Trains and gives the loss of each epoch.
Series train(Sample& s, Device& device, Bahdanau& model, const WordPairs& pairs, const Settings& settings) {
  PairsStep step(
      device, model.parameters(),
      {.batch = settings.batch, .steps = settings.steps, .dropout = settings.dropout, .seed = s.seed},
      [&](const PairsStep::Inputs& x, const Dropout& dropout) {
        return model(x.source, x.lengths, x.inputs, {.dropout = dropout}).logits;
      });
  Series losses{.name = {}, .x = {}, .y = {}};
  int64_t tokens = 0;
  const double start = seconds_now();
  for (int64_t epoch = 0; epoch < settings.epochs; ++epoch) {
    double sum = 0;
    int64_t count = 0;
    for (int64_t i = 0; i < pairs.batches(); ++i) {
      const WordBatch batch = pairs.batch(uint64_t(epoch * pairs.batches() + i));
      sum += step.run(batch, settings.rate);
      count += batch.tokens;
    }
    tokens += count;
    losses.x.push_back(double(epoch + 1));
    losses.y.push_back(sum / double(count));
    if ((epoch + 1) % 50 == 0) fmt::print("  epoch {}: loss {:.4f}\n", epoch + 1, losses.y.back());
  }
  const double seconds = seconds_now() - start;
  s.number("dispatches of a step, in one submission", double(step.plan().dispatches()));
  s.number("milliseconds a step", seconds * 1e3 / double(settings.epochs * pairs.batches()));
  s.number("target tokens a second", double(tokens) / seconds);
  s.number("loss per token of the last epoch", losses.y.back());
  return losses;
}

// Which words each word came from: rows the French ones, columns the English ones.
void draw(const fs::path& path, const WordPairs& pairs, const std::vector<uint32_t>& source,
          const BahdanauTarget& target) {
  FigureOptions options{.xlabel = "English", .ylabel = "French"};
  Matrices weights{.queries = int64_t(target.tokens.size()), .keys = int64_t(source.size()), .values = {}};
  for (uint32_t id : source) options.xticks.push_back(pairs.source().word(id));
  for (uint32_t id : target.tokens) options.yticks.push_back(pairs.target().word(id));
  for (const std::vector<float>& row : target.attention)
    weights.values.insert(weights.values.end(), row.begin(), row.end());
  show_heatmaps(path, weights, options);
}

struct Wanted {
  const char *english, *french;
};
constexpr std::array<Wanted, 4> kWanted = {{{"go .", "va !"},
                                            {"i lost .", "j'ai perdu ."},
                                            {"he's calm .", "il est calme ."},
                                            {"i'm home .", "je suis chez moi ."}}};

void translate(Sample& s, Bahdanau& model, const WordPairs& pairs, const Settings& settings, bool trained) {
  std::vector<std::vector<uint32_t>> sources;
  for (const Wanted& line : kWanted) sources.push_back(pairs.source().encode(line.english, settings.steps));
  const Decoding decoding{.beams = settings.beams, .max_length = settings.steps};
  const auto targets = model.translate(sources, decoding, true);
  std::vector<double> scores;
  for (size_t i = 0; i < kWanted.size(); ++i) {
    const std::string said = pairs.target().decode(targets[i][0].tokens);
    scores.push_back(sentence_bleu(said, kWanted[i].french));
    fmt::print("  {} => {}, bleu {:.3f}\n", kWanted[i].english, said, scores.back());
    s.numbers[fmt::format("bleu of {}", kWanted[i].english)] = scores.back();
    s.numbers[fmt::format("translation of {}", kWanted[i].english)] = said;
  }
  if (trained) s.holds("\"i lost .\" and \"i'm home .\" are right", scores[1] == 1 && scores[3] == 1);
  if (!s.out.empty()) draw(s.out / "bahdanau-attention.png", pairs, sources[3], targets[3][0]);
}

}  // namespace

int main(int argc, char** argv) {
  Sample sample("bahdanau: a recurrent network with attention learns to translate short sentences");
  Settings settings;
  settings.options(sample.app);
  return sample.run(argc, argv, [&](Sample& s) {
    Device device({.name = s.device, .cache = cache_folder()});
    const WordPairs pairs(read_pairs(settings.data), {.pairs = settings.pairs,
                                                      .steps = settings.steps,
                                                      .batch = settings.batch,
                                                      .min_frequency = settings.min_frequency,
                                                      .seed = s.seed});
    fmt::print("{} pairs, {} and {} words, on {}\n", pairs.size(), pairs.source().size(),
               pairs.target().size(), device.info().name);
    const ModelFolder folder(s.out, "bahdanau");
    write_fresh_bahdanau(folder.name(),
                         {.source_vocab = pairs.source().size(),
                          .target_vocab = pairs.target().size(),
                          .embedding = settings.embedding,
                          .width = settings.width,
                          .layers = settings.layers,
                          .cell = settings.cell == "lstm" ? Cell::lstm : Cell::gru,
                          .score = bahdanau_score(settings.score),
                          .positions = settings.steps},
                         s.seed);
    Bahdanau model(device, folder.name(), Use::training);
    const Series losses = train(s, device, model, pairs, settings);
    // As the textbook trains it, for what is expected below.
    const bool trained = settings.epochs >= 250 && settings.layers == 2 && settings.width == 32;
    if (trained) s.holds("loss per token is at most 0.03", losses.y.back() <= 0.03);
    translate(s, model, pairs, settings, trained);
    if (s.out.empty()) return;
    model.save(folder.name());
    show_plot(s.out / "bahdanau-loss.png", std::array{losses},
              {.xlabel = "epoch", .ylabel = "loss per token"});
  });
}
