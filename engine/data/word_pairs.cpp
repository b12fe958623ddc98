#include "fovea/word_pairs.hpp"

#include <algorithm>

#include "core/check.h"
#include "core/random.h"
#include "fovea/data.hpp"

namespace fovea {
namespace {

constexpr int64_t kMost = 1 << 24;  // of any number of pairs or words

using Sentences = std::vector<std::vector<std::string>>;

Sentences sentences_of(const std::vector<TextPair>& pairs, int64_t count, std::string TextPair::* side) {
  FOVEA_CHECK(!pairs.empty(), "word pairs: 0 pairs, at least 1 is needed");
  Sentences sentences;
  const size_t most = count == 0 ? pairs.size() : std::min(pairs.size(), size_t(count));
  for (size_t i = 0; i < most; ++i) sentences.push_back(words_of(pairs[i].*side));
  return sentences;
}

const WordPairsOptions& checked(const WordPairsOptions& options) {
  const auto check = [](const char* name, int64_t value, int64_t least) {
    FOVEA_CHECK(value >= least && value <= kMost, "word pairs: ", name, ": ", value, ", ", least, " to ",
                kMost, " are possible");
  };
  check("pairs", options.pairs, 0);
  check("steps", options.steps, 1);
  check("batch", options.batch, 1);
  check("min_frequency", options.min_frequency, 1);
  FOVEA_CHECK(options.batch * options.steps <= kMost, "word pairs: a batch of ", options.batch, " pairs of ",
              options.steps, " steps, at most ", kMost, " words are possible");
  return options;
}

}  // namespace

WordPairs::WordPairs(std::vector<TextPair> pairs, const WordPairsOptions& options)
    : options_(checked(options)),
      source_(sentences_of(pairs, options.pairs, &TextPair::source), options.min_frequency),
      target_(sentences_of(pairs, options.pairs, &TextPair::target), options.min_frequency) {
  if (options.pairs > 0) pairs.resize(std::min(pairs.size(), size_t(options.pairs)));
  for (const TextPair& pair : pairs) {
    sources_.push_back(source_.encode(pair.source, options.steps));
    targets_.push_back(target_.encode(pair.target, options.steps));
  }
}

int64_t WordPairs::batches() const { return (size() + options_.batch - 1) / options_.batch; }

WordBatch WordPairs::batch(uint64_t index) const {
  const uint64_t epoch = index / uint64_t(batches()), first = index % uint64_t(batches()) * options_.batch;
  const std::vector<uint32_t> order =
      permutation(uint32_t(size()), Random(options_.seed, {kRandomOrder, epoch}));
  const size_t rows = size_t(options_.batch), steps = size_t(options_.steps);
  WordBatch made{.source = std::vector(rows * steps, WordVocabulary::kPad),
                 .lengths = std::vector(rows, 0u),
                 .inputs = std::vector(rows * steps, WordVocabulary::kPad),
                 .labels = std::vector(rows * steps, kIgnored),
                 .target_lengths = std::vector(rows, 0u)};
  made.count = std::min<int64_t>(options_.batch, size() - int64_t(first));
  for (size_t row = 0; row < size_t(made.count); ++row) {
    const std::vector<uint32_t>&source = sources_[order[first + row]], &target = targets_[order[first + row]];
    const int64_t at = int64_t(row * steps);
    std::copy(source.begin(), source.end(), made.source.begin() + at);
    std::copy(target.begin(), target.end(), made.labels.begin() + at);
    made.inputs[size_t(at)] = WordVocabulary::kStart;
    const size_t read = std::min(target.size(), steps - 1);  // the last is not read where the row is full
    std::copy_n(target.begin(), read, made.inputs.begin() + at + 1);
    made.lengths[row] = uint32_t(source.size());
    made.target_lengths[row] = uint32_t(target.size());
    made.tokens += int64_t(target.size());
  }
  return made;
}

}  // namespace fovea
