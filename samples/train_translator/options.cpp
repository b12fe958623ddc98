#include "options.h"

namespace {

void add_file_options(CLI::App& app, Options& o) {
  CLI::Option* pairs = app.add_option("--pairs", o.pairs, "file of lines: source, tab, target");
  CLI::Option* source = app.add_option("--source", o.source, "file of source lines")->excludes(pairs);
  app.add_option("--target", o.target, "file of target lines")->needs(source)->excludes(pairs);
  app.add_option("--from", o.from, "directory of a Marian model to go on teaching, instead of a fresh one");
  app.add_option("--out", o.out, "directory for model, checkpoint and loss curve")->required();
  app.add_option("--validate", o.validate, "N:R: measure with the lines whose number leaves R modulo N");
  app.add_option("--validation-lines", o.validation_lines, "at most")->capture_default_str();
  app.add_option("--leave-out", o.leave_out, "N:R: lines that are not used at all; may come again");
  app.add_option("--log", o.log, "file for JSON lines");
  app.add_flag("--resume", o.resume, "go on from the checkpoint in --out");
  app.add_option("--save-every", o.save_every, "steps between checkpoints")->capture_default_str();
  app.add_option("--device", o.device, "index or part of the name");
}

void add_training_options(CLI::App& app, Options& o) {
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
}

void add_model_options(CLI::App& app, Options& o) {
  app.add_option("--vocab", o.pieces.vocab, "pieces for both languages")->capture_default_str();
  app.add_option("--width", o.model.width)->capture_default_str();
  app.add_option("--heads", o.model.heads)->capture_default_str();
  app.add_option("--hidden", o.model.hidden, "of the feed-forward network")->capture_default_str();
  app.add_option("--encoder-layers", o.model.encoder_layers)->capture_default_str();
  app.add_option("--decoder-layers", o.model.decoder_layers)->capture_default_str();
}

}  // namespace

void add_options(CLI::App& app, Options& options) {
  add_file_options(app, options);
  add_training_options(app, options);
  add_model_options(app, options);
}
