// Text: its lines and the ids of its tokens.
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
