// loader FILE: a program that knows no Vulkan, and a plugin that brings it and Fovea.
#include <dlfcn.h>

#include <cstdio>

int main(int, char** arguments) {
  void* plugin = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
  if (!plugin) {
    std::fprintf(stderr, "%s\n", dlerror());
    return 1;
  }
  auto run = reinterpret_cast<int (*)()>(dlsym(plugin, "run_host"));
  const int result = run ? run() : 1;
  return dlclose(plugin) == 0 ? result : 1;
}
