// train_translator: trains an encoder-decoder Transformer on pairs of sentences.
//
//   train_translator --pairs FILE.tsv | --source FILE --target FILE  --out DIR [--validate N:R] [--resume] ..
//
// Learns a SentencePiece vocabulary first. The best model so far lies in --out as a directory that translate
// and transformers load, beside it --resume's checkpoint and the loss curve. Ctrl-C saves and leaves.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <csignal>
#include <fovea/fovea.hpp>
#include <map>

namespace {

namespace fs = std::filesystem;
std::atomic<bool> interrupted = false;
void interrupt(int signal) { interrupted = true, std::signal(signal, SIG_DFL); }  // a second one ends at once

struct Options {
  std::string pairs, source, target, out, log, device, validate;
  std::vector<std::string> leave_out;  // "N:R": lines whose number, from 0, leaves R modulo N
  fovea::TransformerConfig model{.width = 192, .heads = 4, .hidden = 768};
  fovea::SentencePieceOptions pieces{.vocab = 6000};
  fovea::TextOptions text{.tokens = 4096, .shapes = 8, .longest = 64, .seed = 1};
  fovea::OptimizerOptions optimizer{.beta2 = 0.98f, .eps = 1e-9f, .clip = 1};
  float rate = 1e-3f, dropout = 0.1f, smoothing = 0.1f;
  int64_t epochs = 10, warmup = 1000, patience = 0, save_every = 500, stop_after = 0, validation_lines = 500;
  bool resume = false;
};

// What a plan of forward, backward and update reads and gives, for batches of one shape.
struct Step {
  Step(fovea::Device& device, const Options& options, const fovea::TextShape& shape,
       fovea::Transformer& model, fovea::Optimizer& optimizer, fovea::State& generator) {
    using namespace fovea;
    source = graph.input({shape.rows, shape.source_length}, DType::u32, "source");
    lengths = graph.input({shape.rows}, DType::u32, "lengths");
    inputs = graph.input({shape.rows, shape.target_length}, DType::u32, "inputs");
    labels = graph.input({shape.rows, shape.target_length}, DType::u32, "labels");
    const Dropout dropout{.rate = options.dropout, .generator = &generator};
    const Tensor logits = model(source, lengths, inputs, dropout);  // (rows, target_length, vocab)
    loss = cross_entropy(logits, labels, {.smoothing = options.smoothing, .ignored = kIgnored}).loss;
    update = optimizer.step(loss);
    advance(graph, generator);
    plan.emplace(device, graph, std::vector{loss, update.norm});
  }

  fovea::Trainer::Made run(const fovea::TextBatch& batch, std::span<const float> control) {
    plan->write(source, batch.source);
    plan->write(lengths, batch.lengths);
    plan->write(inputs, batch.inputs);
    plan->write(labels, batch.labels);
    plan->write(update.control, control);
    plan->run();
    return {plan->read(loss)[0], plan->read(update.norm)[0], batch.tokens};
  }

