#include "fovea/word_vocabulary.hpp"

#include <algorithm>

#include "core/check.h"
#include "text/utf8.h"

namespace fovea {
namespace {

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

}  // namespace fovea
