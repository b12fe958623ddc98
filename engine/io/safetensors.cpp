#include "io/safetensors.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <deque>
#include <nlohmann/json.hpp>
#include <numeric>
#include <string_view>

#include "core/check.h"
#include "core/edit_distance.h"
#include "core/extents.h"
#include "core/half.h"
#include "io/json.h"

namespace fovea {
namespace {

using nlohmann::json;

static_assert(std::endian::native == std::endian::little, "safetensors holds little-endian numbers");

constexpr size_t kLengthBytes = 8;
constexpr uint64_t kMaxHeader = 100'000'000;  // as the reference implementation

struct StoredType {
  std::string_view name;
  uint64_t bytes;
};
constexpr StoredType kStoredTypes[] = {
    {"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"F8_E4M3", 1}, {"F8_E5M2", 1}, {"F8_E8M0", 1},
    {"U16", 2},  {"I16", 2}, {"F16", 2}, {"BF16", 2},    {"U32", 4},     {"I32", 4},
    {"F32", 4},  {"U64", 8}, {"I64", 8}, {"F64", 8},
};

// The header entry of one tensor: reads its fields, naming file and tensor when they are not what they should
// be.
class Entry {
 public:
  Entry(const std::string& file, const std::string& name, const json& entry)
      : where_(concat(file, ": tensor ", in_quotes(name))), entry_(entry) {
    FOVEA_CHECK(entry.is_object(), where_, ": expected an object, got ", describe(entry));
  }

  const std::string& where() const { return where_; }

  const StoredType& dtype() const {
    const json& value = field("dtype");
    FOVEA_CHECK(value.is_string(), where_, ": dtype: expected a string, got ", describe(value));
    const auto found =
        std::ranges::find(kStoredTypes, value.get_ref<const std::string&>(), &StoredType::name);
    FOVEA_CHECK(found != std::end(kStoredTypes), where_, ": unknown dtype ", describe(value));
    return *found;
  }

  // The non-negative integers of an array.
  std::vector<int64_t> integers(const char* key) const {
    const json& value = field(key);
    FOVEA_CHECK(value.is_array(), where_, ": ", key, ": expected an array, got ", describe(value));
    std::vector<int64_t> integers;
    for (const json& item : value) {
      FOVEA_CHECK(item.is_number_unsigned() && item.get<uint64_t>() <= uint64_t(INT64_MAX), where_, ": ", key,
                  ": expected integers from 0 to 2^63 - 1, got ", describe(item));
      integers.push_back(item.get<int64_t>());
    }
    return integers;
  }

 private:
  const json& field(const char* key) const {
    const auto found = entry_.find(key);
    FOVEA_CHECK(found != entry_.end(), where_, ": has no ", key);
    return *found;
  }

  std::string where_;
  const json& entry_;
};

// Checks one entry against itself and against the data it points into.
SafeTensors::Info read_info(const Entry& entry, std::span<const std::byte> data) {
  const std::string& where = entry.where();
  const StoredType& dtype = entry.dtype();
  const std::vector<int64_t> shape = entry.integers("shape");
  uint64_t size = dtype.bytes;
  for (const int64_t extent : shape) {
    FOVEA_CHECK(extent == 0 || size <= UINT64_MAX / uint64_t(extent), where, ": shape ", extents_text(shape),
                " has too many elements to count");
    size *= uint64_t(extent);
  }
  const std::vector<int64_t> offsets = entry.integers("data_offsets");
  FOVEA_CHECK(offsets.size() == 2, where, ": data_offsets: expected 2 integers, got ", offsets.size());
  const uint64_t begin = uint64_t(offsets[0]);
  const uint64_t end = uint64_t(offsets[1]);
  FOVEA_CHECK(begin <= end, where, ": begins at byte ", begin, ", after its end ", end);
  FOVEA_CHECK(end <= data.size(), where, ": ends at byte ", end, ", the file has ", data.size(),
              " bytes of data");
  FOVEA_CHECK(end - begin == size, where, ": ", dtype.name, ' ', extents_text(shape), " takes ", size,
              " bytes, data_offsets span ", end - begin);
  return {std::string(dtype.name), shape, data.subspan(begin, end - begin)};
}

// Sorted by their offsets, the tensors must tile the data: each begins where the one before ends.
void check_tiling(const std::map<std::string, SafeTensors::Info>& tensors, std::span<const std::byte> data,
                  const std::string& file) {
  struct Range {
    ptrdiff_t begin, end;
    const std::string* name;
  };
  std::vector<Range> ranges;
  for (const auto& [name, info] : tensors) {
    const ptrdiff_t begin = info.bytes.data() - data.data();
    ranges.push_back({begin, begin + std::ssize(info.bytes), &name});
  }
  std::ranges::sort(ranges, {}, [](const Range& range) { return std::pair(range.begin, range.end); });
  ptrdiff_t covered = 0;
  for (const Range& range : ranges) {
    FOVEA_CHECK(
        range.begin == covered, file, ": tensor ", in_quotes(*range.name),
        range.begin < covered ? ": overlaps another: begins at byte " : ": leaves a hole: begins at byte ",
        range.begin, ", the tensors before it end at byte ", covered);
    covered = range.end;
  }
  FOVEA_CHECK(covered == std::ssize(data), file, ": the tensors end at byte ", covered, ", the file has ",
              data.size(), " bytes of data");
}

// The JSON text behind the length.
std::string_view header_text(const File& file) {
  const std::span<const std::byte> bytes = file.bytes();
  FOVEA_CHECK(bytes.size() >= kLengthBytes, file.name(), ": ", bytes.size(),
              " bytes, too short for the 8 bytes of a safetensors header length");
  uint64_t length;
  std::memcpy(&length, bytes.data(), kLengthBytes);
  FOVEA_CHECK(length <= kMaxHeader, file.name(), ": a header of ", length, " bytes, at most ", kMaxHeader,
              " are allowed");
  FOVEA_CHECK(length <= bytes.size() - kLengthBytes, file.name(), ": a header of ", length, " bytes, only ",
              bytes.size() - kLengthBytes, " follow");
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()) + kLengthBytes, length);
  FOVEA_CHECK(text.starts_with('{'), file.name(), ": the header must start with {, got ",
              in_quotes(text.substr(0, 1)));
  return text;
}

// "; did you mean "a" or "b"?", or nothing when no name comes near.
std::string suggestion(const std::map<std::string, SafeTensors::Info>& tensors, const std::string& name) {
  std::vector<std::pair<size_t, std::string_view>> near;
  for (const auto& [other, info] : tensors) {
    if (std::max(other.size(), name.size()) > 200) continue;
    const size_t distance = edit_distance(std::string_view(name), std::string_view(other));
    if (distance <= std::max<size_t>(2, name.size() / 4)) near.emplace_back(distance, other);
  }
  std::ranges::sort(near);
  std::string text;
  for (size_t i = 0; i < std::min<size_t>(near.size(), 3); ++i)
    text += (i ? " or " : "; did you mean ") + in_quotes(near[i].second);
  return text.empty() ? text : text + "?";
}

template <float convert(uint16_t)>
void widen(std::span<const std::byte> bytes, std::vector<float>& values) {
  for (size_t i = 0; i < values.size(); ++i) {
    uint16_t stored;
    std::memcpy(&stored, bytes.data() + 2 * i, 2);
    values[i] = convert(stored);
  }
}

}  // namespace

