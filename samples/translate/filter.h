// Lines in, translations or scores out.
#pragma once

#include <fovea/fovea.hpp>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "lines.h"
#include "options.h"
#include "output.h"

class Filter {
 public:
  explicit Filter(const Options& options);
  // So many lines at a time that memory does not grow with the input; false when one of them was not UTF-8.
  bool run();

 private:
  void score(const std::vector<std::string>& lines);
  void check_targets();  // as many as sources

  const Options& options_;
  fovea::Device device_;
  fovea::Translator translator_;
  fovea::TranslateOptions asked_;
  Lines sources_;
  std::ifstream targets_file_;  // of --score
  Lines targets_;
  Output output_;
};
