// Text to token strings to ids, and back: vocabularies and tokenizers of translation models.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "io/file.h"

namespace fovea {

// Tokens by id: the place in the list is the id.
class Vocabulary {
 public:
  // name: for messages, the file as a rule. Error: no tokens, or a token that stands twice.
  Vocabulary(std::vector<std::string> tokens, std::string name);

  int64_t size() const { return int64_t(tokens_.size()); }
  const std::string& token(uint32_t id) const;  // Error: an id past the end
  std::optional<uint32_t> find(std::string_view token) const;
  const std::string& name() const { return name_; }

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  std::vector<std::string> tokens_;
  std::unordered_map<std::string, uint32_t, Hash, std::equal_to<>> ids_;
  std::string name_;
};

// vocab.json of Marian as the hub keeps it: one object {"token": id}. Error: not such an object, or ids that
// are not 0 .. n-1, each once.
Vocabulary marian_vocabulary(const File& file);
// Of a side, "source" or "target": vocab.json, or a target_vocab.json of the target's own.
Vocabulary marian_vocabulary(const ModelFiles& files, const std::string& side);
void write_vocabulary(const std::filesystem::path& path, const std::vector<std::string>& tokens);

// One side of a model: its source or its target. An empty line has no tokens. Threads may share one.
class Tokenizer {
 public:
  virtual ~Tokenizer() = default;
  virtual std::vector<std::string> encode(std::string_view line) const = 0;  // Error: not UTF-8
  virtual std::string decode(std::span<const std::string> tokens) const = 0;
};

// SentencePiece (unigram, BPE, with its own normalisation), as encode_as_pieces and decode_pieces of its
// Python package: control pieces such as </s> decode to nothing. Error: a file that is damaged.
std::unique_ptr<Tokenizer> spm_tokenizer(const File& model);

// Splits at ASCII whitespace and at U+3000, the ideographic space; decode joins with one space.
std::unique_ptr<Tokenizer> word_tokenizer();

// A token for every code point, spaces too; decode concatenates.
std::unique_ptr<Tokenizer> char_tokenizer();

}  // namespace fovea
