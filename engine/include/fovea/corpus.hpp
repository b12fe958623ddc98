// Pairs of sentences: read from files, and parted into what a model learns from and what it is measured with.
#pragma once

#ifdef FOVEA_INFERENCE_ONLY
#error "fovea/corpus.hpp: this library was built without training, FOVEA_TRAINING is OFF"
#endif

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "fovea/text.hpp"

namespace fovea FOVEA_API {

// Whether a pair is kept; lines count from 1.
using PairFilter = std::function<bool(int64_t line, std::string_view source, std::string_view target)>;

// Line i of one file with line i of the other. Error: as read_lines, or not as many lines in both.
std::vector<TextPair> read_parallel(const std::filesystem::path& source, const std::filesystem::path& target,
                                    const PairFilter& keep = {});
// Lines of source, tab, target; further columns are not read. Error: as read_lines, or a line without a tab.
std::vector<TextPair> read_pairs(const std::filesystem::path& path, const PairFilter& keep = {});

struct Corpus {
  std::vector<TextPair> training, validation;
};
// Rules name lines: "100:7" those whose number, from 0, leaves 7 modulo 100, "" none. Lines that a
// rule of leave_out names are in neither part; validation: those of its rule, in order; training: the others.
// No source of the training stands in a line that a rule names. Error: a text that is no rule.
Corpus split_corpus(std::vector<TextPair> pairs, const std::string& validation,
                    const std::vector<std::string>& leave_out = {});

struct EncodedPair {
  std::vector<uint32_t> source, target;  // ids, without start and end
};

// By the tokenizer of a translation model.
std::vector<EncodedPair> encode_pairs(const ModelFiles& files, const std::vector<TextPair>& pairs);

}  // namespace fovea
