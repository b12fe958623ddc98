// The implementation of volk, which opens the system's Vulkan loader.
#define VOLK_IMPLEMENTATION
#include <volk.h>
