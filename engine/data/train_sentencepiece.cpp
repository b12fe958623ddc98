// train_sentencepiece: by the library's own trainer, kept from what would end the process or go unsaid.
#include <fmt/format.h>
#include <sentencepiece_trainer.h>

#include <algorithm>
#include <limits>
#include <unordered_map>

#include "core/check.h"
#include "core/random.h"
#include "fovea/train_tokenizer.hpp"
#include "io/file.h"
#include "io/json.h"
#include "text/utf8.h"

namespace fovea {
namespace {

using Lines = std::vector<const std::string*>;
using Settings = std::unordered_map<std::string, std::string>;

class LineIterator : public sentencepiece::SentenceIterator {
 public:
  explicit LineIterator(const Lines& lines) : lines_(lines) {}
  bool done() const override { return at_ == lines_.size(); }
  void Next() override { ++at_; }
  const std::string& value() const override { return *lines_[at_]; }
  sentencepiece::util::Status status() const override { return {}; }

 private:
  const Lines& lines_;
  size_t at_ = 0;
};

void check_options(const SentencePieceOptions& options) {
  FOVEA_CHECK(options.kind == "unigram" || options.kind == "bpe", "sentencepiece: kind ",
              in_quotes(options.kind), ", known are unigram and bpe");
  const auto known = {"nmt_nfkc", "nfkc", "nmt_nfkc_cf", "nfkc_cf", "identity"};
  FOVEA_CHECK(std::ranges::count(known, options.normalisation) == 1, "sentencepiece: normalisation ",
              in_quotes(options.normalisation),
              ", known are nmt_nfkc, nfkc, nmt_nfkc_cf, nfkc_cf and identity");
  FOVEA_CHECK(options.vocab >= 2 && options.vocab <= 1 << 24, "sentencepiece: vocab: ", options.vocab,
              ", 2 to ", 1 << 24, " are possible");
  FOVEA_CHECK(options.coverage >= 0.98 && options.coverage <= 1,
              "sentencepiece: coverage: ", options.coverage, ", expected 0.98 to 1");
  FOVEA_CHECK(options.lines >= 0, "sentencepiece: lines: ", options.lines, ", expected 0 or more");
  std::vector<int64_t> ids;
  for (const int64_t id : {options.eos, options.unk, options.pad, options.bos}) {
    FOVEA_CHECK(id >= (ids.size() == 1 ? 0 : -1) && id < options.vocab, "sentencepiece: a special id ", id,
                " of ", options.vocab, " pieces");
    FOVEA_CHECK(id < 0 || std::ranges::count(ids, id) == 0, "sentencepiece: the id ", id,
                " is given to two special pieces");
    ids.push_back(id);
  }
}

// The lines to learn from. The library's own sampling hangs on what ran before in the thread.
Lines chosen(std::span<const std::string> lines, const SentencePieceOptions& options) {
  Lines all;
  uint64_t bytes = 0;
  for (size_t i = 0; i < lines.size(); ++i) {
    check_utf8(lines[i], concat("sentencepiece: line ", i + 1));
    all.push_back(&lines[i]);
  }
  if (options.lines > 0 && lines.size() > size_t(options.lines)) {
    shuffle(all, Random(options.seed, {kRandomLines}));
    all.resize(size_t(options.lines));
    std::ranges::sort(all);  // they lie in one array: the text's own order
  }
  for (const std::string* line : all) bytes += line->size() + 1;
  FOVEA_CHECK(bytes < uint64_t(std::numeric_limits<int32_t>::max()), "sentencepiece: ", bytes,
              " bytes of text, below 2^31 can be learnt from: limit the lines");
  return all;
}

std::string learn(const Lines& lines, const Settings& settings) {
  LineIterator iterator(lines);
  std::string model;
  const auto status = sentencepiece::SentencePieceTrainer::Train(settings, &iterator, &model);
  FOVEA_CHECK(status.ok(), "sentencepiece: ", status.ToString());
  return model;
}

// Whether anything is left of the line after normalisation: a model of its characters has some.
bool has_text(const std::string* line, Settings settings) {
  if (line->empty()) return false;
  settings["model_type"] = "char";
  int special = 0;  // their ids may lie beyond the characters: close up
  for (const char* id : {"unk_id", "eos_id", "pad_id", "bos_id"})
    if (settings[id] != "-1") settings[id] = std::to_string(special++);
  sentencepiece::SentencePieceProcessor processor;
  const auto status = processor.LoadFromSerializedProto(learn({line}, settings));
  return status.ok() && processor.GetPieceSize() > special;
}

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

}  // namespace

std::vector<std::string> train_sentencepiece(std::span<const std::string> lines,
                                             const std::filesystem::path& model,
                                             const SentencePieceOptions& options) {
  check_options(options);
  const Lines text = chosen(lines, options);
  const Settings settings{
      {"model_type", options.kind},
      {"vocab_size", std::to_string(options.vocab)},
      {"character_coverage", fmt::format("{}", options.coverage)},
      {"normalization_rule_name", options.normalisation},
      {"eos_id", std::to_string(options.eos)},
      {"unk_id", std::to_string(options.unk)},
      {"pad_id", std::to_string(options.pad)},
      {"bos_id", std::to_string(options.bos)},
      {"max_sentence_length", std::to_string(1 << 30)},  // longer lines would be left out
      {"num_threads", "4"},  // sums are split by it: another number makes other bytes
      {"minloglevel", "3"},
  };
  // Without any text the library ends the process.
  const auto with_text = [&](const std::string* line) { return has_text(line, settings); };
  FOVEA_CHECK(std::ranges::any_of(text, with_text), "sentencepiece: ", text.size(),
              " lines without any text to learn from");
  const std::string made = learn(text, settings);
  sentencepiece::SentencePieceProcessor processor;
  const auto status = processor.LoadFromSerializedProto(made);
  FOVEA_CHECK(status.ok(), "sentencepiece: ", status.ToString());
  std::vector<std::string> pieces;
  for (int id = 0; id < processor.GetPieceSize(); ++id) pieces.push_back(processor.IdToPiece(id));
  write_file_atomically(model, bytes_of(made));
  return pieces;
}

}  // namespace fovea
