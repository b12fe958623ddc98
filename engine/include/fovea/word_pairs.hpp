// Pairs of short sentences by whole words, as Zhang et al., Dive into Deep Learning, "Machine Translation and
// the Dataset", prepares them: lower case, punctuation as words, rare words unknown, all of a fixed length.
#pragma once

#ifdef FOVEA_INFERENCE_ONLY
#error "fovea/word_pairs.hpp: this library was built without training, FOVEA_TRAINING is OFF"
#endif

#include <cstdint>
#include <vector>

#include "fovea/corpus.hpp"
#include "fovea/word_vocabulary.hpp"

namespace fovea FOVEA_API {

struct WordPairsOptions {
  int64_t pairs = 600;        // the first ones; 0: all
  int64_t steps = 10;         // words of a sentence, the end counted: longer ones are cut
  int64_t batch = 64;         // pairs
  int64_t min_frequency = 2;  // of words that have an id
  uint64_t seed = 0;          // each epoch has an order of its own
};

struct WordBatch {
  int64_t count = 0;                     // rows that hold a pair, the first ones
  int64_t tokens = 0;                    // labels that count
  std::vector<uint32_t> source;          // (batch, steps), then kPad
  std::vector<uint32_t> lengths;         // (batch), of the sources, the end counted; 0: no pair
  std::vector<uint32_t> inputs;          // (batch, steps): kStart, target, then kPad
  std::vector<uint32_t> labels;          // (batch, steps): target, kEnd, then kIgnored
  std::vector<uint32_t> target_lengths;  // (batch), the end counted
};

// Batches of all pairs, one shape for all. A batch hangs on pairs, options and index alone.
class WordPairs {
 public:
  // Error: no pairs, options out of range, or a batch of more than 2^24 words.
  WordPairs(std::vector<TextPair> pairs, const WordPairsOptions& options = {});

  const WordPairsOptions& options() const { return options_; }
  const WordVocabulary& source() const { return source_; }
  const WordVocabulary& target() const { return target_; }
  int64_t size() const { return int64_t(sources_.size()); }
  int64_t batches() const;                // of an epoch, in which every pair comes once
  WordBatch batch(uint64_t index) const;  // counted through all epochs

 private:
  WordPairsOptions options_;
  WordVocabulary source_, target_;
  std::vector<std::vector<uint32_t>> sources_, targets_;  // ids with their ends
};

}  // namespace fovea
