#include <algorithm>

#include "core/check.h"
#include "fovea/corpus.hpp"

namespace fovea {
namespace {

void add(std::vector<TextPair>& pairs, int64_t line, TextPair pair, const PairFilter& keep) {
  if (!keep || keep(line, pair.source, pair.target)) pairs.push_back(std::move(pair));
}

}  // namespace

std::vector<TextPair> read_parallel(const std::filesystem::path& source, const std::filesystem::path& target,
                                    const PairFilter& keep) {
  std::vector<std::string> sources = read_lines(source), targets = read_lines(target);
  FOVEA_CHECK_AS(bad_file, sources.size() == targets.size(), source.string(), " and ", target.string(), ": ",
                 sources.size(), " and ", targets.size(), " lines, expected as many in both");
  std::vector<TextPair> pairs;
  for (size_t i = 0; i < sources.size(); ++i)
    add(pairs, int64_t(i) + 1, {std::move(sources[i]), std::move(targets[i])}, keep);
  return pairs;
}

std::vector<TextPair> read_pairs(const std::filesystem::path& path, const PairFilter& keep) {
  const std::vector<std::string> lines = read_lines(path);
  std::vector<TextPair> pairs;
  for (size_t i = 0; i < lines.size(); ++i) {
    const std::string& line = lines[i];
    const size_t tab = line.find('\t');
    FOVEA_CHECK_AS(bad_file, tab != std::string::npos, path.string(), ":", i + 1,
                   ": no tab, expected source, tab, target");
    const size_t end = std::min(line.find('\t', tab + 1), line.size());
    add(pairs, int64_t(i) + 1, {line.substr(0, tab), line.substr(tab + 1, end - tab - 1)}, keep);
  }
  return pairs;
}

}  // namespace fovea
