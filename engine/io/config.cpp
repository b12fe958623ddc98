#include "io/config.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "core/check.h"
#include "io/json.h"

namespace fovea {
namespace {

using nlohmann::json;

constexpr int64_t kMaxLabels = 1'000'000;

template <class Number>
std::string wanted(const char* what, Bounds<Number> bounds) {
  const Bounds<Number> any;
  std::string text = concat("expected ", what);
  if (bounds.least != any.least) text += concat(" >= ", bounds.least);
  if (bounds.most != any.most) text += concat(bounds.least != any.least ? " and" : "", " <= ", bounds.most);
  return text;
}

// The whole text as a decimal index below `end`, or -1.
int64_t parse_index(const std::string& text, int64_t end) {
  int64_t index = -1;
  const char* last = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), last, index);
  return error == std::errc() && stop == last && index < end ? std::max<int64_t>(index, -1) : -1;
}

}  // namespace

JsonFile::JsonFile(std::string file, std::string prefix, std::shared_ptr<const json> object)
    : file_(std::move(file)), prefix_(std::move(prefix)), object_(std::move(object)) {}

JsonFile JsonFile::load(const File& from) {
  const std::string& file = from.name();
  // Settings from the hub do hold duplicate keys (label2id of ImageNet: two cranes), and the last one counts.
  auto value = std::make_shared<const json>(parse_json(from.text(), file, DuplicateKeys::last));
  FOVEA_CHECK(value->is_object(), file, ": expected a JSON object, got ", describe(*value));
  return {file, "", std::move(value)};
}

bool JsonFile::has(const std::string& key) const {
  const auto found = object_->find(key);
  return found != object_->end() && !found->is_null();
}

bool JsonFile::is_object(const std::string& key) const { return has(key) && object_->at(key).is_object(); }

bool JsonFile::is_string(const std::string& key) const { return has(key) && object_->at(key).is_string(); }

const json& JsonFile::require(const std::string& key) const {
  FOVEA_CHECK(has(key), file_, ": ", prefix_, key, ": ", object_->contains(key) ? "is null" : "is missing");
  return object_->at(key);
}

void JsonFile::reject(const std::string& key, const std::string& expected) const {
  fail(file_, ": ", prefix_, key, ": ", expected, ", got ", describe(object_->at(key)));
}

int64_t JsonFile::require_int(const std::string& key, Bounds<int64_t> bounds) const {
  const json& value = require(key);
  const bool fits = value.is_number_integer() &&
                    (!value.is_number_unsigned() || value.get<uint64_t>() <= uint64_t(INT64_MAX));
  if (!fits || value.get<int64_t>() < bounds.least || value.get<int64_t>() > bounds.most)
    reject(key, wanted("an integer", bounds));
  return value.get<int64_t>();
}

double JsonFile::require_float(const std::string& key, Bounds<double> bounds) const {
  const json& value = require(key);
  if (!value.is_number() || value.get<double>() < bounds.least || value.get<double>() > bounds.most)
    reject(key, wanted("a number", bounds));
  return value.get<double>();
}

bool JsonFile::require_bool(const std::string& key) const {
  const json& value = require(key);
  if (!value.is_boolean()) reject(key, "expected true or false");
  return value.get<bool>();
}

std::string JsonFile::require_string(const std::string& key) const {
  const json& value = require(key);
  if (!value.is_string()) reject(key, "expected a string");
  return value.get<std::string>();
}

int64_t JsonFile::get_int(const std::string& key, int64_t fallback, Bounds<int64_t> bounds) const {
  return has(key) ? require_int(key, bounds) : fallback;
}

double JsonFile::get_float(const std::string& key, double fallback, Bounds<double> bounds) const {
  return has(key) ? require_float(key, bounds) : fallback;
}

bool JsonFile::get_bool(const std::string& key, bool fallback) const {
  return has(key) ? require_bool(key) : fallback;
}

std::string JsonFile::get_string(const std::string& key, const std::string& fallback) const {
  return has(key) ? require_string(key) : fallback;
}

std::vector<double> JsonFile::require_floats(const std::string& key, size_t count) const {
  const json& value = require(key);
  if (value.is_number()) return std::vector<double>(count, value.get<double>());
  if (!value.is_array() || value.size() != count || !std::ranges::all_of(value, &json::is_number))
    reject(key, concat("expected a number or an array of ", count, " numbers"));
  return value.get<std::vector<double>>();
}

std::vector<std::string> JsonFile::require_strings(const std::string& key) const {
  const json& value = require(key);
  if (!value.is_array() || value.empty() || !std::ranges::all_of(value, &json::is_string))
    reject(key, "expected an array of strings");
  return value.get<std::vector<std::string>>();
}

std::vector<std::vector<uint32_t>> JsonFile::get_token_sequences(const std::string& key) const {
  std::vector<std::vector<uint32_t>> sequences;
  if (!has(key)) return sequences;
  const json& value = require(key);
  const auto is_token = [](const json& item) {
    return item.is_number_integer() && item.get<int64_t>() >= 0 && item.get<int64_t>() < int64_t(UINT32_MAX);
  };
  const auto fits = [&](const json& item) {
    return is_token(item) || (item.is_array() && !item.empty() && std::ranges::all_of(item, is_token));
  };
  if (!value.is_array() || !std::ranges::all_of(value, fits))
    reject(key, "expected an array of tokens or of arrays of tokens");
  for (const json& item : value)
    sequences.push_back(item.is_array() ? item.get<std::vector<uint32_t>>()
                                        : std::vector{item.get<uint32_t>()});
  return sequences;
}

JsonFile JsonFile::require_object(const std::string& key) const {
  const json& value = require(key);
  if (!value.is_object()) reject(key, "expected an object");
  // Shares the ownership of the whole file and points at the part.
  return {file_, prefix_ + key + ".", std::shared_ptr<const json>(object_, &value)};
}

std::vector<std::string> JsonFile::labels(int64_t count) const {
  const std::string key = "id2label";
  const int64_t end = count > 0 ? count : kMaxLabels;
  std::vector<std::pair<int64_t, std::string>> named;
  if (has(key)) {
    const JsonFile map = require_object(key);
    for (const auto& [index_text, label] : map.object_->items()) {
      const int64_t index = parse_index(index_text, end);
      FOVEA_CHECK(index >= 0, file_, ": ", key, ": expected an index from 0 to ", end - 1, ", got ",
                  in_quotes(index_text));
      named.emplace_back(index, map.require_string(index_text));
    }
  }
  if (count <= 0)
    for (const auto& [index, label] : named) count = std::max(count, index + 1);
  std::vector<std::string> labels;
  for (int64_t index = 0; index < count; ++index) labels.push_back(concat("LABEL_", index));
  for (auto& [index, label] : named) labels[size_t(index)] = std::move(label);
  return labels;
}

}  // namespace fovea
