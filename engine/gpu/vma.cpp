// The implementation of VulkanMemoryAllocator; it finds Vulkan's functions through the tables of each device.
#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wall"
#pragma GCC diagnostic ignored "-Wextra"
#pragma GCC diagnostic ignored "-Wshadow"
#endif
#define VMA_IMPLEMENTATION
#include "gpu/vma.h"
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif
