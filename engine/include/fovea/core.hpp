// Errors, shapes and element types: what every other header speaks in. No Vulkan here.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <span>
#include <stdexcept>
#include <string>

#include "fovea/version.h"

namespace fovea FOVEA_API {

// What kind of failure an Error is, for programs to decide by.
enum class ErrorCode : uint8_t {
  invalid,        // the call breaks a rule
  out_of_memory,  // of the device, the host, or DeviceOptions::memory_limit
  device_lost,    // for good: open another Device
  bad_file,       // a file is missing, malformed or of another kind
  unsupported,    // the device, the driver or this build of the library cannot
  cancelled,      // the caller asked to stop
  not_ready,      // a host has not said that its work is done
};
const char* name(ErrorCode code);

// Every failure the library reports. what() names the op or the file, the rule, and both sides of a
// disagreement.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& what, ErrorCode code = ErrorCode::invalid)
      : std::runtime_error(what), code_(code) {}
  ErrorCode code() const { return code_; }

 private:
  ErrorCode code_;
};

// A label that counts nowhere: of the rows and positions that only fill a batch up to its shape.
constexpr uint32_t kIgnored = UINT32_MAX;

enum class Storage : uint8_t { f32, f16 };  // how weights lie in files

// Element types of tensors: arithmetic is fp32, u32 holds ids, lengths and ranks.
enum class DType : uint8_t { f32, u32 };
constexpr uint64_t kElementBytes = 4;
const char* name(DType dtype);

// Extents of a tensor, outermost first; at most kMaxRank axes, each >= 1, fewer than 2^32 elements in all.
class Shape {
 public:
  static constexpr int kMaxRank = 6;

  Shape() = default;  // rank 0: one element
  Shape(std::initializer_list<int64_t> extents);
  explicit Shape(std::span<const int64_t> extents);

  int rank() const { return rank_; }
  bool empty() const { return rank_ == 0; }
  int64_t operator[](int axis) const;  // negative axes count from the back; an axis out of range is an Error
  int64_t back() const { return (*this)[-1]; }
  uint64_t elements() const;
  uint64_t bytes() const { return elements() * kElementBytes; }
  const int64_t* begin() const { return extents_.data(); }
  const int64_t* end() const { return extents_.data() + rank_; }

  Shape with(int axis, int64_t extent) const;       // a copy in which one extent differs
  Shape slice(int first_axis, int end_axis) const;  // the axes [first, end)
  Shape appended(int64_t extent) const;             // a copy with one more axis at the end

  bool operator==(const Shape& other) const;

 private:
  std::array<int64_t, kMaxRank> extents_{};
  int rank_ = 0;
};

std::ostream& operator<<(std::ostream& out, const Shape& shape);  // (2, 197, 192)
std::string to_string(const Shape& shape);

// An axis given as -rank .. rank-1 becomes 0 .. rank-1; anything else is an Error that names the op.
int normal_axis(const char* op, int axis, int rank);

// A point of a curve over the steps of a training: a loss or a measure.
struct CurvePoint {
  int64_t step = 0;
  double value = 0;
};

}  // namespace fovea
