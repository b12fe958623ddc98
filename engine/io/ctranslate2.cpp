#include "io/ctranslate2.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <span>
#include <string_view>

#include "core/check.h"
#include "core/extents.h"
#include "core/half.h"
#include "io/json.h"

namespace fovea {

enum class CTranslate2Type : uint8_t {
  float32,
  int8,
  int16,
  int32,
  float16,
  bfloat16
};  // as numbered in files

struct CTranslate2Variable {
  CTranslate2Type dtype;
  std::vector<int64_t> shape;
  std::span<const std::byte> bytes;
  std::vector<float> scales;  // one, or one a row; none: the values are what is stored
};

namespace {

using nlohmann::json;
using Variable = CTranslate2Variable;
using Variables = std::map<std::string, std::shared_ptr<Variable>>;
using Type = CTranslate2Type;

static_assert(std::endian::native == std::endian::little, "model.bin holds little-endian numbers");

constexpr uint32_t kOldestVersion = 2, kNewestVersion = 6;
constexpr uint32_t kAliasesSince = 3, kTypesSince = 4;  // versions
constexpr float kDefaultInt16Scale = 1000;              // of files older than saved scales

struct StoredType {
  const char* name;
  uint64_t bytes;
};
constexpr StoredType kStoredTypes[] = {{"float32", 4}, {"int8", 1},    {"int16", 2},
                                       {"int32", 4},   {"float16", 2}, {"bfloat16", 2}};

const StoredType& stored(Type dtype) { return kStoredTypes[size_t(dtype)]; }

uint64_t elements(const Variable& variable) { return variable.bytes.size() / stored(variable.dtype).bytes; }

// Walks through the file from its begin; what does not fit is an Error of `where` and `what` is read.
class Reader {
 public:
  explicit Reader(const File& file) : bytes_(file.bytes()) {}

  std::span<const std::byte> take(uint64_t size, const std::string& where, const char* what) {
    FOVEA_CHECK(size <= bytes_.size() - at_, where, ": ", what, " takes ", size, " bytes from byte ", at_,
                " on, the file has ", bytes_.size(), " bytes");
    const std::span<const std::byte> taken = bytes_.subspan(at_, size);
    at_ += size;
    return taken;
  }

  template <class Number>
  Number number(const std::string& where, const char* what) {
    Number number;
    std::memcpy(&number, take(sizeof number, where, what).data(), sizeof number);
    return number;
  }

  std::string text(const std::string& where, const char* what) {
    const uint16_t length = number<uint16_t>(where, what);
    const std::span<const std::byte> taken = take(length, where, what);
    const std::string_view text(reinterpret_cast<const char*>(taken.data()), taken.size());
    const size_t zero = text.find('\0');
    FOVEA_CHECK(zero != std::string_view::npos, where, ": ", what, ": no zero ends its ", length, " bytes");
    FOVEA_CHECK(zero + 1 == length, where, ": ", what, ": ", length, " bytes, but a zero after ", zero);
    return std::string(text.substr(0, zero));
  }

  uint64_t at() const { return at_; }
  uint64_t size() const { return bytes_.size(); }

