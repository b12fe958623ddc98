// Counts what a thread allocates with operator new: the test program replaces it.
#pragma once

#include <cstdint>

namespace fovea::test {

class AllocationCount {
 public:
  AllocationCount();  // starts counting on this thread; one at a time
  ~AllocationCount();
  int64_t value() const;
};

}  // namespace fovea::test
