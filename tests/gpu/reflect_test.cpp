#include "gpu/reflect.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include "gpu/shaders.h"
#include "gpu/spirv.h"
#include "support/check.h"

using namespace fovea;
using namespace fovea::test;

namespace {

Interface interface_of(const std::string& name) { return reflect(name, find_shader(name)->words()); }

// spirv-opt, where it is installed, leaves no function but main.
bool inlined() {
  const std::vector<uint32_t> words = find_shader("attention_shared")->words();
  const Spirv spirv("attention_shared", words);
  const auto calls = [](const Instruction& each) { return each.opcode == op::kFunctionCall; };
  return std::none_of(spirv.instructions().begin(), spirv.instructions().end(), calls);
}

}  // namespace

TEST_CASE("every shader says what it takes") {
  for (const Shader& shader : shaders()) {
    INFO(shader.name);
    const Interface takes = reflect(shader.name, shader.words());
    REQUIRE(!takes.operands.empty());
    for (size_t i = 0; i < takes.operands.size(); ++i) {
      CHECK(!takes.operands[i].name.empty());
      CHECK(takes.operands[i].offset == 8 * i);
    }
    CHECK(takes.params_offset == 8 * takes.operands.size());
    CHECK(takes.push_bytes() <= kPushBytes);
    for (const Interface::Constant& constant : takes.constants) {
      CHECK(constant.name.starts_with("k"));
      CHECK(constant.id >= 1);
    }
    for (const Shader::Definition& definition : shader.definitions)
      if (definition.name == std::string("LANES")) CHECK(takes.fixed_lanes == shader.number("LANES"));
    const auto written = [](const auto& operand) { return operand.written; };
    if (takes.writes_known) CHECK(std::any_of(takes.operands.begin(), takes.operands.end(), written));
  }
}

TEST_CASE("operands, params and constants of a shader") {
  const Interface softmax = interface_of("softmax");
  REQUIRE(softmax.operands.size() == 3);
  CHECK(names_of(softmax.operands) == "x, lengths, y");
  CHECK(softmax.params_offset == 24);
  CHECK(softmax.params_bytes == 24);
  CHECK(softmax.fixed_lanes == 0);
  CHECK(names_of(softmax.constants) == "kHasLengths, kCausal");
  CHECK(softmax.constants.at(0).id == 1);
  CHECK(softmax.constants.at(1).id == 2);

  const Interface quad = interface_of("selftest_quad");  // without params
  CHECK(quad.params_bytes == 0);
  CHECK(names_of(quad.constants) == "none");

  const Interface tile = interface_of("attention_register_8_4_64");  // nested structs, constants from 3 on
  CHECK(tile.fixed_lanes == 8);
  CHECK(tile.params_bytes == 60);
  CHECK(names_of(tile.constants) == "kHeadDim, kCausal, kHasLengths, kHasBias");

  CHECK(interface_of("contiguous_uint").params_bytes == 96);  // arrays
}

TEST_CASE("what a shader writes is followed to its operands") {
  if (!inlined()) SKIP("the shaders were built without spirv-opt");
  const auto written = [](const std::string& name) {
    const Interface takes = interface_of(name);
    std::string text;
    for (const Interface::Operand& operand : takes.operands)
      if (operand.written) (text += text.empty() ? "" : ", ") += operand.name;
    return text;
  };
  CHECK(written("softmax") == "y");
  CHECK(written("embedding_order") == "counts, starts, ranks, order");
  CHECK(written("matmul_shared") == "y");                   // through uvec2
  CHECK(written("attention_register_4_1_64") == "y, lse");  // address arithmetic in halves
  CHECK(written("attention_register_8_1_64") == "y, lse");  // and in 64 bits
  CHECK(written("attention_grad_kv_shared") == "dk, dv");
  CHECK(written("adam") == "first, second");  // the parameters lie behind a table
  for (const Shader& shader : shaders()) {
    INFO(shader.name);
    CHECK(reflect(shader.name, shader.words()).writes_known);
  }
}

TEST_CASE("words that are no shader are an error that names the kernel") {
  const std::vector<uint32_t> module = find_shader("softmax")->words();
  const std::span<const uint32_t> words = module;
  check_rejects([&] { reflect("broken", {}); }, {"kernel broken", "0 words"});
  check_rejects([&] { reflect("broken", words.subspan(1)); }, {"kernel broken", "no SPIR-V"});
  check_rejects([&] { reflect("broken", words.first(6)); }, {"kernel broken", "left"});
  check_rejects([&] { reflect("broken", words.first(5)); }, {"kernel broken", "no push constants"});
}
