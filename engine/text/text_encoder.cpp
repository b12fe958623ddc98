#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/check.h"
#include "fovea/text.hpp"
#include "io/file.h"
#include "text/tokenizer.h"

namespace fovea {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// As JSON of ASCII alone: some readers take the system's encoding.
std::string ascii(const std::string& text) { return json(text).dump(-1, ' ', true); }

}  // namespace

void write_vocabulary(const fs::path& path, const std::vector<std::string>& pieces) {
  std::string text;
  for (const std::string& piece : pieces)
    text += fmt::format("{}\n  {}: {}", text.empty() ? "{" : ",", ascii(piece), &piece - pieces.data());
  text += "\n}\n";
  write_file_atomically(path, std::as_bytes(std::span(text)));
}

void write_word_vocabularies(const fs::path& directory, const std::vector<std::string>& source,
                             const std::vector<std::string>& target) {
  fs::create_directories(directory);
  write_vocabulary(directory / "vocab.json", source);
  write_vocabulary(directory / "target_vocab.json", target);
}

struct TextEncoder::Impl {
  Impl(const ModelFiles& files, const std::string& side)
      : tokenizer(spm_tokenizer(files.open(side + ".spm"))),
        vocabulary(marian_vocabulary(files, side)),
        unknown(id("<unk>")) {}

  static std::unique_ptr<Impl> load(const ModelFiles& files, const std::string& side) {
    return from_file([&] { return std::make_unique<Impl>(files, side); });
  }

  uint32_t id(std::string_view token) const {
    const std::optional<uint32_t> found = vocabulary.find(token);
    FOVEA_CHECK(found, vocabulary.name(), ": no token ", token);
    return *found;
  }

  std::unique_ptr<Tokenizer> tokenizer;
  Vocabulary vocabulary;
  uint32_t unknown;
};

TextEncoder::TextEncoder(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TextEncoder::~TextEncoder() = default;
TextEncoder::TextEncoder(TextEncoder&&) noexcept = default;

TextEncoder TextEncoder::source(const ModelFiles& files) { return TextEncoder(Impl::load(files, "source")); }
TextEncoder TextEncoder::target(const ModelFiles& files) { return TextEncoder(Impl::load(files, "target")); }

int64_t TextEncoder::vocab() const { return impl_->vocabulary.size(); }

uint32_t TextEncoder::id(std::string_view token) const { return impl_->id(token); }

std::vector<uint32_t> TextEncoder::encode(std::string_view line) const {
  std::vector<uint32_t> ids;
  for (const std::string& token : impl_->tokenizer->encode(line))
    ids.push_back(impl_->vocabulary.find(token).value_or(impl_->unknown));
  return ids;
}

std::string TextEncoder::decode(std::span<const uint32_t> ids) const {
  std::vector<std::string> tokens;
  for (const uint32_t id : ids) tokens.push_back(impl_->vocabulary.token(id));
  return impl_->tokenizer->decode(tokens);
}

}  // namespace fovea
