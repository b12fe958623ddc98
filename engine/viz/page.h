// The files of viz/page, embedded at build time.
#pragma once

#include <string>

namespace fovea {

std::string page_file(const std::string& name);  // as it is; Error: there is none of that name

}  // namespace fovea
