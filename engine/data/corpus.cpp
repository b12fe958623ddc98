#include "fovea/corpus.hpp"

#include <algorithm>
#include <charconv>
#include <set>

#include "core/check.h"

namespace fovea {
namespace {

struct Rule {
  int64_t modulus = 0, rest = 0;  // modulus 0: no line
  bool names(int64_t line) const { return modulus > 0 && line % modulus == rest; }
};

Rule parse_rule(const std::string& text) {
  Rule rule;
  if (text.empty()) return rule;
  const char* end = text.data() + text.size();
  const auto modulus = std::from_chars(text.data(), end, rule.modulus);
  const bool parted = modulus.ec == std::errc() && modulus.ptr != end && *modulus.ptr == ':';
  const auto rest = std::from_chars(parted ? modulus.ptr + 1 : end, end, rule.rest);
  FOVEA_CHECK(parted && rest.ec == std::errc() && rest.ptr == end && rule.modulus >= 1 && rule.rest >= 0 &&
                  rule.rest < rule.modulus,
              "corpus: \"", text, "\" is no MODULUS:REST, such as 100:7");
  return rule;
}

}  // namespace

Corpus split_corpus(std::vector<TextPair> pairs, const std::string& validation,
                    const std::vector<std::string>& leave_out) {
  const Rule validates = parse_rule(validation);
  std::vector<Rule> rules;
  for (const std::string& text : leave_out) rules.push_back(parse_rule(text));
  const auto left_out = [&](size_t line) {
    return std::ranges::any_of(rules, [line](const Rule& rule) { return rule.names(int64_t(line)); });
  };
  std::set<std::string> unseen;
  for (size_t i = 0; i < pairs.size(); ++i)
    if (validates.names(int64_t(i)) || left_out(i)) unseen.insert(pairs[i].source);
  Corpus corpus;
  for (size_t i = 0; i < pairs.size(); ++i) {
    if (validates.names(int64_t(i)) && !left_out(i)) {
      corpus.validation.push_back(std::move(pairs[i]));
    } else if (!unseen.contains(pairs[i].source)) {
      corpus.training.push_back(std::move(pairs[i]));
    }
  }
  return corpus;
}

std::vector<EncodedPair> encode_pairs(const ModelFiles& files, const std::vector<TextPair>& pairs) {
  const TextEncoder source = TextEncoder::source(files), target = TextEncoder::target(files);
  std::vector<EncodedPair> encoded;
  encoded.reserve(pairs.size());
  for (const TextPair& pair : pairs)
    encoded.push_back({source.encode(pair.source), target.encode(pair.target)});
  return encoded;
}

}  // namespace fovea
