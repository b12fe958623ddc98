// The version of Fovea, and what marks its public names; for C and C++. The build reads the version here.
#pragma once

#define FOVEA_VERSION_MAJOR 0
#define FOVEA_VERSION_MINOR 1
#define FOVEA_VERSION_PATCH 0
// To compare: 1.2.3 is 10203.
#define FOVEA_VERSION (FOVEA_VERSION_MAJOR * 10000 + FOVEA_VERSION_MINOR * 100 + FOVEA_VERSION_PATCH)

// What a shared library shows of itself, whatever the compiler was told to hide. Who links the static library
// defines FOVEA_STATIC, as its CMake target and its pkg-config file do, and shows nothing of it to others.
#if defined(FOVEA_STATIC) || defined(_WIN32) || !defined(__GNUC__)
#define FOVEA_API
#else
#define FOVEA_API __attribute__((visibility("default")))
#endif
