// How every model is loaded: what is told of the progress, and which Errors are those of a file.
#pragma once

#include "core/check.h"
#include "io/file.h"

namespace fovea {

inline void report_progress(const LoadOptions& load, double done) {
  FOVEA_CHECK_AS(cancelled, !load.progress || load.progress(done), "load: stopped by the caller at ", done);
}

// What `make` makes of a model's files.
template <class Make>
auto load_model(const LoadOptions& load, const Make& make) {
  auto made = from_file(make);
  report_progress(load, 1);
  return made;
}

}  // namespace fovea
