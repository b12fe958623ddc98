#include "support/allocations.h"

#include <cstdlib>
#include <new>

namespace fovea::test {
namespace {

thread_local bool counting = false;
thread_local int64_t allocations = 0;

}  // namespace

AllocationCount::AllocationCount() {
  allocations = 0;
  counting = true;
}
AllocationCount::~AllocationCount() { counting = false; }
int64_t AllocationCount::value() const { return allocations; }

void* allocate(size_t bytes) {
  if (counting) ++allocations;
  if (void* memory = std::malloc(bytes)) return memory;
  throw std::bad_alloc();
}

}  // namespace fovea::test

void* operator new(size_t bytes) { return fovea::test::allocate(bytes); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
