// FOVEA_CHECK: fail early, in every build, with both sides of the disagreement.
#pragma once

#include <initializer_list>
#include <ostream>
#include <string>
#include <type_traits>

#include "fovea/core.hpp"

namespace fovea {

// A part of a text: anything that a stream takes. What writes it is made once a type, not once a message.
class MessagePart {
 public:
  template <class Value>
  MessagePart(const Value& value) {
    if constexpr (std::is_convertible_v<const Value&, const char*>) {  // a literal, whatever its length
      value_ = static_cast<const char*>(value);
      write_ = write_text;
    } else {
      value_ = &value;
      write_ = write_value<Value>;
    }
  }
  void write(std::ostream& out) const { write_(out, value_); }

 private:
  template <class Value>
  static void write_value(std::ostream& out, const void* value) {
    out << *static_cast<const Value*>(value);
  }
  static void write_text(std::ostream& out, const void* text);

  const void* value_;  // lives as long as the call that it is an argument of
  void (*write_)(std::ostream&, const void*);
};

std::string join(std::initializer_list<MessagePart> parts);
[[noreturn]] void fail_with(ErrorCode code, std::initializer_list<MessagePart> parts);

template <class... Parts>
std::string concat(const Parts&... parts) {
  return join({parts...});
}

template <class... Parts>
[[noreturn]] void fail(const Parts&... parts) {
  fail_with(ErrorCode::invalid, {parts...});
}

template <class... Parts>
[[noreturn]] void fail_as(ErrorCode code, const Parts&... parts) {
  fail_with(code, {parts...});
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
