#include "support/svg.h"

#include <algorithm>
#include <catch2/catch_message.hpp>
#include <catch2/catch_test_macros.hpp>
#include <cctype>
#include <cstdlib>

namespace fovea::test {
namespace {

// "&#60;" is all that the writer needs.
std::string unescaped(std::string_view text) {
  std::string made;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '<' || text[i] == '>') FAIL("a bare " << text[i] << " in an attribute");
    if (text[i] != '&') {
      made += text[i];
      continue;
    }
    const size_t end = text.find(';', i);
    if (end == std::string_view::npos || text[i + 1] != '#') FAIL("an unknown entity in " << text);
    made += char(std::atoi(std::string(text.substr(i + 2, end - i - 2)).c_str()));
    i = end;
  }
  return made;
}

SvgElement read_tag(std::string_view tag) {  // without < and >
  const auto blank = [](char c) { return std::isspace(uint8_t(c)) != 0; };
  const size_t space = std::min(size_t(std::ranges::find_if(tag, blank) - tag.begin()), tag.size());
  SvgElement element{std::string(tag.substr(0, space)), {}};
  for (tag.remove_prefix(space); !tag.empty();) {
    if (blank(tag[0])) {
      tag.remove_prefix(1);
      continue;
    }
    const size_t equals = tag.find("=\"");
    if (equals == std::string_view::npos) FAIL("an attribute without a value: " << tag);
    const size_t end = tag.find('"', equals + 2);
    if (end == std::string_view::npos) FAIL("a value without an end: " << tag);
    element.attributes[std::string(tag.substr(0, equals))] =
        unescaped(tag.substr(equals + 2, end - equals - 2));
    tag.remove_prefix(end + 1);
  }
  return element;
}

}  // namespace

double SvgElement::number(const std::string& attribute) const {
  return std::atof(attributes.at(attribute).c_str());
}

std::vector<double> SvgElement::numbers(const std::string& attribute) const {
  std::vector<double> values;
  const std::string& text = attributes.at(attribute);
  for (const char* at = text.c_str(); *at != '\0';) {
    char* end = nullptr;
    const double value = std::strtod(at, &end);
    if (end == at) {
      ++at;
      continue;
    }
    values.push_back(value);
    at = end;
  }
  return values;
}

std::vector<SvgElement> read_svg(std::string_view text) {
  std::vector<SvgElement> all;
  std::vector<std::string> open;
  while (!text.empty()) {
    const size_t start = text.find('<'), end = text.find('>');
    if (start == std::string_view::npos) {
      REQUIRE(end == std::string_view::npos);
      break;
    }
    if (end == std::string_view::npos || end < start) FAIL("a tag without an end");
    std::string_view tag = text.substr(start + 1, end - start - 1);
    text.remove_prefix(end + 1);
    if (tag.starts_with('/')) {
      if (open.empty() || open.back() != tag.substr(1)) FAIL("</" << tag.substr(1) << "> closes nothing");
      open.pop_back();
      continue;
    }
    const bool closed = tag.ends_with('/');
    if (closed) tag.remove_suffix(1);
    all.push_back(read_tag(tag));
    if (!closed) open.push_back(all.back().name);
  }
  REQUIRE(open.empty());
  REQUIRE(!all.empty());
  REQUIRE(all[0].name == "svg");
  return all;
}

SvgBox box_of(const SvgElement& element) {
  const std::vector<double> values = element.numbers(element.name == "path" ? "d" : "points");
  REQUIRE(values.size() >= 2);
  SvgBox box{values[0], values[1], values[0], values[1]};
  for (size_t i = 0; i + 1 < values.size(); i += 2) {
    box.left = std::min(box.left, values[i]);
    box.right = std::max(box.right, values[i]);
    box.top = std::min(box.top, values[i + 1]);
    box.bottom = std::max(box.bottom, values[i + 1]);
  }
  return box;
}

std::vector<SvgElement> with(const std::vector<SvgElement>& all, const std::string& attribute,
                             const std::string& value) {
  std::vector<SvgElement> found;
  for (const SvgElement& each : all) {
    const auto at = each.attributes.find(attribute);
    if (at != each.attributes.end() && at->second == value) found.push_back(each);
  }
  return found;
}

SvgElement labelled(const std::vector<SvgElement>& all, const std::string& text) {
  const std::vector<SvgElement> found = with(all, "aria-label", text);
  INFO(text);
  REQUIRE(found.size() == 1);
  return found[0];
}

}  // namespace fovea::test