  fovea::Graph graph;
  fovea::Tensor source, lengths, inputs, labels, loss;
  fovea::Optimizer::Step update;
  std::optional<fovea::Plan> plan;
};

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

// What a training starts with: a vocabulary, and a model that has learnt nothing yet.
void begin(Options& o, const fovea::Corpus& corpus) {
  fs::create_directories(o.out);
  o.pieces.seed = o.text.seed;
  fovea::train_marian_tokenizer(corpus.training, o.out, o.pieces);
  o.model.vocab = fovea::TextEncoder::source(o.out).vocab();
  o.model.positions = std::max(o.model.positions, o.text.longest + o.text.multiple);  // with padding
  fovea::write_fresh_transformer(o.out, o.model, o.text.seed);
}

void train(Options& o) {
  const std::string checkpoint = o.out + "/checkpoint.safetensors", candidate = o.out + "/candidate";
  if (!o.resume) fovea::expect_no_checkpoint(checkpoint);
  const fovea::Corpus corpus = read_corpus(o);
  fovea::Device device({.name = o.device});
  if (!o.resume) begin(o, corpus);
  fovea::Transformer model(device, o.out);
  o.text.end = model.config().eos;
  o.text.start = o.text.pad = model.config().pad;
  fovea::State generator(device, {4}, fovea::DType::u32);  // of dropout: seed, step
  generator.write(std::vector<uint32_t>{uint32_t(o.text.seed), 0, 0, 0});
  fovea::Optimizer optimizer(device, model.parameters(), o.optimizer);
  const fovea::TextBatches batches(fovea::encode_pairs(o.out, corpus.training), o.text);
  std::map<std::array<int64_t, 3>, std::unique_ptr<Step>> steps;  // one a shape

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
      .validated = [&](const fovea::TrainValidation& made) { log.validation(made); },
      .measure = "bleu"};
  how.validate = [&] {
    model.save(candidate, fovea::Storage::f16);
    for (const char* file : {"source.spm", "target.spm", "vocab.json"})
      fs::copy_file(fs::path(o.out) / file, fs::path(candidate) / file, fs::copy_options::overwrite_existing);
    return bleu(device, candidate, corpus.validation);
  };
  how.keep = [&] { fs::rename(candidate + "/model.safetensors", o.out + "/model.safetensors"); };
  if (corpus.validation.empty())
    how.validate = {}, how.keep = [&] { model.save(o.out, fovea::Storage::f16); };
  fovea::Trainer trainer(optimizer, &generator, how, o.resume);
  fovea::Loader<fovea::TextBatch> loader([&](uint64_t index) { return batches.batch(index); },
                                         uint64_t(trainer.progress().step));
  const auto end = trainer.run([&](int64_t, std::span<const float> control) {
    const fovea::TextBatch batch = loader.next();
    const fovea::TextShape& shape = batch.shape;
    std::unique_ptr<Step>& step = steps[{shape.rows, shape.source_length, shape.target_length}];
    if (!step) step = std::make_unique<Step>(device, o, shape, model, optimizer, generator);
    --steps_left;
    return step->run(batch, control);
  });
  fs::remove_all(candidate);
  fovea::write_loss_curve(o.out + "/loss.png", trainer.progress().losses, trainer.progress().measures,
                          {.validation = "BLEU"});
  const std::string best =
      trainer.progress().validated ? fmt::format("best BLEU {:.2f}; ", trainer.progress().best) : "";
  log.note(end == fovea::Trainer::End::interrupted ? "interrupted: --resume goes on from " + checkpoint
                                                   : best + "model and loss.png in " + o.out);
}

}  // namespace

int main(int count, char** arguments) try {
  Options o;
  CLI::App app{"Trains an encoder-decoder Transformer on pairs of sentences"};
  CLI::Option* pairs = app.add_option("--pairs", o.pairs, "file of lines: source, tab, target");
  CLI::Option* source = app.add_option("--source", o.source, "file of source lines")->excludes(pairs);
  app.add_option("--target", o.target, "file of target lines")->needs(source)->excludes(pairs);
  app.add_option("--out", o.out, "directory for model, checkpoint and loss curve")->required();
  app.add_option("--validate", o.validate, "N:R: measure with the lines whose number leaves R modulo N");
  app.add_option("--validation-lines", o.validation_lines, "at most")->capture_default_str();
  app.add_option("--leave-out", o.leave_out, "N:R: lines that are not used at all; may come again");
  app.add_option("--device", o.device, "index or part of the name");
  app.add_option("--log", o.log, "file for JSON lines");
  app.add_flag("--resume", o.resume, "go on from the checkpoint in --out");
  app.add_option("--epochs", o.epochs)->capture_default_str();
  app.add_option("--tokens", o.text.tokens, "of a batch, with padding")->capture_default_str();
  app.add_option("--longest", o.text.longest, "tokens of a sentence that is used")->capture_default_str();
  app.add_option("--rate", o.rate, "highest learning rate")->capture_default_str();
  app.add_option("--warmup", o.warmup, "steps")->capture_default_str();
  app.add_option("--average", o.optimizer.average, "decay of a moving average of the weights; 0: none");
  app.add_option("--dropout", o.dropout)->capture_default_str();
  app.add_option("--smoothing", o.smoothing, "of labels")->capture_default_str();
  app.add_option("--seed", o.text.seed)->capture_default_str();
  app.add_option("--patience", o.patience, "epochs without a better BLEU; 0: all")->capture_default_str();
  app.add_option("--stop-after", o.stop_after, "steps of this run, as if interrupted; 0: all");
  app.add_option("--save-every", o.save_every, "steps between checkpoints")->capture_default_str();
  app.add_option("--vocab", o.pieces.vocab, "pieces for both languages")->capture_default_str();
  app.add_option("--width", o.model.width)->capture_default_str();
  app.add_option("--heads", o.model.heads)->capture_default_str();
  app.add_option("--hidden", o.model.hidden, "of the feed-forward network")->capture_default_str();
  app.add_option("--encoder-layers", o.model.encoder_layers)->capture_default_str();
  app.add_option("--decoder-layers", o.model.decoder_layers)->capture_default_str();
  CLI11_PARSE(app, count, arguments);
  for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, interrupt);
  train(o);
} catch (const std::exception& error) {
  fmt::print(stderr, "train_translator: {}\n", error.what());
  return 1;
}
