// What fovea_load_options says, for every model.
#pragma once

#include "c/handles.h"
#include "fovea/files.hpp"

namespace fovea {

inline ModelFiles files_of(const char* call, const char* directory, const fovea_load_options& given) {
  if (given.read == nullptr) {
    check_given(call, "directory", directory);
    return directory;
  }
  const auto read = [given](const std::string& name) -> std::optional<FileBytes> {
    const void* bytes = nullptr;
    size_t count = 0;
    if (given.read(given.user, name.c_str(), &bytes, &count) == 0) return std::nullopt;
    return std::span(static_cast<const std::byte*>(bytes), count);
  };
  return ModelFiles(read, directory ? directory : "memory");
}

inline LoadOptions load_of(const fovea_load_options& given) {
  if (given.progress == nullptr) return {};
  return {.progress = [given](double done) { return given.progress(given.user, done) != 0; }};
}

}  // namespace fovea
