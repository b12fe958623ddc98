#include "support/golden.h"

#include <catch2/catch_test_macros.hpp>

namespace fovea::test {

void GoldenCase::check(Tensor y, Tolerance tolerance) {
  const Tensor dy = graph_.input(y.shape());
  inputs_.push_back({dy, values("dy")});
  std::vector<Tensor> made = graph_.grad(y, operands_, dy);
  std::vector<std::string> names = gradients_;
  expect(y, "y");
  made.insert(made.end(), outputs_.begin(), outputs_.end());
  names.insert(names.end(), names_.begin(), names_.end());
  const std::vector<Values> got = run_all(graph_, inputs_, made);
  for (size_t i = 0; i < got.size(); ++i) {
    INFO(full(names[i]));
    const std::vector<float> want = values(names[i]);
    check_close(std::get<std::vector<float>>(got[i]), {want.begin(), want.end()}, tolerance);
  }
}

}  // namespace fovea::test