 private:
  std::span<const std::byte> bytes_;
  uint64_t at_ = 0;
};

// Old files say how wide an element is; CTranslate2 never wrote float16 or int32 into them.
Type type_of_width(uint8_t width, const std::string& where) {
  FOVEA_CHECK(width == 1 || width == 2 || width == 4, where, ": elements of ", int(width),
              " bytes, expected 1, 2 or 4");
  return width == 4 ? Type::float32 : width == 2 ? Type::int16 : Type::int8;
}

// What stands after a variable's name.
Variable read_variable(Reader& reader, uint32_t version, const std::string& where) {
  Variable variable;
  const uint8_t rank = reader.number<uint8_t>(where, "its rank");
  for (uint8_t axis = 0; axis < rank; ++axis)
    variable.shape.push_back(reader.number<uint32_t>(where, "its shape"));

  const uint8_t code = reader.number<uint8_t>(where, "its dtype");
  if (version >= kTypesSince) {
    FOVEA_CHECK(code < std::size(kStoredTypes), where, ": dtype ", int(code), ", expected 0 to ",
                std::size(kStoredTypes) - 1);
    variable.dtype = Type(code);
  } else {
    variable.dtype = type_of_width(code, where);
  }
  const StoredType& dtype = stored(variable.dtype);
  uint64_t bytes = reader.number<uint32_t>(where, "its size");
  if (version < kTypesSince) bytes *= dtype.bytes;

  uint64_t size = dtype.bytes;
  for (const int64_t extent : variable.shape) {
    FOVEA_CHECK(extent == 0 || size <= UINT64_MAX / uint64_t(extent), where, ": shape ",
                extents_text(variable.shape), " has too many elements to count");
    size *= uint64_t(extent);
  }
  FOVEA_CHECK(size == bytes, where, ": ", dtype.name, ' ', extents_text(variable.shape), " takes ", size,
              " bytes, its size says ", bytes);
  variable.bytes = reader.take(size, where, "its data");
  return variable;
}

// The scales of a quantised variable: as many as expected, and safe to divide by.
std::vector<float> read_scales(const Variable& scale, uint64_t expected, const std::string& where) {
  FOVEA_CHECK(scale.dtype == Type::float32, where, ": expected float32, got ", stored(scale.dtype).name);
  FOVEA_CHECK(elements(scale) == expected, where, ": expected ", expected, " elements, got ",
              extents_text(scale.shape));
  std::vector<float> scales(expected);
  if (expected) std::memcpy(scales.data(), scale.bytes.data(), scale.bytes.size());
  for (size_t i = 0; i < scales.size(); ++i)
    FOVEA_CHECK(std::isfinite(scales[i]) && scales[i] != 0, where,
                ": expected finite values other than 0, got ", scales[i], " at ", i);
  return scales;
}

// Gives every quantised variable its scales. Integers of rank 0 are settings, with or without a namesake.
void find_scales(const Variables& variables, const std::string& file) {
  for (const auto& [name, variable] : variables) {
    const bool is_int8 = variable->dtype == Type::int8, is_int16 = variable->dtype == Type::int16;
    if (variable->shape.empty() || !(is_int8 || is_int16 || variable->dtype == Type::int32)) continue;
    const std::string where = concat(file, ": variable ", in_quotes(name));
    const auto scale = variables.find(name + "_scale");
    if (scale == variables.end()) {
      if (!name.ends_with("weight")) continue;
      FOVEA_CHECK(is_int16, where, ": ", stored(variable->dtype).name, ", but there is no variable ",
                  in_quotes(name + "_scale"));
      variable->scales = {kDefaultInt16Scale};
      continue;
    }
    FOVEA_CHECK(is_int8 || is_int16, where,
                ": int32 with a scale: packed weights are not supported, expected int8 or int16");
    variable->scales = read_scales(*scale->second, is_int8 ? uint64_t(variable->shape[0]) : 1,
                                   concat(file, ": variable ", in_quotes(scale->first)));
  }
}

template <class Stored, class Convert>
void convert_each(std::span<const std::byte> bytes, std::vector<float>& values, Convert convert) {
  for (size_t i = 0; i < values.size(); ++i) {
    Stored value;
    std::memcpy(&value, bytes.data() + i * sizeof value, sizeof value);
    values[i] = convert(value);
  }
}

std::vector<float> to_floats(const Variable& variable) {
  std::vector<float> values(elements(variable));
  const auto number = [](auto value) { return float(value); };
  switch (variable.dtype) {
    case Type::float32:
      convert_each<float>(variable.bytes, values, number);
      break;
    case Type::int8:
      convert_each<int8_t>(variable.bytes, values, number);
      break;
    case Type::int16:
      convert_each<int16_t>(variable.bytes, values, number);
      break;
    case Type::int32:
      convert_each<int32_t>(variable.bytes, values, number);
      break;
    case Type::float16:
      convert_each<uint16_t>(variable.bytes, values, float_from_half);
      break;
    case Type::bfloat16:
      convert_each<uint16_t>(variable.bytes, values, float_from_bfloat16);
      break;
  }
  if (variable.scales.empty()) return values;
  const size_t row = values.size() / variable.scales.size();
  for (size_t i = 0; i < values.size(); ++i) values[i] /= variable.scales[i / row];
  return values;
}

std::vector<std::string> tokens_of_json(const File& file) {
  const json value = parse_json(file.text(), file.name(), DuplicateKeys::error);
  FOVEA_CHECK(value.is_array(), file.name(), ": expected an array of tokens, got ", describe(value));
  std::vector<std::string> tokens;
  for (const json& token : value) {
    FOVEA_CHECK(token.is_string(), file.name(), ": token ", tokens.size(), ": expected a string, got ",
                describe(token));
    tokens.push_back(token.get<std::string>());
  }
  return tokens;
}

std::vector<std::string> tokens_of_lines(std::string_view text) {
  std::vector<std::string> tokens;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    tokens.emplace_back(line);
  }
  return tokens;
}

}  // namespace

