// Extents that no Shape need have: in messages, and multiplied.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>

namespace fovea {

// Their product; nothing where it is more than `most`. Each must be 0 or more.
std::optional<int64_t> product_within(std::initializer_list<int64_t> factors, int64_t most);

std::string extents_text(std::span<const int64_t> extents);  // (2, 197, 192)

}  // namespace fovea
