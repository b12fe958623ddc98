// JSON texts that nobody vouches for, read into nlohmann::json.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace fovea {

// An object that has a key twice: the last value stands (what Python does), or the text is an Error.
enum class DuplicateKeys { last, error };

// Strict: UTF-8, no comments, nothing after the value, at most 64 levels deep. Otherwise an Error that starts
// with `file` and says where.
nlohmann::json parse_json(std::string_view text, const std::string& file, DuplicateKeys duplicates);

// The value and a newline, indented by two, atomically.
void write_json(const std::filesystem::path& path, const nlohmann::ordered_json& value);

// A value for a message: scalars as they are (cut when long), containers by their size.
std::string describe(const nlohmann::json& value);

// A text from a file for a message: in quotes, cut when long.
std::string in_quotes(std::string_view text);

}  // namespace fovea
