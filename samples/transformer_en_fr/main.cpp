// transformer_en_fr: the textbook's Transformer learns French (Zhang et al., Dive into Deep Learning, section
// 11.7).
//
//   transformer_en_fr [--data FILE] [--epochs N] [--layers N] [--score dot|additive] [--norm after|before]
//                     [--out DIR] [--device D] [--seed N] [--json]
//
// First the parts of the model with the numbers that the book prints. Then two layers of encoder and decoder,
// 32 wide, learn pairs of short sentences by heart, and translate four of them greedily and with four beams;
// 1 is the best BLEU. At last it says where it looked for the last of them: DIR gets the loss by epoch, and
// encoder.png, decoder.png and cross.png, a row for each layer, a column for each head.
//
// Deeper, with additive scores, or normalised before each block: --layers, --score, --norm. The book's second
// edition: --width 256 --heads 4 --hidden 64 --dropout 0.2 --rate 0.001 --epochs 30 --batch 128.
// Needs FOVEA_TRAINING.
#include <fovea/figure.hpp>

#include "../common/pairs_attention.h"
#include "toys.h"

using namespace fovea;

namespace {

const std::vector<TextPair> kLines{{"Go.", "Va !"},
                                   {"I lost.", "J'ai perdu."},
                                   {"He's calm.", "Il est calme."},
                                   {"I'm home.", "Je suis chez moi."}};

// The four lines, greedily and with beams, beside what they should be. What the last one became. After a
// whole training the second and the last must be right.
std::string show_translations(Translator& translator, int64_t steps, bool trained, Sample& sample) {
  std::vector<std::string> lines;
  for (const TextPair& pair : kLines) lines.push_back(pair.source);
  const std::vector<std::string> greedy = translate(translator, lines, steps),
                                 beams = translate(translator, lines, steps, 4);
  bool right = true;
  for (size_t i = 0; i < lines.size(); ++i) {
    const std::string source = text_of(words_of(lines[i])), wanted = text_of(words_of(kLines[i].target));
    fmt::print("  {} => {}{}\n", source, greedy[i],
               beams[i] == greedy[i] ? "" : fmt::format(" (4 beams: {})", beams[i]));
    sample.numbers["said: " + source] = greedy[i];
    sample.number("BLEU of " + source, sentence_bleu(greedy[i], wanted));
    if (i % 2 == 1) right = right && greedy[i] == wanted;
  }
  if (trained) sample.holds("\"i lost .\" and \"i'm home .\" are right", right);
  return greedy.back();
}

// Encoder, decoder to its own words, decoder to the source: (layers, heads, queries, keys), the queries of
// the decoder its words with their end, all others the steps of a sentence.
void show_shapes(const Looked& looked, const PairsSettings& settings, const TextPair& said, Sample& sample) {
  const int64_t steps = settings.words.steps;
  const int64_t words = std::min(int64_t(words_of(said.target).size()) + 1, steps);  // longer ones are cut
  const auto show = [&](const char* name, const Matrices& made, int64_t queries) {
    sample.holds(fmt::format("{}: ({}, {}, {}, {})", name, settings.layers, settings.heads, queries, steps),
                 made.rows == settings.layers && made.columns == settings.heads && made.queries == queries &&
                     made.keys == steps);
  };
  show("encoder", looked.encoder, steps);
  show("decoder", looked.decoder, words);
  show("decoder to encoder", looked.cross, words);
}

void draw(const std::filesystem::path& out, const Looked& looked, const std::vector<double>& losses) {
  FigureOptions options{.xlabel = "keys", .ylabel = "queries", .xticks = looked.source};
  for (int64_t head = 1; head <= looked.encoder.columns; ++head)
    options.titles.push_back(fmt::format("head {}", head));
  options.yticks = looked.source;
  show_heatmaps(out / "encoder.png", looked.encoder, options);
  options.yticks = {looked.target.begin(), looked.target.begin() + looked.cross.queries};
  show_heatmaps(out / "cross.png", looked.cross, options);
  options.xticks = looked.target;
  show_heatmaps(out / "decoder.png", looked.decoder, options);
  Series series{.name = "training"};
  for (size_t epoch = 0; epoch < losses.size(); ++epoch) {
    series.x.push_back(double(epoch + 1));
    series.y.push_back(losses[epoch]);
  }
  show_plot(out / "loss.png", std::vector{series}, {.xlabel = "epoch", .ylabel = "loss"});
}

}  // namespace

int main(int argc, char** argv) {
  Sample sample("The textbook's Transformer learns pairs of short sentences.");
  PairsSettings settings;
  settings.add_to(sample.app);
  std::string score = "dot", norm = "after";
  sample.app.add_option("--layers", settings.layers, "of encoder and decoder")->capture_default_str();
  sample.app.add_option("--score", score)->check(CLI::IsMember({"dot", "additive"}))->capture_default_str();
  sample.app.add_option("--norm", norm)->check(CLI::IsMember({"after", "before"}))->capture_default_str();
  return sample.run(argc, argv, [&](Sample&) {
    Device device({.name = sample.device, .cache = cache_folder()});
    show_parts(device, sample);

    settings.additive = score == "additive";
    settings.before = norm == "before";
    settings.words.seed = sample.seed;
    const std::vector<TextPair> text = first_pairs(settings.data, settings.words.pairs);
    const WordPairs pairs(text, settings.words);
    fmt::print("Training on {} pairs, {} and {} words, on {}\n", pairs.size(), pairs.source().size(),
               pairs.target().size(), device.info().name);
    const ModelFolder folder(sample.out);
    PairsLearner learner(device, pairs, settings, folder, sample.seed);
    const std::vector<double> losses = learner.learn(sample);
    // As the book trains it, for what is expected below.
    const bool trained = settings.epochs >= 200 && settings.layers == 2 && settings.width == 32;
    if (trained) sample.holds("loss is at most 0.035", losses.back() <= 0.035);

    fmt::print("Translations\n");
    Translator translator(device, folder.name(), {.tokenizer = "words"});
    TextPair last{kLines.back().source, show_translations(translator, settings.words.steps, trained, sample)};
    sample.number("mean BLEU of all sources", mean_bleu(translator, text, settings.words.steps));

    fmt::print("Where it looked: \"{}\"\n", last.target);
    const Looked looked = look(device, *learner.model, pairs, last);
    show_shapes(looked, settings, last, sample);
    if (!sample.out.empty()) draw(sample.out, looked, losses);
  });
}
