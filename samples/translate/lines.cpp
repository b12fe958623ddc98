#include "lines.h"

#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

namespace {

// JSON is UTF-8: its library throws at other text.
bool is_utf8(const std::string& text) {
  try {
    return !nlohmann::json(text).dump().empty();
  } catch (const nlohmann::json::type_error&) {
    return false;
  }
}

}  // namespace

bool Lines::next(std::string& line) {
  if (!std::getline(in_, line)) return false;
  if (line.ends_with('\r')) line.pop_back();
  ++count_;
  good_ = is_utf8(line);
  if (good_) return true;
  fmt::print(stderr, "translate: {}: line {} is not UTF-8\n", name_, count_);
  line.clear();
  all_good_ = false;
  return true;
}
