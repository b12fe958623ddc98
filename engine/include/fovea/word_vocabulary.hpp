// Words of a line and their ids, as Zhang et al., Dive into Deep Learning, "Machine Translation and the
// Dataset", has them: lower case, punctuation as words, rare words unknown.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fovea/core.hpp"

namespace fovea FOVEA_API {

// The words of a line: split at spaces, and each of , . ! ? begins one, as the textbook puts a space in front
// of them: "3.5" is 3 and .5. Latin letters up to U+017E become small; those behind them, such as Ș and Ạ,
// stay as they are. Error: not UTF-8.
std::vector<std::string> words_of(std::string_view line);
std::string text_of(std::span<const std::string> words);  // with a space between them

// Words and their ids: the special ones below, then the words by how often they come, those that come as
// often by where they first come.
class WordVocabulary {
 public:
  static constexpr uint32_t kUnknown = 0, kPad = 1, kStart = 2, kEnd = 3;

  // Of the words that come at least min_frequency times in these sentences.
  explicit WordVocabulary(std::span<const std::vector<std::string>> sentences, int64_t min_frequency = 2);
  // Of words by id, as words() gives them. Error: not the special ones in front, or one twice.
  explicit WordVocabulary(std::vector<std::string> words);

  int64_t size() const { return int64_t(words_.size()); }
  const std::vector<std::string>& words() const { return words_; }
  uint32_t id(const std::string& word) const;  // kUnknown: it has none
  const std::string& word(uint32_t id) const;  // Error: no such id
  // Ids of a line and kEnd: at most `steps`, the rest is cut off.
  std::vector<uint32_t> encode(std::string_view line, int64_t steps) const;
  std::string decode(std::span<const uint32_t> ids) const;  // the words in front of the first kEnd

 private:
  std::vector<std::string> words_;
  std::map<std::string, uint32_t> ids_;
};

}  // namespace fovea
