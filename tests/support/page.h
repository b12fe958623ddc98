// What a page of attention shows: the JSON in it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace fovea::test {

inline nlohmann::json page_data(const std::string& page) {
  const std::string mark = "id=\"data\">";
  const size_t begin = page.find(mark) + mark.size();
  return nlohmann::json::parse(page.substr(begin, page.find("</script>", begin) - begin));
}

}  // namespace fovea::test
