#include "gpu/spirv.h"

#include "core/check.h"

namespace fovea {
namespace {

constexpr uint32_t kMagic = 0x07230203;
constexpr size_t kHeaderWords = 5, kBoundAt = 3;  // of the header, and its word that all ids lie below

// Which operand is the instruction's result, -1 if it has none. Instructions that come before types have none
// that matters here.
int result_at(uint32_t opcode) {
  constexpr uint32_t kTypeVoid = 19, kTypeForwardPointer = 39, kConstantTrue = 41, kFunction = 54,
                     kFunctionEnd = 56, kCopyMemory = 63, kCopyMemorySized = 64, kControlBarrier = 224,
                     kMemoryBarrier = 225, kLoopMerge = 246, kLabel = 248, kUnreachable = 255, kNoLine = 317,
                     kDecorateId = 332, kVectorExtractDynamic = 77;
  if (opcode == op::kUndef || opcode == op::kExtInst) return 1;
  if (opcode < kTypeVoid || opcode == kTypeForwardPointer) return -1;
  if (opcode < kTypeForwardPointer) return 0;
  if (opcode < kConstantTrue) return -1;
  if (opcode < kFunction) return 1;
  if (opcode < kVectorExtractDynamic) {
    const bool none = opcode == kFunctionEnd || opcode == op::kStore || opcode == kCopyMemory ||
                      opcode == kCopyMemorySized || opcode >= op::kDecorate;
    return none ? -1 : 1;
  }
  if (opcode == kLabel) return 0;
  const bool none = opcode == kControlBarrier || opcode == kMemoryBarrier || opcode == op::kAtomicStore ||
                    (opcode >= kLoopMerge && opcode <= kUnreachable) || opcode == kNoLine ||
                    opcode == op::kExecutionModeId || opcode == kDecorateId;
  return none ? -1 : 1;
}

// A literal string: bytes in words, the first the least significant, ended by a 0.
std::string text(std::span<const uint32_t> words) {
  std::string result;
  for (uint32_t word : words)
    for (int byte = 0; byte < 4; ++byte) {
      const char c = char(word >> (8 * byte) & 0xff);
      if (c == 0) return result;
      result += c;
    }
  return result;
}

}  // namespace

Spirv::Spirv(const std::string& what, std::span<const uint32_t> words) {
  FOVEA_CHECK(words.size() >= kHeaderWords && words[0] == kMagic, what, ": its ", words.size(),
              " words are no SPIR-V");
  made_by_.resize(words[kBoundAt]);
  for (size_t at = kHeaderWords; at < words.size();) {
    const uint32_t count = words[at] >> 16;
    FOVEA_CHECK(count >= 1 && count <= words.size() - at, what, ": an instruction of ", count, " words with ",
                words.size() - at, " left of its SPIR-V");
    instructions_.push_back({words[at] & 0xffff, words.subspan(at + 1, count - 1)});
    note(instructions_.back());
    at += count;
  }
}

void Spirv::note(const Instruction& instruction) {
  const auto& operands = instruction.operands;
  const int result = result_at(instruction.opcode);
  if (result >= 0 && instruction[size_t(result)] < made_by_.size())
    made_by_[instruction[size_t(result)]] = uint32_t(instructions_.size());
  switch (instruction.opcode) {
    case op::kName:
      if (operands.size() > 1) names_[{operands[0], kNone}] = text(operands.subspan(1));
      break;
    case op::kMemberName:
      if (operands.size() > 2) names_[{operands[0], operands[1]}] = text(operands.subspan(2));
      break;
    case op::kDecorate:
      decorations_[{instruction[1], instruction[0], kNone}] = instruction[2];
      break;
    case op::kMemberDecorate:
      decorations_[{instruction[2], instruction[0], instruction[1]}] = instruction[3];
      break;
    default:
      break;
  }
}

const Instruction& Spirv::at(uint32_t id) const {
  static const Instruction kUnknown;
  const uint32_t number = id < made_by_.size() ? made_by_[id] : 0;
  return number > 0 ? instructions_[number - 1] : kUnknown;
}

std::string Spirv::name(uint32_t id, uint32_t member) const {
  const auto found = names_.find({id, member});
  return found == names_.end() ? std::string() : found->second;
}

uint32_t Spirv::decoration(uint32_t kind, uint32_t id, uint32_t member) const {
  const auto found = decorations_.find({kind, id, member});
  return found == decorations_.end() ? kNone : found->second;
}

uint32_t Spirv::storage_class(uint32_t pointer) const {
  const Instruction& type = at(at(pointer)[0]);  // the first operand of what makes a value is its type
  return type.opcode == op::kTypePointer ? type[1] : kNone;
}

uint32_t Spirv::bytes(uint32_t type) const {
  const Instruction& of = at(type);
  switch (of.opcode) {
    case op::kTypeInt:
    case op::kTypeFloat:
      return of[1] / 8;
    case op::kTypeVector:
      return of[2] * bytes(of[1]);
    case op::kTypePointer:
      return 8;
    case op::kTypeArray:
      return at(of[2])[2] * decoration(decoration::kArrayStride, type);
    case op::kTypeStruct: {
      const uint32_t members = uint32_t(of.operands.size()) - 1;
      return members == 0 ? 0 : decoration(decoration::kOffset, type, members - 1) + bytes(of[members]);
    }
    default:
      return 0;
  }
}

}  // namespace fovea
