#include "graph/guards.h"

#include <algorithm>

namespace fovea {

void arm_guards(Memory& memory, const Buffer& buffer) {
  const std::vector<uint32_t> words(buffer.bytes() / sizeof(uint32_t), kGuardWord);
  memory.write(buffer, 0, std::as_bytes(std::span(words)));
}

bool guards_intact(Memory& memory, const Buffer& buffer, const std::vector<Span>& spans) {
  std::vector<uint32_t> words(buffer.bytes() / sizeof(uint32_t));
  memory.read(buffer, 0, std::as_writable_bytes(std::span(words)));
  for (const Span& span : spans) {
    if (span.buffer != &buffer) continue;
    const auto begin = words.begin() + int64_t(span.offset / sizeof(uint32_t));
    std::fill(begin, begin + int64_t(span.bytes / sizeof(uint32_t)), kGuardWord);
  }
  return std::all_of(words.begin(), words.end(), [](uint32_t word) { return word == kGuardWord; });
}

}  // namespace fovea
