// SVG pictures, read as XML.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace fovea::test {

struct SvgElement {
  std::string name;
  std::map<std::string, std::string> attributes;

  double number(const std::string& attribute) const;
  // All numbers of an attribute such as points or d.
  std::vector<double> numbers(const std::string& attribute) const;
};

// All elements in order; a test failure where the text is not well-formed: tags that do not match, attributes
// without quotes, unknown entities.
std::vector<SvgElement> read_svg(std::string_view text);

// Left, top, right, bottom of the points of a <path> or <polyline>, controls included.
struct SvgBox {
  double left, top, right, bottom;
};
SvgBox box_of(const SvgElement& element);

std::vector<SvgElement> with(const std::vector<SvgElement>& all, const std::string& attribute,
                             const std::string& value);
// The only element whose aria-label is `text`.
SvgElement labelled(const std::vector<SvgElement>& all, const std::string& text);

}  // namespace fovea::test
