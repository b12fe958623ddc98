#include "gpu/reflect.h"

#include <algorithm>
#include <set>

#include "core/check.h"
#include "gpu/spirv.h"

namespace fovea {
namespace {

constexpr uint32_t kAddressBytes = 8;

// Finds which operands a store may go to: follows its pointer back to the push constants it was made of.
class Writes {
 public:
  Writes(const Spirv& spirv, uint32_t push, Interface& interface)
      : spirv_(spirv), push_(push), interface_(interface) {}

  void note(const Instruction& instruction) {
    const bool atomic = instruction.opcode >= op::kAtomicExchange && instruction.opcode <= op::kAtomicXor;
    const bool store = instruction.opcode == op::kStore || instruction.opcode == op::kAtomicStore;
    if (!store && !atomic) return;
    const uint32_t pointer = instruction[store ? 0 : 2];
    if (spirv_.storage_class(pointer) != storage::kPhysicalStorageBuffer) return;
    seen_.clear();
    follow(pointer);
  }

 private:
  // Addresses are arithmetic on what was loaded; what only decides or counts is not followed.
  void follow(uint32_t id) {
    if (!seen_.insert(id).second) return;
    const Instruction& made = spirv_.at(id);
    switch (made.opcode) {
      case op::kLoad:
        return follow_load(made[2]);
      case op::kAccessChain:
      case op::kInBoundsAccessChain:
      case op::kPtrAccessChain:
      case op::kCompositeExtract:
        return follow(made[2]);
      case op::kVectorShuffle:
      case op::kCompositeInsert:
        return follow_all(made, 2, 4, 1);
      case op::kSelect:
        return follow_all(made, 3, 5, 1);
      case op::kPhi:
        return follow_all(made, 2, made.operands.size(), 2);
      case op::kExtInst:
        return follow_all(made, 4, made.operands.size(), 1);
      case op::kFunctionParameter:
      case op::kFunctionCall:
      case op::kVariable:
      case 0:
        interface_.writes_known = false;
        return;
      default:
        if (made.opcode >= op::kFirstGroup && made.opcode <= op::kLastGroup) interface_.writes_known = false;
        if (made.opcode > op::kLoad) follow_all(made, 2, made.operands.size(), 1);  // else a constant
    }
  }

  void follow_all(const Instruction& made, size_t first, size_t end, size_t step) {
    for (size_t i = first; i < end; i += step) follow(made[i]);
  }

  void follow_load(uint32_t pointer) {
    const uint32_t from = spirv_.storage_class(pointer);
    // A number from a buffer or of the invocation leads to no operand, an address in a table to what lies
    // behind it.
    if (from == storage::kPhysicalStorageBuffer || from == storage::kInput) return;
    const Instruction& chain = spirv_.at(pointer);
    if (from != storage::kPushConstant || chain[2] != push_) {
      interface_.writes_known = false;
      return;
    }
    const uint32_t member = spirv_.at(chain[3])[2];
    if (member < interface_.operands.size()) interface_.operands[member].written = true;
  }

  const Spirv& spirv_;
  uint32_t push_;
  Interface& interface_;
  std::set<uint32_t> seen_;
};

bool is_address(const Spirv& spirv, uint32_t type) {
  const uint32_t opcode = spirv.at(type).opcode;
  return opcode != op::kTypeStruct && opcode != op::kTypeArray && spirv.bytes(type) == kAddressBytes;
}

void reflect_push(const std::string& kernel, const Spirv& spirv, uint32_t block, Interface& interface) {
  const Instruction& members = spirv.at(block);
  for (uint32_t i = 0; i + 1 < members.operands.size(); ++i) {
    const uint32_t type = members[i + 1], offset = spirv.decoration(decoration::kOffset, block, i);
    const std::string name = spirv.name(block, i);
    FOVEA_CHECK(interface.params_bytes == 0, "kernel ", kernel, ": ", name,
                " comes behind the params struct, which must be the last push constant");
    if (is_address(spirv, type)) {
      interface.operands.push_back({name, offset, false});
      interface.params_offset = offset + kAddressBytes;
    } else {
      FOVEA_CHECK(spirv.at(type).opcode == op::kTypeStruct, "kernel ", kernel, ": push constant ", name,
                  " is neither an address nor a struct");
      interface.params_offset = offset;
      interface.params_bytes = spirv.bytes(type);
    }
  }
  FOVEA_CHECK(interface.push_bytes() <= kPushBytes, "kernel ", kernel, ": ", interface.push_bytes(),
              " bytes of push constants, at most ", kPushBytes);
}

// Lanes along x: a constant, unless specialization constant 0 takes its place.
void reflect_lanes(const Instruction& mode, Interface& interface) {
  constexpr uint32_t kLocalSize = 17;
  if (mode[1] == kLocalSize) interface.fixed_lanes = mode[2];
}

void reflect_constant(const Spirv& spirv, const Instruction& made, Interface& interface) {
  const uint32_t id = spirv.decoration(decoration::kSpecId, made[1]);
  if (id == Spirv::kNone) return;  // made of others
  if (id == 0) {                   // execution modes stand in front of constants
    interface.fixed_lanes = 0;
    return;
  }
  interface.constants.push_back({spirv.name(made[1]), id});
}

}  // namespace

Interface reflect(const std::string& kernel, std::span<const uint32_t> words) {
  const Spirv spirv("kernel " + kernel, words);
  Interface interface;
  uint32_t push = 0;
  for (const Instruction& each : spirv.instructions()) {
    switch (each.opcode) {
      case op::kExecutionMode:
        reflect_lanes(each, interface);
        break;
      case op::kSpecConstantTrue:
      case op::kSpecConstantFalse:
      case op::kSpecConstant:
        reflect_constant(spirv, each, interface);
        break;
      case op::kVariable:
        if (each[2] != storage::kPushConstant) break;
        push = each[1];
        reflect_push(kernel, spirv, spirv.at(each[0])[2], interface);
        break;
      default:
        break;
    }
  }
  FOVEA_CHECK(push != 0, "kernel ", kernel, ": it has no push constants");
  std::sort(interface.constants.begin(), interface.constants.end(),
            [](const auto& a, const auto& b) { return a.id < b.id; });
  Writes writes(spirv, push, interface);
  for (const Instruction& each : spirv.instructions()) writes.note(each);
  return interface;
}

}  // namespace fovea