SafeTensors::SafeTensors(File file) : file_(std::move(file)) {
  const std::string_view text = header_text(file_);
  const std::span<const std::byte> data = file_.bytes().subspan(kLengthBytes + text.size());
  const json header = parse_json(text, file_.name(), DuplicateKeys::error);
  for (const auto& [name, value] : header.items()) {
    if (name != "__metadata__") {
      tensors_.emplace(name, read_info(Entry(file_.name(), name, value), data));
      continue;
    }
    FOVEA_CHECK(value.is_object(), file_.name(), ": __metadata__: expected an object, got ", describe(value));
    for (const auto& [key, text_value] : value.items()) {
      FOVEA_CHECK(text_value.is_string(), file_.name(), ": __metadata__: ", in_quotes(key),
                  ": expected a string, got ", describe(text_value));
      metadata_.emplace(key, text_value.get<std::string>());
    }
  }
  check_tiling(tensors_, data, file_.name());
}

std::vector<std::string> SafeTensors::names() const {
  std::vector<std::string> names;
  for (const auto& [name, info] : tensors_) names.push_back(name);
  return names;
}

const SafeTensors::Info& SafeTensors::info(const std::string& name) const {
  const auto found = tensors_.find(name);
  FOVEA_CHECK(found != tensors_.end(), file_.name(), ": has no tensor ", in_quotes(name),
              suggestion(tensors_, name));
  return found->second;
}

