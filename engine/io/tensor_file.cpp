#include "io/tensor_file.h"

#include <algorithm>

#include "core/check.h"
#include "io/json.h"

namespace fovea {

bool TensorFile::has_any(const std::string& start) const {
  const std::vector<std::string> all = names();
  const auto found = std::ranges::lower_bound(all, start);
  return found != all.end() && found->starts_with(start);
}

std::string TensorFile::where(const std::string& name) const {
  return concat(path(), ": ", word(), " ", in_quotes(name));
}

}  // namespace fovea
