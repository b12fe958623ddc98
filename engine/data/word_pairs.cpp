#include "fovea/word_pairs.hpp"

#include <algorithm>

#include "core/check.h"
#include "core/random.h"
#include "fovea/data.hpp"
#include "text/utf8.h"

namespace fovea {
namespace {

constexpr int64_t kMost = 1 << 24;  // of any number of pairs or words
constexpr const char* kSpecial[] = {"<unk>", "<pad>", "<bos>", "<eos>"};

// The small letter of a code point of two bytes: U+00C0 to U+00DE, and the pairs of U+0100 to U+017F.
std::string small_letter(const std::string& character) {
  if (character.size() != 2) return character;
  const uint32_t point = uint32_t(character[0] & 0x1f) << 6 | uint32_t(character[1] & 0x3f);
  const bool latin1 = point >= 0xc0 && point <= 0xde && point != 0xd7;
  const bool odd_is_capital = (point >= 0x139 && point <= 0x148) || (point >= 0x179 && point <= 0x17e);
  const bool paired = point >= 0x100 && point <= 0x17e && point != 0x130 && point != 0x138 &&
                      point != 0x149 && point != 0x178;
  uint32_t small = latin1 ? point + 32 : point;
  if (point == 0x178) small = 0xff;
  if (paired && bool(point & 1) == odd_is_capital) small = point + 1;
  return {char(0xc0 | small >> 6), char(0x80 | (small & 0x3f))};
}

bool is_space(const std::string& character) {
  return character == " " || character == "\u00a0" || character == "\u202f" || character == "\t";
}
bool is_mark(const std::string& character) {
  return character == "," || character == "." || character == "!" || character == "?";
}

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

std::vector<std::string> words_of(std::string_view line) {
  check_utf8(line, "word pairs");
  std::vector<std::string> words;
  bool inside = false;
  for (const std::string& character : characters(std::string(line))) {
    if (is_space(character)) {
      inside = false;
      continue;
    }
    if (!inside || is_mark(character)) words.emplace_back();
    inside = true;
    const bool ascii_capital = character.size() == 1 && character[0] >= 'A' && character[0] <= 'Z';
    words.back() += ascii_capital ? std::string(1, char(character[0] + 32)) : small_letter(character);
  }
  return words;
}

std::string text_of(std::span<const std::string> words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

WordVocabulary::WordVocabulary(std::span<const std::vector<std::string>> sentences, int64_t min_frequency)
    : words_(std::begin(kSpecial), std::end(kSpecial)) {
  std::map<std::string, size_t> places;
  std::vector<std::pair<std::string, int64_t>> counts;  // in the order of their first coming
  for (const std::vector<std::string>& sentence : sentences)
    for (const std::string& word : sentence) {
      const auto [place, fresh] = places.emplace(word, counts.size());
      if (fresh) counts.emplace_back(word, 0);
      ++counts[place->second].second;
    }
  std::stable_sort(counts.begin(), counts.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  for (const auto& [word, count] : counts)
    if (count >= min_frequency && std::ranges::find(kSpecial, word) == std::end(kSpecial))
      words_.push_back(word);
  for (size_t i = 0; i < words_.size(); ++i) ids_.emplace(words_[i], uint32_t(i));
}

WordVocabulary::WordVocabulary(std::vector<std::string> words) : words_(std::move(words)) {
  for (size_t i = 0; i < std::size(kSpecial); ++i)
    FOVEA_CHECK(i < words_.size() && words_[i] == kSpecial[i], "word vocabulary: word ", i, " is ",
                i < words_.size() ? words_[i] : "absent", ", expected ", kSpecial[i]);
  for (size_t i = 0; i < words_.size(); ++i) {
    const auto [place, fresh] = ids_.emplace(words_[i], uint32_t(i));
    FOVEA_CHECK(fresh, "word vocabulary: ", words_[i], " is word ", place->second, " and word ", i);
  }
}

uint32_t WordVocabulary::id(const std::string& word) const {
  const auto found = ids_.find(word);
  return found == ids_.end() ? kUnknown : found->second;
}

const std::string& WordVocabulary::word(uint32_t id) const {
  FOVEA_CHECK(id < words_.size(), "word vocabulary: word ", id, " of ", words_.size());
  return words_[id];
}

std::vector<uint32_t> WordVocabulary::encode(std::string_view line, int64_t steps) const {
  std::vector<uint32_t> ids;
  for (const std::string& word : words_of(line)) ids.push_back(id(word));
  ids.push_back(kEnd);
  ids.resize(std::min(ids.size(), size_t(steps)));
  return ids;
}

std::string WordVocabulary::decode(std::span<const uint32_t> ids) const {
  std::vector<std::string> words;
  for (size_t i = 0; i < ids.size() && ids[i] != kEnd; ++i) words.push_back(word(ids[i]));
  return text_of(words);
}

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
