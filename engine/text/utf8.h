// UTF-8, strictly: no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace fovea {

// Bytes of the code point that `text` starts with, 1 to 4; 0 where it starts with none (or is empty).
size_t character_bytes(std::string_view text);

// Bytes of the longest start of `text` that is UTF-8: where the text stops being it.
size_t utf8_prefix(std::string_view text);
bool is_utf8(std::string_view text);

// Error: "what: not UTF-8 at byte 3 of 7".
void check_utf8(std::string_view text, std::string_view what);

// The lines of a text, without their ends (LF or CR LF). Error: "name:3: not UTF-8 ..".
std::vector<std::string> lines_of(std::string_view text, std::string_view name);

// The code points, each as its bytes. Text that is not UTF-8 is an Error.
std::vector<std::string> characters(std::string_view text);

}  // namespace fovea
