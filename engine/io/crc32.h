// CRC-32 as in PNG and zlib: reflected polynomial 0xedb88320.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace fovea {

constexpr std::array<uint32_t, 256> kCrcOfByte = [] {
  std::array<uint32_t, 256> table{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc & 1 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
    table[byte] = crc;
  }
  return table;
}();

constexpr uint32_t crc32(std::span<const std::byte> bytes) {
  uint32_t crc = 0xffffffff;
  for (const std::byte byte : bytes) crc = crc >> 8 ^ kCrcOfByte[(crc ^ uint32_t(byte)) & 0xff];
  return ~crc;
}

}  // namespace fovea