CTranslate2File::CTranslate2File(File from) : file_(std::move(from)) {
  const std::string& file = file_.name();
  Reader reader(file_);
  version_ = reader.number<uint32_t>(file, "the binary version");
  FOVEA_CHECK(kOldestVersion <= version_ && version_ <= kNewestVersion, file, ": binary version ", version_,
              ", expected ", kOldestVersion, " to ", kNewestVersion);
  spec_ = reader.text(file, "the name of the spec");
  revision_ = reader.number<uint32_t>(file, "the revision of the spec");

  Variables variables;
  const uint32_t count = reader.number<uint32_t>(file, "the number of variables");
  for (uint32_t i = 0; i < count; ++i) {
    const std::string name = reader.text(concat(file, ": variable ", i, " of ", count), "its name");
    const std::string where = concat(file, ": variable ", in_quotes(name));
    FOVEA_CHECK(!variables.contains(name), where, ": stands twice, the second time as variable ", i, " of ",
                count);
    variables.emplace(name, std::make_shared<Variable>(read_variable(reader, version_, where)));
  }
  find_scales(variables, file);
  variables_.insert(variables.begin(), variables.end());

  const uint32_t aliases =
      version_ < kAliasesSince ? 0 : reader.number<uint32_t>(file, "the number of aliases");
  for (uint32_t i = 0; i < aliases; ++i) {
    const std::string alias = reader.text(concat(file, ": alias ", i, " of ", aliases), "its name");
    const std::string where = concat(file, ": alias ", in_quotes(alias));
    const std::string name = reader.text(where, "its variable");
    const auto found = variables_.find(name);
    FOVEA_CHECK(found != variables_.end(), where, ": there is no variable ", in_quotes(name));
    FOVEA_CHECK(variables_.emplace(alias, found->second).second, where,
                ": the name is taken, it cannot stand for ", in_quotes(name), ", too");
  }
  FOVEA_CHECK(reader.at() == reader.size(), file, ": the model ends at byte ", reader.at(), ", the file has ",
              reader.size(), " bytes");
}

const CTranslate2Variable& CTranslate2File::find(const std::string& name) const {
  const auto found = variables_.find(name);
  FOVEA_CHECK(found != variables_.end(), file_.name(), ": has no variable ", in_quotes(name));
  return *found->second;
}

std::vector<std::string> CTranslate2File::names() const {
  std::vector<std::string> names;
  for (const auto& [name, variable] : variables_) names.push_back(name);
  return names;
}

std::vector<int64_t> CTranslate2File::shape(const std::string& name) const { return find(name).shape; }

std::vector<float> CTranslate2File::read_f32(const std::string& name, const Shape& expected) const {
  const Variable& variable = find(name);
  FOVEA_CHECK(std::ranges::equal(variable.shape, expected), file_.name(), ": variable ", in_quotes(name),
              ": expected shape ", expected, ", got ", extents_text(variable.shape));
  return to_floats(variable);
}

double CTranslate2File::number(const std::string& name, double fallback) const {
  if (!has(name)) return fallback;
  const Variable& variable = find(name);
  const std::string where = concat(file_.name(), ": variable ", in_quotes(name));
  FOVEA_CHECK(elements(variable) == 1, where, ": expected one element, got shape ",
              extents_text(variable.shape));
  if (variable.dtype == Type::int32) {  // beyond 2^24 a float would round it
    int32_t value;
    std::memcpy(&value, variable.bytes.data(), sizeof value);
    return value;
  }
  const float value = to_floats(variable)[0];
  FOVEA_CHECK(std::isfinite(value), where, ": expected a finite number, got ", value);
  return value;
}

std::optional<std::vector<std::string>> find_vocabulary(const ModelFiles& files, const std::string& stem) {
  if (const std::optional<File> json = files.find(stem + ".json")) return tokens_of_json(*json);
  if (const std::optional<File> lines = files.find(stem + ".txt")) return tokens_of_lines(lines->text());
  return std::nullopt;
}

std::vector<std::string> read_vocabulary(const ModelFiles& files, const std::string& stem) {
  std::optional<std::vector<std::string>> found = find_vocabulary(files, stem);
  FOVEA_CHECK(found, files.label(), ": has no vocabulary ", stem, ".json or ", stem, ".txt");
  return std::move(*found);
}

}  // namespace fovea
