// SentencePiece models that are learnt from text, and tokenizers of translation directories made of them.
#pragma once

#ifdef FOVEA_INFERENCE_ONLY
#error "fovea/train_tokenizer.hpp: this library was built without training, FOVEA_TRAINING is OFF"
#endif

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "fovea/text.hpp"

namespace fovea FOVEA_API {

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

}  // namespace fovea
