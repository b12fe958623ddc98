// The textbook's Transformer (Zhang et al., Dive into Deep Learning, section 11.7) and the pairs of short
// sentences that it learns: what several samples train, keep and ask.
#pragma once

#include <algorithm>
#include <chrono>
#include <fovea/fovea.hpp>
#include <memory>
#include <optional>

#include "model_folder.h"
#include "pairs_step.h"
#include "sample.h"

// What the model is and how it learns; the defaults are the textbook's.
struct PairsSettings {
  std::string data = project_file("samples/pairs/en-fr.tsv");
  fovea::WordPairsOptions words;
  int64_t width = 32, heads = 4, hidden = 64, layers = 2, epochs = 200;
  float rate = 0.005f, dropout = 0.1f;
  bool additive = false, before = false, learned = false;

  void add_to(CLI::App& app) {
    app.add_option("--data", data, "lines of source, tab, target")->capture_default_str();
    app.add_option("--pairs", words.pairs, "how many of them, 0: all")->capture_default_str();
    app.add_option("--min-frequency", words.min_frequency, "of a word that is known")->capture_default_str();
    app.add_option("--epochs", epochs, "passes over the pairs")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    app.add_option("--batch", words.batch, "pairs")->capture_default_str();
    app.add_option("--width", width)->capture_default_str();
    app.add_option("--heads", heads)->capture_default_str();
    app.add_option("--hidden", hidden, "of the feed-forward network")->capture_default_str();
    app.add_option("--rate", rate, "of Adam")->capture_default_str();
    app.add_option("--dropout", dropout)->capture_default_str();
  }
  fovea::TransformerConfig config(const fovea::WordPairs& pairs) const {
    using Words = fovea::WordVocabulary;
    return {.vocab = pairs.source().size(),
            .width = width,
            .heads = heads,
            .hidden = hidden,
            .encoder_layers = layers,
            .decoder_layers = layers,
            .positions = 100,
            .eos = Words::kEnd,
            .pad = Words::kPad,
            .beams = 1,
            .target_vocab = pairs.target().size(),
            .start = Words::kStart,
            .place = before ? fovea::NormPlace::before : fovea::NormPlace::after,
            .attention_bias = false,
            .additive = additive,
            .interleaved_positions = true,
            .learned_positions = learned};
  }
};

// A fresh model in the folder, and its training.
class PairsLearner {
 public:
  PairsLearner(fovea::Device& device, const fovea::WordPairs& pairs, const PairsSettings& settings,
               const ModelFolder& folder, uint64_t seed)
      : pairs_(pairs), settings_(settings), folder_(folder.path) {
    fovea::write_fresh_transformer(folder.name(), settings.config(pairs), seed);
    fovea::write_word_vocabularies(folder.path, pairs.source().words(), pairs.target().words());
    model = std::make_unique<fovea::Transformer>(device, folder.name());
    step_.emplace(device, model->parameters(),
                  PairsStep::Options{.batch = settings.words.batch,
                                     .steps = settings.words.steps,
                                     .dropout = settings.dropout,
                                     .seed = uint32_t(seed)},
                  [&](const PairsStep::Inputs& x, const fovea::Dropout& dropout) {
                    const fovea::TransformerOptions options{.dropout = dropout, .weight_dropout = dropout};
                    return model->forward(x.source, x.lengths, x.inputs, options).logits;
                  });
  }

  // Goes through all pairs once: the loss of a word.
  double epoch() {
    double loss = 0, tokens = 0;
    for (int64_t i = 0; i < pairs_.batches(); ++i) {
      const fovea::WordBatch batch = pairs_.batch(uint64_t(epochs_ * pairs_.batches() + i));
      loss += step_->run(batch, settings_.rate);
      tokens += double(batch.tokens);
    }
    ++epochs_;
    tokens_ += tokens;
    return loss / tokens;
  }
  // All epochs: prints the loss some ten times, and how fast it went. The losses by epoch.
  std::vector<double> learn(Sample& sample, const std::string& name = "training loss of a word") {
    std::vector<double> losses;
    const auto start = std::chrono::steady_clock::now();
    for (int64_t epoch = 1; epoch <= settings_.epochs; ++epoch) {
      losses.push_back(this->epoch());
      if (epoch % std::max<int64_t>(settings_.epochs / 10, 1) == 0)
        fmt::print("  epoch {}: loss {:.3f}\n", epoch, losses.back());
    }
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    model->save(folder_.string());
    sample.number(name, losses.back());
    sample.number("words a second", tokens_ / seconds.count());
    return losses;
  }

  std::unique_ptr<fovea::Transformer> model;

 private:
  const fovea::WordPairs& pairs_;
  PairsSettings settings_;
  std::filesystem::path folder_;
  std::optional<PairsStep> step_;
  int64_t epochs_ = 0;
  double tokens_ = 0;
};

// Translations of lines, which words_of() parts; 1 beam: greedy.
inline std::vector<std::string> translate(fovea::Translator& translator,
                                          const std::vector<std::string>& lines, int64_t steps,
                                          int64_t beams = 1) {
  std::vector<std::string> sources, said;
  for (const std::string& line : lines) sources.push_back(fovea::text_of(fovea::words_of(line)));
  fovea::Decoding decoding = translator.decoding();
  decoding.beams = beams;
  decoding.max_length = steps;
  for (const fovea::Translation& result : translator.translate(sources, {.decoding = decoding}))
    said.push_back(result.outputs.at(0).text);
  return said;
}

// The mean of the textbook's BLEU (k = 2) over the different sources among the pairs, each against the target
// of it that fits best.
inline double mean_bleu(fovea::Translator& translator, const std::vector<fovea::TextPair>& pairs,
                        int64_t steps) {
  std::vector<std::string> lines;
  for (const fovea::TextPair& pair : pairs)
    if (std::ranges::find(lines, pair.source) == lines.end()) lines.push_back(pair.source);
  const std::vector<std::string> said = translate(translator, lines, steps);
  double sum = 0;
  for (size_t i = 0; i < lines.size(); ++i) {
    double best = 0;
    for (const fovea::TextPair& pair : pairs)
      if (pair.source == lines[i])
        best = std::max(best, fovea::sentence_bleu(said[i], fovea::text_of(fovea::words_of(pair.target))));
    sum += best;
  }
  return sum / double(lines.size());
}

// The first `count` pairs of a file, 0: all.
inline std::vector<fovea::TextPair> first_pairs(const std::string& file, int64_t count) {
  std::vector<fovea::TextPair> pairs = fovea::read_pairs(file);
  if (count > 0 && count < int64_t(pairs.size())) pairs.resize(size_t(count));
  return pairs;
}
