// Guard words: a pattern in every byte of a plan's buffers that belongs to no value. Debugging aid, used by
// all tests.
#pragma once

#include <vector>

#include "gpu/memory.h"

namespace fovea {

constexpr uint64_t kGuardBytes = 256;        // in front of and behind every value
constexpr uint32_t kGuardWord = 0x7fa5a5a5;  // a NaN: what reads memory nobody wrote does not go unnoticed

// Fills the whole buffer with the pattern.
void arm_guards(Memory& memory, const Buffer& buffer);

// True when every byte outside the spans still holds the pattern.
bool guards_intact(Memory& memory, const Buffer& buffer, const std::vector<Span>& spans);

}  // namespace fovea
