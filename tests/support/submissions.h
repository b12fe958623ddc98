// How often a device was submitted to.
#pragma once

#include <cstdint>
#include <utility>

#include "fovea/device.hpp"
#include "gpu/commands.h"
#include "gpu/gpu.h"

namespace fovea::test {

// Counts from its making on. Every submission takes the next ticket of the device, its own empty ones too.
class SubmissionCount {
 public:
  explicit SubmissionCount(Device& device) : nothing_(device.gpu()) {
    nothing_.begin();
    nothing_.end();
    start_ = submit();
  }
  uint64_t value() {
    const Ticket before = std::exchange(start_, submit());
    return start_ - before - 1;
  }

 private:
  Ticket submit() {
    const Ticket ticket = nothing_.submit();
    nothing_.wait();
    return ticket;
  }

  Commands nothing_;
  Ticket start_ = 0;
};

}  // namespace fovea::test
