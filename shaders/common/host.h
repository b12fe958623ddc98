// Lets C++ read the headers that shaders include: uint and float are GLSL's scalars, `const` makes constants
// in both languages, and functions are inline, which GLSL always is.
#ifdef __cplusplus
#pragma once
#include <cstdint>
using uint = uint32_t;
#else
#define inline
#endif
