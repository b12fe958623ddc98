// Text: its lines, SentencePiece models that are learnt from it, and ids of tokens.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fovea/files.hpp"

namespace fovea FOVEA_API {

// The lines of a text file, without their ends (LF or CR LF). Error: not UTF-8, naming file and line.
std::vector<std::string> read_lines(const std::filesystem::path& path);

// A sentence and its translation.
struct TextPair {
  std::string source, target;
};

// Of a SentencePiece model (Kudo, Richardson 2018).
struct SentencePieceOptions {
  std::string kind = "unigram";            // or bpe
  int64_t vocab = 8000;                    // pieces, the special ones counted
  double coverage = 0.9995;                // share of the text's characters that get a piece, 0.98 to 1
  std::string normalisation = "nmt_nfkc";  // nfkc, nmt_nfkc_cf and nfkc_cf (lower case), or identity
  int64_t lines = 0;                       // at most so many are learnt from, chosen by the seed; 0: all
  uint64_t seed = 0;
  int64_t eos = 0, unk = 1, pad = 2, bos = -1;  // ids of </s>, <unk>, <pad>, <s>; -1: none (<unk> must be)
};
// Learns from lines of UTF-8 and writes the model, whole or not at all; returns its pieces, the place being
// the id. The same lines and options make the same bytes. SentencePiece's own log is off from then on. Error:
// options out of range, lines without text, or too little text for so many pieces.
std::vector<std::string> train_sentencepiece(std::span<const std::string> lines,
                                             const std::filesystem::path& model,
                                             const SentencePieceOptions& options = {});

// The tokenizer of a translation directory, which must exist, as Translator and transformers' MarianTokenizer
// read it: source.spm, target.spm, vocab.json, tokenizer_config.json. shared: one model of both sides;
// otherwise one each, their sizes as options.vocab says, and target_vocab.json.
void train_marian_tokenizer(std::span<const TextPair> pairs, const std::filesystem::path& directory,
                            const SentencePieceOptions& options = {}, bool shared = true);

// Vocabularies of a translation directory whose tokens are words between spaces: vocab.json and
// target_vocab.json, as Translator reads them; the place of a word is its id.
void write_word_vocabularies(const std::filesystem::path& directory, const std::vector<std::string>& source,
                             const std::vector<std::string>& target);

// Text to ids and back, by the tokenizer of a translation directory. Threads may share one.
class TextEncoder {
 public:
  static TextEncoder source(const ModelFiles& files);  // source.spm, vocab.json
  static TextEncoder target(const ModelFiles& files);  // target.spm, target_vocab.json if any
  ~TextEncoder();
  TextEncoder(TextEncoder&&) noexcept;

  int64_t vocab() const;                                      // ids are below
  uint32_t id(std::string_view token) const;                  // such as of </s>; Error: there is none
  std::vector<uint32_t> encode(std::string_view line) const;  // without the end of the sentence
  std::string decode(std::span<const uint32_t> ids) const;    // special tokens are nothing

 private:
  struct Impl;
  explicit TextEncoder(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fovea
