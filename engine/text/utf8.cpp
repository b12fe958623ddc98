#include "text/utf8.h"

#include <algorithm>
#include <cstdint>

#include "core/check.h"

namespace fovea {
namespace {

// The bytes that may come second depend on the first: this keeps out overlong forms, surrogates and what lies
// above U+10FFFF. Bytes after the second are 80..bf.
struct Form {
  uint8_t first, last;  // of the first byte
  uint8_t least, most;  // of the second byte
  uint8_t bytes;
};
constexpr Form kForms[] = {
    {0x00, 0x7f, 0x00, 0x00, 1}, {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
    {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
    {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
};

}  // namespace

size_t character_bytes(std::string_view text) {
  if (text.empty()) return 0;
  const auto byte = [&](size_t index) { return uint8_t(text[index]); };
  for (const Form& form : kForms) {
    if (byte(0) < form.first || byte(0) > form.last) continue;
    if (text.size() < form.bytes) return 0;
    if (form.bytes > 1 && (byte(1) < form.least || byte(1) > form.most)) return 0;
    for (size_t index = 2; index < form.bytes; ++index)
      if (byte(index) < 0x80 || byte(index) > 0xbf) return 0;
    return form.bytes;
  }
  return 0;
}

size_t utf8_prefix(std::string_view text) {
  size_t at = 0;
  while (const size_t bytes = character_bytes(text.substr(at))) at += bytes;
  return at;
}

bool is_utf8(std::string_view text) { return utf8_prefix(text) == text.size(); }

void check_utf8(std::string_view text, std::string_view what) {
  const size_t end = utf8_prefix(text);
  FOVEA_CHECK(end == text.size(), what, ": not UTF-8 at byte ", end, " of ", text.size());
}

std::vector<std::string> lines_of(std::string_view text, std::string_view name) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    check_utf8(line, concat(name, ":", lines.size() + 1));
    lines.emplace_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::vector<std::string> characters(std::string_view text) {
  std::vector<std::string> all;
  for (size_t at = 0; at < text.size(); at += all.back().size()) {
    const size_t bytes = character_bytes(text.substr(at));
    FOVEA_CHECK(bytes > 0, "characters: not UTF-8 at byte ", at, " of ", text.size());
    all.emplace_back(text.substr(at, bytes));
  }
  return all;
}

}  // namespace fovea