std::vector<float> SafeTensors::read_f32(const std::string& name, const Shape& expected) const {
  const Info& found = info(name);
  FOVEA_CHECK(std::ranges::equal(found.shape, expected), file_.name(), ": tensor ", in_quotes(name),
              ": expected shape ", expected, ", got ", extents_text(found.shape));
  FOVEA_CHECK(found.dtype == "F32" || found.dtype == "F16" || found.dtype == "BF16", file_.name(),
              ": tensor ", in_quotes(name), ": expected F32, F16 or BF16, got ", found.dtype);
  std::vector<float> values(expected.elements());
  if (found.dtype == "F16") widen<float_from_half>(found.bytes, values);
  if (found.dtype == "BF16") widen<float_from_bfloat16>(found.bytes, values);
  if (found.dtype == "F32") std::memcpy(values.data(), found.bytes.data(), found.bytes.size());
  return values;
}

namespace {

// The bytes of a tensor in a file; halves holds those that are not the values themselves.
std::span<const std::byte> stored(const NamedTensor& tensor, Storage storage, const std::string& where,
                                  std::deque<std::vector<uint16_t>>& halves) {
  if (storage == Storage::f32) return std::as_bytes(tensor.data);
  std::vector<uint16_t>& narrow = halves.emplace_back();
  narrow.reserve(tensor.data.size());
  for (const float value : tensor.data) {
    FOVEA_CHECK(!std::isfinite(value) || std::abs(value) < 65520, where, ": ", value,
                " is too large for f16");
    narrow.push_back(half_from_float(value));
  }
  return std::as_bytes(std::span(narrow));
}

}  // namespace

void write_safetensors(const std::filesystem::path& path, std::span<const NamedTensor> tensors,
                       const std::map<std::string, std::string>& metadata, Storage storage) {
  const std::string file = path.string();
  std::deque<std::vector<uint16_t>> halves;
  std::vector<const NamedTensor*> sorted;
  for (const NamedTensor& tensor : tensors) sorted.push_back(&tensor);
  std::ranges::sort(sorted, {}, [](const NamedTensor* tensor) -> const std::string& { return tensor->name; });

  json header = json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::vector<std::span<const std::byte>> parts(2);  // length and header, filled below
  uint64_t end = 0;
  for (const NamedTensor* tensor : sorted) {
    const std::string where = concat(file, ": tensor ", in_quotes(tensor->name));
    FOVEA_CHECK(tensor->name != "__metadata__" && !header.contains(tensor->name), where,
                ": the name is taken, by another tensor or by the metadata");
    FOVEA_CHECK(tensor->data.size() == tensor->shape.elements(), where, ": shape ", tensor->shape, " has ",
                tensor->shape.elements(), " elements, got ", tensor->data.size());
    parts.push_back(stored(*tensor, storage, where, halves));
    const uint64_t begin = std::exchange(end, end + parts.back().size());
    const std::vector<int64_t> shape(tensor->shape.begin(), tensor->shape.end());
    const char* dtype = storage == Storage::f32 ? "F32" : "F16";
    header[tensor->name] = {{"dtype", dtype}, {"shape", shape}, {"data_offsets", {begin, end}}};
  }

  std::string text;
  try {
    text = header.dump();
  } catch (const json::exception& error) {
    fail(file, ": a name or metadata is not UTF-8: ", error.what());
  }
  text.resize((text.size() + 7) / 8 * 8, ' ');  // the data begins at a multiple of 8
  const uint64_t length = text.size();
  parts[0] = std::as_bytes(std::span(&length, 1));
  parts[1] = std::as_bytes(std::span(text));
  write_file_atomically(path, parts);
}

}  // namespace fovea
