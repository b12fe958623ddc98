// What translate writes: lines on the standard output, and attention into files.
#pragma once

#include <cstdint>
#include <fovea/attention_page.hpp>
#include <fovea/translator.hpp>
#include <fstream>
#include <string>
#include <vector>

#include "options.h"

class Output {
 public:
  explicit Output(const Options& options);  // Error: a file for attention that cannot be written

  // n_best 1: the text alone; more: a score, a tab and a text for each output.
  void translation(const std::string& line, const fovea::Translation& made, int64_t n_best);
  bool wants_page() const { return !options_.page.empty() && views_.size() < kMostViews; }
  void page(const std::string& line, const fovea::TranslationAttention& made);
  void score(const std::string& source, const std::string& target, const fovea::Scored& scored);
  void flush();                            // of the standard output
  void finish();                           // of the files for attention
  uint64_t done() const { return done_; }  // lines

 private:
  void attention(const std::string& line, const fovea::Translation& made);

  static constexpr size_t kMostViews = 50;  // of a page

  const Options& options_;
  std::ofstream all_;                        // --attention OUT.json
  std::vector<fovea::AttentionView> views_;  // --page
  uint64_t done_ = 0;
};
