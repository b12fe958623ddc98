// How good lines of text are, measured against references: hypotheses[i] belongs to references[i]. And how
// good classes of images are.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "fovea/version.h"

namespace fovea FOVEA_API {

struct Ratio {
  uint64_t part = 0, whole = 1;
  double percent() const { return 100.0 * double(part) / double(whole); }
};

using Lines = std::span<const std::string>;

// Lines that are their reference byte for byte, of all lines. Error: no lines, or not as many of either.
Ratio exact_match(Lines hypotheses, Lines references);

// Edits (insertions, deletions, substitutions of code points: Levenshtein's distance) that turn the
// hypotheses into the references, of the references' code points: above 100 % where hypotheses are far too
// long. Error: as exact_match, text that is not UTF-8, or references without any character.
Ratio character_errors(Lines hypotheses, Lines references);

// BLEU-4 of a corpus (Papineni et al. 2002) with the counts that it comes from, by order 1 .. 4.
struct Bleu {
  double score = 0;  // 0 .. 100
  std::array<uint64_t, 4> matches{}, ngrams{};
  std::array<double, 4> precisions{};  // percent; where nothing matches 100 / (2^k n-grams), for the kth time
  double brevity_penalty = 1;
  uint64_t hypothesis_tokens = 0, reference_tokens = 0;  // of several references the closest in length
  std::string signature;                                 // sacreBLEU's, without its version
};

// As sacreBLEU computes it by default, cased and by the tokenizer 13a. Every list of references has a line
// for each hypothesis. Error: no lines, lists of other lengths, text that is not UTF-8.
Bleu corpus_bleu(Lines hypotheses, std::span<const Lines> references);

// BLEU of one sentence by its words, which spaces part: exp(min(0, 1 - len_ref / len_pred)) times the product
// of p_n^(1/2^n) for n = 1 .. orders, or as many as the hypothesis has words; 0 .. 1 (Zhang et al., Dive into
// Deep Learning, "Sequence-to-Sequence Learning"). Error: orders below 1.
double sentence_bleu(const std::string& hypothesis, const std::string& reference, int64_t orders = 2);

// A line by the tokenizer 13a (mteval-v13a.pl): entities become characters; symbols, and points and commas
// that are in no number, stand alone.
std::vector<std::string> tokens_13a(const std::string& line);

// Rows of logits (rows, classes) whose own class, right[row], is among the k largest, of all rows; of equal
// logits the class that comes first is the larger. Error: no rows, no such class, NaN among the logits.
Ratio top_k_accuracy(std::span<const float> logits, std::span<const uint32_t> right, size_t k);

}  // namespace fovea
