#include "fovea/text.hpp"
#include "io/file.h"
#include "text/utf8.h"

namespace fovea {

std::vector<std::string> read_lines(const std::filesystem::path& path) {
  const MappedFile file(path);
  const std::string_view text(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
  return lines_of(text, file.name());
}

}  // namespace fovea
