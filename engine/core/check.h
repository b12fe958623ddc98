// FOVEA_CHECK: fail early, in every build, with both sides of the disagreement.
#pragma once

#include <sstream>

#include "fovea/core.hpp"

namespace fovea {

template <class... Parts>
std::string concat(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

template <class... Parts>
[[noreturn]] void fail(const Parts&... parts) {
  throw Error(concat(parts...));
}

template <class... Parts>
[[noreturn]] void fail_as(ErrorCode code, const Parts&... parts) {
  throw Error(concat(parts...), code);
}

}  // namespace fovea

#define FOVEA_CHECK(condition, ...)               \
  do {                                            \
    if (!(condition)) ::fovea::fail(__VA_ARGS__); \
  } while (false)

#define FOVEA_CHECK_AS(code, condition, ...)                                   \
  do {                                                                         \
    if (!(condition)) ::fovea::fail_as(::fovea::ErrorCode::code, __VA_ARGS__); \
  } while (false)
