// train_translator: trains an encoder-decoder Transformer on pairs of sentences.
//
//   train_translator --pairs FILE.tsv | --source FILE --target FILE  --out DIR [--validate N:R] [--resume] ..
//
// Learns a SentencePiece vocabulary first. The best model so far lies in --out as a directory that translate
// and transformers load, beside it --resume's checkpoint and the loss curve. Ctrl-C saves and leaves. Exits
// with 0, 1 after an error, 2 on wrong usage.
// Needs FOVEA_TRAINING.
#include <fmt/format.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fovea/curve.hpp>
#include <fovea/fovea.hpp>

#include "options.h"
#include "steps.h"

namespace {

namespace fs = std::filesystem;

std::atomic<bool> interrupted = false;

void interrupt(int signal) {
  interrupted = true;
  std::signal(signal, SIG_DFL);  // a second one ends at once
}

fovea::Corpus read_corpus(const Options& o) {
  std::vector<fovea::TextPair> pairs =
      o.pairs.empty() ? fovea::read_parallel(o.source, o.target) : fovea::read_pairs(o.pairs);
  fovea::Corpus corpus = fovea::split_corpus(std::move(pairs), o.validate, o.leave_out);
  corpus.validation.resize(std::min(corpus.validation.size(), size_t(o.validation_lines)));
  return corpus;
}

// BLEU of the model that lies in `directory`.
double bleu(fovea::Device& device, const std::string& directory, const std::vector<fovea::TextPair>& pairs) {
  fovea::Translator translator(device, directory);
  std::vector<std::string> sources, references, made;
  for (const fovea::TextPair& pair : pairs) {
    sources.push_back(pair.source);
    references.push_back(pair.target);
  }
  fovea::Decoding greedy = translator.decoding();
  greedy.beams = 1;
  for (const fovea::Translation& one : translator.translate(sources, {.decoding = greedy}))
    made.push_back(one.outputs[0].text);
  const fovea::Lines references_of_all[] = {references};
  return fovea::corpus_bleu(made, references_of_all).score;
}

// What a training starts with: a vocabulary and a model, of --from or fresh ones.
void begin(Options& o, const fovea::Corpus& corpus) {
  fs::create_directories(o.out);
  if (!o.from.empty()) {
    for (const char* file : {"config.json", "model.safetensors", "source.spm", "target.spm", "vocab.json"})
      fs::copy_file(fs::path(o.from) / file, fs::path(o.out) / file, fs::copy_options::overwrite_existing);
    return;
  }
  o.pieces.seed = o.text.seed;
  fovea::train_marian_tokenizer(corpus.training, o.out, o.pieces);
  o.model.vocab = fovea::TextEncoder::source(o.out).vocab();
  o.model.positions = std::max(o.model.positions, o.text.longest + o.text.multiple);  // with padding
  fovea::write_fresh_transformer(o.out, o.model, o.text.seed);
}

// How the model is measured and kept. It lies in a directory of its own first, as translate loads it, and
// comes to --out when it is the best so far. Without a validation it comes there at once.
void validate_with(fovea::TrainerOptions& how, const Options& o, fovea::Device& device,
                   fovea::Transformer& model, const std::vector<fovea::TextPair>& validation) {
  if (validation.empty()) {
    how.keep = [&] { model.save(o.out, fovea::Storage::f16); };
    return;
  }
  const std::string candidate = o.out + "/candidate";
  how.measure = "bleu";
  how.validate = [&, candidate] {
    model.save(candidate, fovea::Storage::f16);
    for (const char* file : {"source.spm", "target.spm", "vocab.json"})
      fs::copy_file(fs::path(o.out) / file, fs::path(candidate) / file, fs::copy_options::overwrite_existing);
    return bleu(device, candidate, validation);
  };
  how.keep = [&, candidate] { fs::rename(candidate + "/model.safetensors", o.out + "/model.safetensors"); };
}

void train(Options& o) {
  const std::string checkpoint = o.out + "/checkpoint.safetensors";
  if (!o.resume) fovea::expect_no_checkpoint(checkpoint);
  const fovea::Corpus corpus = read_corpus(o);

  // The model: a fresh one, or the one that lies there.
  fovea::Device device({.name = o.device, .cache = fovea::cache_folder()});
  if (!o.resume) begin(o, corpus);
  fovea::Transformer model(device, o.out);
  o.text.end = model.config().eos;
  o.text.start = o.text.pad = model.config().pad;

  // What a step needs.
  fovea::State generator(device, {4}, fovea::DType::u32);  // of dropout: seed, step
  generator.write(std::vector<uint32_t>{uint32_t(o.text.seed), 0, 0, 0});
  fovea::Optimizer optimizer(device, model.parameters(), o.optimizer);
  Steps steps(device, o, model, optimizer, generator);
  const fovea::TextBatches batches(fovea::encode_pairs(o.out, corpus.training), o.text);

  // The loop.
  fovea::TrainLog log({.file = o.log});
  log.note(fmt::format("{}: {} pairs, {} parameters, {} steps an epoch in {} shapes", device.info().name,
                       corpus.training.size(), optimizer.elements(), batches.batches(),
                       batches.shapes().size()));
  int64_t steps_left = o.stop_after > 0 ? o.stop_after : -1;
  fovea::TrainerOptions how{
      .schedule = {.kind = fovea::Schedule::Kind::inverse_square_root, .rate = o.rate, .warmup = o.warmup},
      .epochs = o.epochs,
      .steps_per_epoch = batches.batches(),
      .checkpoint = checkpoint,
      .save_every = o.save_every,
      .patience = o.patience,
      .interrupted = [&] { return interrupted || steps_left == 0; },
      .report = [&](const fovea::TrainPoint& point) { log.step(point); },
      .validated = [&](const fovea::TrainValidation& made) { log.validation(made); }};
  validate_with(how, o, device, model, corpus.validation);
  fovea::Trainer trainer(optimizer, &generator, how, o.resume);
  fovea::Loader<fovea::TextBatch> loader([&](uint64_t index) { return batches.batch(index); },
                                         uint64_t(trainer.progress().step));
  const auto end = trainer.run([&](int64_t, std::span<const float> control) {
    --steps_left;
    return steps.run(loader.next(), control);
  });

  // What is left of it.
  fs::remove_all(o.out + "/candidate");
  const fovea::Progress& progress = trainer.progress();
  fovea::write_loss_curve(o.out + "/loss.png", progress.losses, progress.measures, {.validation = "BLEU"});
  const std::string best = progress.validated ? fmt::format("best BLEU {:.2f}; ", progress.best) : "";
  log.note(end == fovea::Trainer::End::interrupted ? "interrupted: --resume goes on from " + checkpoint
                                                   : best + "model and loss.png in " + o.out);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Trains an encoder-decoder Transformer on pairs of sentences.");
  Options options;
  add_options(app, options);
  try {
    app.parse(argc, argv);
    for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, interrupt);
    train(options);
    return 0;
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem) == 0 ? 0 : 2;
  } catch (const std::exception& problem) {
    fmt::print(stderr, "train_translator: {}\n", problem.what());
    return 1;
  }
}
