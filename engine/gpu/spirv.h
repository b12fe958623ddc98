// Spirv: the words of a SPIR-V module taken apart into instructions, their ids, names and decorations
// (Khronos, SPIR-V specification, sections 2.3 and 3).
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace fovea {

// The numbers that reflection knows, by their names in the specification.
namespace op {
constexpr uint32_t kUndef = 1, kName = 5, kMemberName = 6, kExtInst = 12, kExecutionMode = 16, kTypeInt = 21,
                   kTypeFloat = 22, kTypeVector = 23, kTypeArray = 28, kTypeStruct = 30, kTypePointer = 32,
                   kConstant = 43, kSpecConstantTrue = 48, kSpecConstantFalse = 49, kSpecConstant = 50,
                   kFunctionParameter = 55, kFunctionCall = 57, kVariable = 59, kLoad = 61, kStore = 62,
                   kAccessChain = 65, kInBoundsAccessChain = 66, kPtrAccessChain = 67, kDecorate = 71,
                   kMemberDecorate = 72, kVectorShuffle = 79, kCompositeExtract = 81, kCompositeInsert = 82,
                   kSelect = 169, kAtomicStore = 228, kAtomicExchange = 229, kAtomicXor = 242, kPhi = 245,
                   kExecutionModeId = 331, kFirstGroup = 333, kLastGroup = 366;
}  // namespace op
namespace decoration {
constexpr uint32_t kSpecId = 1, kArrayStride = 6, kOffset = 35;
}
namespace storage {
constexpr uint32_t kInput = 1, kPushConstant = 9, kPhysicalStorageBuffer = 5349;
}

struct Instruction {
  uint32_t opcode = 0;
  std::span<const uint32_t> operands;  // the words behind the first

  uint32_t operator[](size_t i) const { return i < operands.size() ? operands[i] : 0; }
};

class Spirv {
 public:
  // An Error that names `what` if the words are no whole module.
  Spirv(const std::string& what, std::span<const uint32_t> words);

  const std::vector<Instruction>& instructions() const { return instructions_; }
  // The instruction whose result is this id: a type, a constant or a value; one of opcode 0 if there is none.
  const Instruction& at(uint32_t id) const;
  // Of an id or, where one is given, of a member of a struct: its name, "" where it has none, and the
  // literal of a decoration, kNone where it is not decorated so.
  static constexpr uint32_t kNone = UINT32_MAX;
  std::string name(uint32_t id, uint32_t member = kNone) const;
  uint32_t decoration(uint32_t kind, uint32_t id, uint32_t member = kNone) const;
  uint32_t storage_class(uint32_t pointer) const;  // of what a value of a pointer type points at
  uint32_t bytes(uint32_t type) const;             // that a value of the type takes in a buffer

 private:
  void note(const Instruction& instruction);

  std::vector<Instruction> instructions_;
  std::vector<uint32_t> made_by_;  // by id: number of the instruction, counted from 1; 0: none
  std::map<std::pair<uint32_t, uint32_t>, std::string> names_;                // by id and member
  std::map<std::tuple<uint32_t, uint32_t, uint32_t>, uint32_t> decorations_;  // by kind, id and member
};

}  // namespace fovea
