// Lets C++ read the params headers that shaders include: their scalars are GLSL's uint and float.
#ifdef __cplusplus
#pragma once
#include <cstdint>
using uint = uint32_t;
#endif
