#include "io/json.h"

#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "core/check.h"
#include "io/file.h"

namespace fovea {
namespace {

using nlohmann::json;

constexpr int kMaxDepth = 64;
constexpr size_t kMaxQuoted = 100;

// Watches the parser: the keys seen so far in each object that is still open, and how many values are open.
class Watch {
 public:
  Watch(const std::string& file, DuplicateKeys duplicates) : file_(file), duplicates_(duplicates) {}

  void operator()(json::parse_event_t event, const json& parsed) {
    using Event = json::parse_event_t;
    if (event == Event::object_start || event == Event::array_start) {
      FOVEA_CHECK(keys_.size() < kMaxDepth, file_, ": nested deeper than ", kMaxDepth, " levels");
      keys_.emplace_back();
    } else if (event == Event::object_end || event == Event::array_end) {
      keys_.pop_back();
    } else if (event == Event::key && duplicates_ == DuplicateKeys::error) {
      const auto& key = parsed.get_ref<const std::string&>();
      FOVEA_CHECK(keys_.back().insert(key).second, file_, ": the key ", in_quotes(key),
                  " stands twice in one object");
    }
  }

 private:
  const std::string& file_;
  DuplicateKeys duplicates_;
  std::vector<std::set<std::string>> keys_;
};

}  // namespace

json parse_json(std::string_view text, const std::string& file, DuplicateKeys duplicates) {
  // The parser takes a zero byte for the end of the text.
  const size_t zero = text.find('\0');
  FOVEA_CHECK(zero == std::string_view::npos, file, ": not JSON: a zero byte at byte ", zero);
  Watch watch(file, duplicates);
  try {
    return json::parse(text, [&](int, json::parse_event_t event, json& parsed) {
      watch(event, parsed);
      return true;
    });
  } catch (const json::exception& error) {
    // "[json.exception.parse_error.101] parse error at line .."
    const std::string_view message = error.what();
    const size_t tag = message.find("] ");
    fail(file, ": not JSON: ", tag == std::string_view::npos ? message : message.substr(tag + 2));
  }
}

std::string describe(const json& value) {
  if (value.is_object()) return concat("an object of ", value.size(), " keys");
  if (value.is_array()) return concat("an array of ", value.size(), " values");
  if (value.is_string()) return in_quotes(value.get_ref<const std::string&>());
  return value.dump();
}

std::string in_quotes(std::string_view text) {
  if (text.size() <= kMaxQuoted) return concat('"', text, '"');
  return concat('"', text.substr(0, kMaxQuoted), "...\" (", text.size(), " bytes)");
}

void write_json(const std::filesystem::path& path, const nlohmann::ordered_json& value) {
  const std::string text = value.dump(2) + "\n";
  write_file_atomically(path, std::as_bytes(std::span(text)));
}

}  // namespace fovea
