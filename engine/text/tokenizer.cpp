#include "text/tokenizer.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/check.h"
#include "io/json.h"
#include "text/utf8.h"

namespace fovea {
namespace {

using nlohmann::json;

constexpr std::string_view kIdeographicSpace = "\u3000";

// Bytes of the blank that `text` starts with, 0 where it starts with none.
size_t blank_bytes(std::string_view text) {
  if (text.starts_with(kIdeographicSpace)) return kIdeographicSpace.size();
  return !text.empty() && std::string_view(" \t\n\v\f\r").find(text[0]) != std::string_view::npos;
}

class WordTokenizer : public Tokenizer {
 public:
  std::vector<std::string> encode(std::string_view line) const override {
    check_utf8(line, "word_tokenizer: line");
    std::vector<std::string> words;
    size_t start = 0, at = 0;
    const auto end_word = [&] {
      if (at > start) words.emplace_back(line.substr(start, at - start));
    };
    while (at < line.size()) {
      const size_t blank = blank_bytes(line.substr(at));
      if (blank > 0) {
        end_word();
        start = at + blank;
      }
      at += std::max<size_t>(blank, 1);
    }
    end_word();
    return words;
  }

  std::string decode(std::span<const std::string> tokens) const override {
    std::string text;
    for (size_t index = 0; index < tokens.size(); ++index) {
      if (index > 0) text += ' ';
      text += tokens[index];
    }
    return text;
  }
};

class CharTokenizer : public Tokenizer {
 public:
  std::vector<std::string> encode(std::string_view line) const override {
    check_utf8(line, "char_tokenizer: line");
    return characters(line);
  }

  std::string decode(std::span<const std::string> tokens) const override {
    std::string text;
    for (const std::string& token : tokens) text += token;
    return text;
  }
};

}  // namespace

Vocabulary::Vocabulary(std::vector<std::string> tokens, std::string name)
    : tokens_(std::move(tokens)), name_(std::move(name)) {
  FOVEA_CHECK(!tokens_.empty(), name_, ": a vocabulary of 0 tokens, at least 1 is needed");
  FOVEA_CHECK(tokens_.size() <= UINT32_MAX, name_, ": ", tokens_.size(), " tokens, at most ", UINT32_MAX,
              " have ids");
  ids_.reserve(tokens_.size());
  for (size_t id = 0; id < tokens_.size(); ++id) {
    const auto [found, is_new] = ids_.emplace(tokens_[id], uint32_t(id));
    FOVEA_CHECK(is_new, name_, ": the token ", in_quotes(tokens_[id]), " stands twice: as ", found->second,
                " and as ", id);
  }
}

const std::string& Vocabulary::token(uint32_t id) const {
  FOVEA_CHECK(id < tokens_.size(), name_, ": no token ", id, ", expected an id from 0 to ", size() - 1);
  return tokens_[id];
}

std::optional<uint32_t> Vocabulary::find(std::string_view token) const {
  const auto found = ids_.find(token);
  return found == ids_.end() ? std::nullopt : std::optional(found->second);
}

Vocabulary marian_vocabulary(const File& from) {
  const std::string& file = from.name();
  const json ids = parse_json(from.text(), file, DuplicateKeys::error);
  FOVEA_CHECK(ids.is_object(), file, ": expected an object {token: id}, got ", describe(ids));
  std::vector<const std::string*> owners(ids.size());
  for (auto item = ids.begin(); item != ids.end(); ++item) {
    // As many ids as tokens, each below their number and none twice: so there are no gaps.
    const json& id = item.value();
    FOVEA_CHECK(id.is_number_unsigned() && id.get<uint64_t>() < ids.size(), file, ": ", in_quotes(item.key()),
                ": expected an id from 0 to ", ids.size() - 1, ", got ", describe(id));
    const std::string*& owner = owners[id.get<size_t>()];
    FOVEA_CHECK(!owner, file, ": the id ", describe(id), " stands twice: ", in_quotes(owner ? *owner : ""),
                " and ", in_quotes(item.key()));
    owner = &item.key();
  }
  std::vector<std::string> tokens;
  tokens.reserve(owners.size());
  for (const std::string* owner : owners) tokens.push_back(*owner);
  return {std::move(tokens), file};
}

Vocabulary marian_vocabulary(const ModelFiles& files, const std::string& side) {
  const std::optional<File> own = side == "target" ? files.find("target_vocab.json") : std::nullopt;
  return marian_vocabulary(own ? *own : files.open("vocab.json"));
}

std::unique_ptr<Tokenizer> word_tokenizer() { return std::make_unique<WordTokenizer>(); }

std::unique_ptr<Tokenizer> char_tokenizer() { return std::make_unique<CharTokenizer>(); }

}  // namespace fovea
