// Pairs of sentences parted into what a model learns from and what it is measured with.
#pragma once

#include <string>
#include <vector>

#include "fovea/data.hpp"

namespace fovea {

struct Corpus {
  std::vector<TextPair> training, validation;
};
// Rules name lines: "100:7" those whose number, from 0, leaves 7 modulo 100, "" none. Lines that a
// rule of leave_out names are in neither part; validation: those of its rule, in order; training: the others.
// No source of the training stands in a line that a rule names. Error: a text that is no rule.
Corpus split_corpus(std::vector<TextPair> pairs, const std::string& validation,
                    const std::vector<std::string>& leave_out = {});

// By the tokenizer of a translation directory.
std::vector<EncodedPair> encode_pairs(const std::filesystem::path& directory,
                                      const std::vector<TextPair>& pairs);

}  // namespace fovea
