// What a host does, as a program or as a plugin.
#pragma once

// Makes an instance and a device, takes and returns memory of the device, and has Fovea compute on it. 0: all
// is as it should be; else it printed what is not.
#if defined(__GNUC__) && !defined(_WIN32)
extern "C" __attribute__((visibility("default"))) int run_host();
#else
extern "C" int run_host();
#endif
