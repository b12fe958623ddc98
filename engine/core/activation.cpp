#include "fovea/activation.hpp"

#include <array>

#include "core/check.h"

namespace fovea {
namespace {

struct Names {
  Activation activation;
  const char* name;
  std::array<const char*, 3> transformers;  // the first is written
  int ctranslate2;
};

constexpr Names kNames[] = {
    {Activation::relu, "relu", {"relu"}, 0},
    {Activation::gelu, "gelu", {"gelu"}, 3},
    {Activation::gelu_tanh, "gelu_tanh", {"gelu_pytorch_tanh", "gelu_new", "gelu_fast"}, 1},
    {Activation::silu, "silu", {"silu", "swish"}, 2},
    {Activation::sigmoid, "sigmoid", {"sigmoid"}, 6},
    {Activation::quick_gelu, "quick_gelu", {"quick_gelu"}, 4},
    {Activation::tanh, "tanh", {"tanh"}, 5},
};

}  // namespace

const char* name(Activation activation) {
  for (const Names& names : kNames)
    if (names.activation == activation) return names.name;
  return "none";
}

Activation transformers_activation(const std::string& setting, std::string_view word) {
  std::string known;
  for (const Names& names : kNames)
    for (const char* each : names.transformers) {
      if (!each) break;
      if (word == each) return names.activation;
      known += concat(known.empty() ? "" : ", ", each);
    }
  fail(setting, " \"", word, "\", known are ", known);
}

const char* transformers_name(Activation activation) {
  for (const Names& names : kNames)
    if (names.activation == activation) return names.transformers[0];
  fail("save: activation ", name(activation), ", transformers' models need one");
}

Activation ctranslate2_activation(const std::string& setting, double number) {
  std::string known;
  for (const Names& names : kNames) {
    if (number == names.ctranslate2) return names.activation;
    known += concat(known.empty() ? "" : ", ", names.ctranslate2, " ", names.name);
  }
  fail(setting, ": activation ", number, ", known are ", known);
}

}  // namespace fovea
