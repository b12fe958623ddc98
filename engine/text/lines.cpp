#include "core/check.h"
#include "fovea/text.hpp"
#include "io/file.h"
#include "text/utf8.h"

namespace fovea {

std::vector<std::string> read_lines(const std::filesystem::path& path) {
  const File file(path);
  return from_file([&] { return lines_of(file.text(), file.name()); });
}

}  // namespace fovea
