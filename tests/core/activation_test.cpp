#include "fovea/activation.hpp"

#include <catch2/catch_test_macros.hpp>
#include <set>

#include "core/check.h"
#include "support/values.h"

namespace fovea {
namespace {

constexpr Activation kAll[] = {Activation::relu, Activation::gelu,    Activation::gelu_tanh,
                               Activation::silu, Activation::sigmoid, Activation::quick_gelu,
                               Activation::tanh};

}  // namespace

TEST_CASE("activations are read under the names they are written with") {
  std::set<std::string> names;
  for (Activation activation : kAll) {
    const std::string written = transformers_name(activation);
    INFO(name(activation) << ", written as " << written);
    CHECK(transformers_activation("config.json: hidden_act", written) == activation);
    names.insert(name(activation));
  }
  CHECK(names.size() == std::size(kAll));
  CHECK(names.count("none") == 0);
  CHECK(std::string(name(Activation::none)) == "none");
}

TEST_CASE("activations have several names in transformers") {
  for (const char* word : {"gelu_new", "gelu_fast", "gelu_pytorch_tanh"})
    CHECK(transformers_activation("", word) == Activation::gelu_tanh);
  for (const char* word : {"silu", "swish"}) CHECK(transformers_activation("", word) == Activation::silu);
  CHECK(transformers_activation("", "gelu") == Activation::gelu);
  CHECK(transformers_activation("", "quick_gelu") == Activation::quick_gelu);
}

TEST_CASE("activations have the numbers of CTranslate2") {
  CHECK(ctranslate2_activation("", 0) == Activation::relu);
  CHECK(ctranslate2_activation("", 1) == Activation::gelu_tanh);
  CHECK(ctranslate2_activation("", 2) == Activation::silu);
  CHECK(ctranslate2_activation("", 3) == Activation::gelu);
  CHECK(ctranslate2_activation("", 4) == Activation::quick_gelu);
  CHECK(ctranslate2_activation("", 5) == Activation::tanh);
  CHECK(ctranslate2_activation("", 6) == Activation::sigmoid);
}

TEST_CASE("unknown activations are rejected with the known ones") {
  const std::vector<std::string> words = {"config.json: hidden_act", "\"mish\"", "relu, gelu, ", "gelu_new",
                                          "swish"};
  test::check_rejects([] { transformers_activation("config.json: hidden_act", "mish"); }, words);
  test::check_rejects([] { transformers_activation("hidden_act", ""); }, {"hidden_act \"\"", "relu"});
  test::check_rejects([] { transformers_name(Activation::none); }, {"save", "activation none"});
  for (double number : {-1., 7., 1.5})
    test::check_rejects([=] { ctranslate2_activation("model.bin", number); },
                        {"model.bin: activation " + concat(number), "0 relu, ", "1 gelu_tanh"});
}

}  // namespace fovea
