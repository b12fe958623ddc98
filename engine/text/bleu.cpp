// Source: sacreBLEU 2.6, sacrebleu/metrics/bleu.py, tokenizers/tokenizer_13a.py and tokenizer_re.py.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <unordered_map>

#include "core/check.h"
#include "fovea/metrics.hpp"
#include "text/utf8.h"

namespace fovea {
namespace {

constexpr size_t kOrders = 4;

// Bytes of the whitespace that `text` starts with, 0 where it starts with none: what str.split() of Python
// takes for whitespace.
size_t space_bytes(std::string_view text) {
  const unsigned char first = text.empty() ? 'x' : static_cast<unsigned char>(text[0]);
  if (first == ' ' || (first >= 0x09 && first <= 0x0d) || (first >= 0x1c && first <= 0x1f)) return 1;
  if (first < 0x80) return 0;
  for (const char* space : {"\u0085", "\u00a0", "\u1680", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000"})
    if (text.starts_with(space)) return std::string_view(space).size();
  const bool quad = text.starts_with("\xe2\x80") && text.size() > 2;  // U+2000 .. U+200A
  return quad && static_cast<unsigned char>(text[2]) <= 0x8a ? 3 : 0;
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> tokens;
  for (bool inside = false; !text.empty();) {
    const size_t space = space_bytes(text), bytes = space ? space : character_bytes(text);
    if (space == 0 && !inside) tokens.emplace_back();
    if (space == 0) tokens.back() += text.substr(0, bytes);
    inside = space == 0;
    text.remove_prefix(bytes);
  }
  return tokens;
}

std::string without_final_spaces(std::string_view text) {
  size_t end = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t space = space_bytes(text.substr(at));
    at += space ? space : character_bytes(text.substr(at));
    if (space == 0) end = at;
  }
  return std::string(text.substr(0, end));
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (size_t at = 0; (at = text.find(from, at)) != text.npos; at += to.size())
    text.replace(at, from.size(), to);
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_point(char c) { return c == '.' || c == ','; }
// { to ~, [ to `, space to &, ( to +, : to @ and /: ASCII without letters, digits and ' , - .
bool is_symbol(char c) {
  return (c >= '{' && c <= '~') || (c >= '[' && c <= '`') || (c >= ' ' && c <= '&') ||
         (c >= '(' && c <= '+') || (c >= ':' && c <= '@') || c == '/';
}

// Pairs that do not overlap, of neighbours that fit: spaces go around the one of them that is the mark. Bytes
// do for code points, since a mark and a digit are one byte each.
template <class First, class Second>
std::string set_apart(std::string_view text, First first, Second second, bool mark_is_first) {
  std::string made;
  for (size_t i = 0; i < text.size(); ++i) {
    if (i + 1 == text.size() || !first(text[i]) || !second(text[i + 1])) {
      made += text[i];
      continue;
    }
    const char left = text[i], right = text[++i];
    made += mark_is_first ? std::string{' ', left, ' ', right} : std::string{left, ' ', right, ' '};
  }
  return made;
}

// How often each n-gram stands there; its tokens, which hold no space, are joined by spaces.
using Counts = std::unordered_map<std::string, uint64_t>;

Counts count_ngrams(const std::vector<std::string>& tokens, size_t order) {
  Counts counts;
  for (size_t first = 0; first + order <= tokens.size(); ++first) {
    std::string ngram;
    for (size_t i = first; i < first + order; ++i) ngram += tokens[i] + ' ';
    ++counts[ngram];
  }
  return counts;
}

// Adds a hypothesis and all its references, as tokens.
void add_segment(Bleu& bleu, const std::vector<std::string>& hypothesis,
                 const std::vector<std::vector<std::string>>& references) {
  const auto off = [&](size_t length) { return std::abs(int64_t(length) - int64_t(hypothesis.size())); };
  size_t closest = references[0].size();  // the shorter of two that are as close
  for (const auto& reference : references) {
    const size_t length = reference.size();
    if (off(length) < off(closest) || (off(length) == off(closest) && length < closest)) closest = length;
  }
  bleu.hypothesis_tokens += hypothesis.size();
  bleu.reference_tokens += closest;
  for (size_t order = 1; order <= kOrders; ++order) {
    Counts allowed;
    for (const auto& reference : references)
      for (const auto& [ngram, count] : count_ngrams(reference, order))
        allowed[ngram] = std::max(allowed[ngram], count);
    for (const auto& [ngram, count] : count_ngrams(hypothesis, order)) {
      bleu.ngrams[order - 1] += count;
      const auto found = allowed.find(ngram);
      if (found != allowed.end()) bleu.matches[order - 1] += std::min(count, found->second);
    }
  }
}

// Precisions with exponential smoothing, brevity penalty and score from the counts.
void finish(Bleu& bleu) {
  const double tokens = double(bleu.hypothesis_tokens), wanted = double(bleu.reference_tokens);
  if (tokens < wanted) bleu.brevity_penalty = tokens > 0 ? std::exp(1 - wanted / tokens) : 0;
  if (std::ranges::all_of(bleu.matches, [](uint64_t count) { return count == 0; })) return;
  double smoothing = 1, log_sum = 0;
  for (size_t i = 0; i < kOrders; ++i) {
    if (bleu.ngrams[i] == 0) return;  // all lines are shorter: the score is 0
    const double matched = bleu.matches[i] > 0 ? double(bleu.matches[i]) : 1 / (smoothing *= 2);
    bleu.precisions[i] = 100 * matched / double(bleu.ngrams[i]);
    log_sum += std::log(bleu.precisions[i]);
  }
  bleu.score = bleu.brevity_penalty * std::exp(log_sum / double(kOrders));
}

}  // namespace

std::vector<std::string> tokens_13a(const std::string& line) {
  check_utf8(line, "bleu");
  std::string text = without_final_spaces(line);
  for (const auto& [from, to] : {std::pair("<skipped>", ""),
                                 {"-\n", ""},
                                 {"\n", " "},
                                 {"&quot;", "\""},
                                 {"&amp;", "&"},
                                 {"&lt;", "<"},
                                 {"&gt;", ">"}})
    replace_all(text, from, to);
  std::string apart = " ";
  for (const char c : text) apart += is_symbol(c) ? std::string{' ', c, ' '} : std::string{c};
  apart += ' ';
  const auto no_digit = [](char c) { return !is_digit(c); };
  apart = set_apart(apart, no_digit, is_point, false);
  apart = set_apart(apart, is_point, no_digit, true);
  apart = set_apart(apart, is_digit, [](char c) { return c == '-'; }, false);
  return split(apart);
}

Bleu corpus_bleu(Lines hypotheses, std::span<const Lines> references) {
  FOVEA_CHECK(!references.empty(), "bleu: 0 lists of references, at least 1 is needed");
  for (const Lines& lines : references)
    FOVEA_CHECK(lines.size() == hypotheses.size(), "bleu: ", hypotheses.size(), " hypotheses for ",
                lines.size(), " references");
  FOVEA_CHECK(!hypotheses.empty(), "bleu: 0 lines, at least 1 is needed");
  Bleu bleu;
  bleu.signature = concat("nrefs:", references.size(), "|case:mixed|eff:no|tok:13a|smooth:exp");
  for (size_t line = 0; line < hypotheses.size(); ++line) {
    std::vector<std::vector<std::string>> wanted;
    for (const Lines& lines : references) wanted.push_back(tokens_13a(lines[line]));
    add_segment(bleu, tokens_13a(hypotheses[line]), wanted);
  }
  finish(bleu);
  return bleu;
}

}  // namespace fovea
