// Staging: copies between host and device through a ring of two halves: while the device copies one, the host
// fills or empties the other. Writes gather in a half and are submitted together.
#pragma once

#include <array>
#include <cstddef>
#include <mutex>
#include <optional>
#include <span>

#include "gpu/memory.h"
#include "gpu/recorder.h"

namespace fovea {

// All of it is thread safe.
class Staging {
 public:
  explicit Staging(Gpu& gpu);
  ~Staging();  // waits for what it submitted

  uint64_t bytes() const { return buffer_.bytes(); }
  // The host's bytes are taken at once; flush() submits what the device still has to copy.
  void write(const Buffer& to, uint64_t offset, std::span<const std::byte> bytes);
  void copy(const Span& from, const Span& to);
  void fill_zero(const Buffer& buffer);
  void flush();
  void drain();  // flush, and wait until all is copied
  // After everything written or submitted before; waits for the copy.
  void read(const Buffer& from, uint64_t offset, std::span<std::byte> bytes);

 private:
  struct Half {
    explicit Half(Gpu& gpu) : commands(gpu) {}
    Commands commands;
    Ticket submitted = 0;
    uint64_t filled = 0;               // bytes
    std::optional<Recorder> recorder;  // while it is open
  };

  std::byte* place(size_t half) const;
  Half& open();  // the half that is being filled
  void close();  // submits it and turns to the other

  Gpu& gpu_;
  Buffer buffer_;
  std::mutex mutex_;
  std::array<Half, 2> halves_;
  size_t turn_ = 0;
};

}  // namespace fovea
