// What of a plan lies in a host's memory, or is copied from and to its images.
#pragma once

#include <memory>

#include "fovea/host.hpp"
#include "fovea/op.hpp"
#include "gpu/memory.h"

namespace fovea {

struct Binding {
  ValueId value;  // a base
  Span own;       // where it lies without the binding, and with an image
  std::unique_ptr<Buffer> lent;
  uint64_t first = 0, end = 0;  // bytes of the lent buffer
  HostImage image = {};
};

}  // namespace fovea
