// What several tests of the Vulkan side share: environment variables for a scope, and a kernel to dispatch.
#pragma once

#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "gpu/gpu.h"
#include "gpu/recorder.h"
#include "shaders/common/elementwise.h"
#include "shaders/scale.h"

namespace fovea::test {

class ScopedVariable {
 public:
  ScopedVariable(const char* name, const char* value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    setenv(name, value, 1);
  }
  ~ScopedVariable() {
    if (old_) {
      setenv(name_, old_->c_str(), 1);
    } else {
      unsetenv(name_);
    }
  }
  ScopedVariable(const ScopedVariable&) = delete;
  ScopedVariable& operator=(const ScopedVariable&) = delete;

 private:
  const char* name_;
  std::optional<std::string> old_;
};

// to <- factor * from, as floats; one dispatch of shaders/scale.comp.
inline void record_scale(Gpu& gpu, Recorder& recorder, const Span& from, const Span& to, float factor,
                         uint32_t lanes = 0) {
  if (lanes == 0) lanes = gpu.limits().subgroup;
  const auto count = static_cast<uint32_t>(from.bytes / 4);
  const uint32_t share = lanes * kSteps;
  const ScaleParams params{count, factor};
  recorder.dispatch({.kernel = "scale",
                     .groups = {(count + share - 1) / share},
                     .lanes = lanes,
                     .reads = {{"x", from}},
                     .writes = {{"y", to}}},
                    std::as_bytes(std::span(&params, 1)));
}

inline void write_floats(Gpu& gpu, const Buffer& to, const std::vector<float>& values) {
  gpu.memory().write(to, 0, std::as_bytes(std::span(values)));
}

inline std::vector<float> read_floats(Gpu& gpu, const Buffer& from) {
  std::vector<float> values(from.bytes() / 4);
  gpu.memory().read(from, 0, std::as_writable_bytes(std::span(values)));
  return values;
}

}  // namespace fovea::test
