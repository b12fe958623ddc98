// spm_tokenizer: SentencePiece by its own library, behind checks that the library leaves out.
#include <sentencepiece_processor.h>

#include <cstring>

#include "core/check.h"
#include "io/json.h"
#include "text/tokenizer.h"
#include "text/utf8.h"

namespace fovea {
namespace {

// Numbers of the fields in sentencepiece_model.proto.
constexpr uint64_t kNormalizer = 3, kDenormalizer = 5, kCharsmap = 2;

// Walks the fields of one protobuf message.
class Fields {
 public:
  Fields(std::string_view message, const std::string& file) : rest_(message), file_(file) {}

  bool next() {
    if (rest_.empty()) return false;
    const uint64_t tag = varint();
    number_ = tag >> 3;
    switch (tag & 7) {
      case 0:
        payload_ = {}, varint();
        break;
      case 1:
        payload_ = take(8);
        break;
      case 2:
        payload_ = take(varint());
        break;
      case 5:
        payload_ = take(4);
        break;
      default:
        fail(file_, ": damaged: a field of the unknown kind ", tag & 7, ", expected 0, 1, 2 or 5");
    }
    return true;
  }

  uint64_t number() const { return number_; }
  std::string_view payload() const { return payload_; }

 private:
  std::string_view take(uint64_t bytes) {
    FOVEA_CHECK(bytes <= rest_.size(), file_, ": damaged: a field of ", bytes, " bytes where ", rest_.size(),
                " are left");
    const std::string_view taken = rest_.substr(0, bytes);
    rest_.remove_prefix(bytes);
    return taken;
  }

  uint64_t varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto byte = uint8_t(take(1)[0]);
      value |= uint64_t(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    fail(file_, ": damaged: a number longer than 64 bits");
  }

  std::string_view rest_, payload_;
  const std::string& file_;
  uint64_t number_ = 0;
};

// A compiled normalisation: u32 bytes of the trie, the trie (a Darts double array of u32 units), replacements
// that end in a zero byte. The library follows the trie wherever it points: check every step it could take.
void check_charsmap(std::string_view map, const std::string& file) {
  if (map.empty()) return;
  uint32_t trie_bytes = 0;
  const auto require = [&](bool sound) {
    FOVEA_CHECK(sound, file, ": damaged: its normalisation table of ", map.size(), " bytes, ", trie_bytes,
                " of them a trie");
  };
  require(map.size() > sizeof trie_bytes);
  std::memcpy(&trie_bytes, map.data(), sizeof trie_bytes);
  map.remove_prefix(sizeof trie_bytes);
  require(trie_bytes >= 4 && trie_bytes % 4 == 0 && trie_bytes < map.size() && map.back() == '\0');
  std::vector<uint32_t> units(trie_bytes / 4);
  std::memcpy(units.data(), map.data(), trie_bytes);
  const size_t replacement_bytes = map.size() - trie_bytes;
  for (size_t at = 0; at < units.size(); ++at) {
    const uint32_t unit = units[at];
    if (unit >> 31 && at > 0) continue;  // a leaf: a value, no node
    const uint32_t offset = unit >> 10 << ((unit >> 9 & 1) * 8);
    const size_t children = at ^ offset;  // child of byte b: children ^ b
    require((children | 0xff) < units.size());
    const bool has_value = unit >> 8 & 1;
    require(!has_value || (units[children] & 0x7fffffff) < replacement_bytes);
  }
}

void check_model(std::string_view model, const std::string& file) {
  for (Fields field(model, file); field.next();)
    if (field.number() == kNormalizer || field.number() == kDenormalizer)
      for (Fields inner(field.payload(), file); inner.next();)
        if (inner.number() == kCharsmap) check_charsmap(inner.payload(), file);
}

class SpmTokenizer : public Tokenizer {
 public:
  explicit SpmTokenizer(const File& model) : file_(model.name()) {
    check_model(model.text(), file_);
    try {
      require(processor_.LoadFromSerializedProto(model.text()), "not a SentencePiece model");
    } catch (const Error&) {
      throw;
    } catch (const std::exception& error) {  // of the trie that the library builds from the pieces
      fail(file_, ": not a SentencePiece model: ", error.what());
    }
    for (int id = 0; id < processor_.GetPieceSize(); ++id)
      check_utf8(processor_.IdToPiece(id), concat(file_, ": piece ", id));
  }

  std::vector<std::string> encode(std::string_view line) const override {
    check_utf8(line, concat(file_, ": line"));
    std::vector<std::string> pieces;
    require(processor_.Encode(line, &pieces), "cannot encode");
    return pieces;
  }

  std::string decode(std::span<const std::string> tokens) const override {
    std::string text;
    require(processor_.Decode(std::vector<std::string>(tokens.begin(), tokens.end()), &text),
            "cannot decode");
    return text;
  }

 private:
  void require(const sentencepiece::util::Status& status, const char* problem) const {
    FOVEA_CHECK(status.ok(), file_, ": ", problem, ": ", status.ToString());
  }

  std::string file_;
  sentencepiece::SentencePieceProcessor processor_;
};

}  // namespace

std::unique_ptr<Tokenizer> spm_tokenizer(const File& model) { return std::make_unique<SpmTokenizer>(model); }

}  // namespace fovea
