// One table for load, save and fresh models: what it says, and what happens when it says less.
#include "models/tensor_table.h"

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <set>

#include "io/safetensors.h"
#include "models/vit/table.h"
#include "support/check.h"
#include "support/temporary.h"

using namespace fovea;
using namespace fovea::test;

namespace {

const std::filesystem::path kGolden = FOVEA_SOURCE_DIR "/tests/golden";

// A small network of one of everything.
TensorTable small_table() {
  TensorTable table;
  table.add({"tokens", "model.tokens", {5, 4}, {Beginning::Kind::normal, 0.5}});
  table.linear("self.qkv", {"q", "k", "v"}, {.out = 12, .in = 4, .optional_bias = true});
  table.linear("turned", {"conv"}, {.out = 2, .in = 4, .transposed = true});
  table.norm("norm", "ln", 4);
  return table;
}

// The table without one row.
TensorTable without(const TensorTable& table, size_t left_out) {
  TensorTable made;
  for (size_t i = 0; i < table.rows().size(); ++i)
    if (i != left_out) made.add(table.rows()[i]);
  return made;
}

// The tensors of the network, each as large as its rows together.
struct Network {
  explicit Network(const TensorSource& source) {
    for (const char* name : {"tokens", "self.qkv.weight", "self.qkv.bias", "turned.weight", "turned.bias",
                             "norm.weight", "norm.bias"}) {
      if (!source.has(name)) continue;
      const TensorSource::Host host = source.read(name);
      states.emplace_back(name, State(device(), host.shape)).second.write(host.values);
    }
  }
  Parameters parameters() {
    Parameters all;
    for (auto& [name, state] : states) all.push_back({name, &state});
    return all;
  }
  std::vector<std::pair<std::string, State>> states;
};

}  // namespace

TEST_CASE("a fresh model is loaded and saved by the table that made it") {
  const TemporaryFolder folder;
  const std::filesystem::path fresh = folder.path() / "fresh", saved = folder.path() / "saved";
  const TensorTable table = small_table();
  write_fresh_tensors(fresh, table, 7);
  const SafeTensors file(fresh);
  CHECK(file.names() == std::vector<std::string>{"conv.bias", "conv.weight", "k.bias", "k.weight", "ln.bias",
                                                 "ln.weight", "model.tokens", "q.bias", "q.weight", "v.bias",
                                                 "v.weight"});
  for (float value : file.read_f32("ln.weight", {4})) CHECK(value == 1);
  for (float value : file.read_f32("k.bias", {4})) CHECK(value == 0);
  for (float value : file.read_f32("model.tokens", {5, 4})) CHECK((value != 0 && std::abs(value) <= 1));
  for (float value : file.read_f32("v.weight", {4, 4})) CHECK(std::abs(value) <= std::sqrt(6.0 / 8));

  const TensorSource source(table, file);
  const TensorSource::Host qkv = source.read("self.qkv.weight");
  CHECK(qkv.shape == Shape{12, 4});
  const std::vector<float> k = file.read_f32("k.weight", {4, 4});
  CHECK(std::vector<float>(qkv.values.begin() + 16, qkv.values.begin() + 32) == k);
  const TensorSource::Host turned = source.read("turned.weight");  // (out, in) of what lies as (in, out)
  CHECK(turned.shape == Shape{2, 4});
  const std::vector<float> conv = file.read_f32("conv.weight", {4, 2});
  CHECK(turned.values[1] == conv[2]);
  CHECK(turned.values[4] == conv[1]);

  Network network(source);
  save_tensors(saved, table, network.parameters(), Storage::f32);
  CHECK(read_bytes(saved) == read_bytes(fresh));
}

TEST_CASE("a row that a table lacks breaks load and save") {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "model.safetensors";
  const TensorTable table = small_table();
  write_fresh_tensors(path, table, 7);
  const SafeTensors file(path);
  Network network{TensorSource(table, file)};
  for (size_t row = 0; row < table.rows().size(); ++row) {
    const std::string name = table.rows()[row].name;
    INFO(name << " in " << table.rows()[row].in_file);
    const TensorTable gap = without(table, row);
    // A part of Q, K and V leaves rows of the others: the sizes tell.
    const bool part = name.starts_with("self.qkv");
    if (part) {
      CHECK(TensorSource(gap, file).read(name).shape[0] == 8);
    } else {
      check_rejects([&] { Network{TensorSource(gap, file)}; }, {"no row of " + name});
    }
    check_rejects(
        [&] { save_tensors(folder.path() / "no", gap, network.parameters(), Storage::f32); },
        part ? std::vector<std::string>{"save", name} : std::vector<std::string>{"no row of", name});
  }
  CHECK(!std::filesystem::exists(folder.path() / "no"));
}

TEST_CASE("a row without a tensor of the network breaks save, unless it is optional") {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "model.safetensors";
  const TensorTable table = small_table();
  write_fresh_tensors(path, table, 7);
  Network network{TensorSource(table, SafeTensors(path))};
  for (size_t i = 0; i < network.states.size(); ++i) {
    Parameters gap = network.parameters();
    const std::string name = gap[i].name;
    INFO(name);
    gap.erase(gap.begin() + int64_t(i));
    if (name == "self.qkv.bias") {
      save_tensors(path, table, gap, Storage::f32);
      const SafeTensors unbiased(path);
      CHECK(!unbiased.has("q.bias"));
      CHECK(!TensorSource(table, unbiased).has(name));
      continue;
    }
    check_rejects([&] { save_tensors(path, table, gap, Storage::f32); }, {"save", name, "does not have"});
  }
}

TEST_CASE("optional parts that a file lacks are zeros beside those that it has") {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "model.safetensors";
  const std::vector<float> ones(4, 1.0f);
  const NamedTensor only{"k.bias", {4}, ones};
  write_safetensors(path, std::span(&only, 1));
  const SafeTensors file(path);
  const TensorTable table = small_table();
  const TensorSource source(table, file);
  CHECK(source.read("self.qkv.bias").values == std::vector<float>{0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0});
  check_rejects([&] { source.read("self.qkv.weight"); }, {path.string(), "\"q.weight\""});
}

TEST_CASE("tensors of other shapes, and equal parts that are not, are errors with both sides") {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "model.safetensors";
  write_fresh_tensors(path, small_table(), 7);
  const SafeTensors file(path);
  TensorTable table;
  check_rejects([&] { table.linear("qkv", {"q", "k", "v"}, {.out = 10, .in = 4}); }, {"qkv", "10", "3"});
  table.linear("self.qkv", {"q", "k", "v"}, {.out = 12, .in = 1 << 30});  // more than a Shape can have
  check_rejects([&] { TensorSource(table, file).read("self.qkv.weight"); },
                {path.string(), "\"q.weight\"", "(4, 1073741824)", "(4, 4)"});
  State state(device(), {3});
  table.norm("norm", "ln", 4);
  check_rejects([&] { save_tensors(path, table, {{"norm.weight", &state}}, Storage::f32); },
                {"save", "norm.weight (3)", "\"ln.weight\" (4)"});
}

TEST_CASE("a format's suffixes end the names of its files") {
  TensorTable table(kCTranslate2);
  table.linear("up", {"layer_0/ffn/linear_0"}, {.out = 2, .in = 1});
  table.norm("norm", "layer_0/ffn/layer_norm", 2);
  std::vector<std::string> names;
  for (const TensorRow& row : table.rows()) names.push_back(row.in_file);
  CHECK(names == std::vector<std::string>{"layer_0/ffn/linear_0/weight", "layer_0/ffn/linear_0/bias",
                                          "layer_0/ffn/layer_norm/gamma", "layer_0/ffn/layer_norm/beta"});
}

TEST_CASE("every parameter of a Vision Transformer has a row, and every row a parameter") {
  for (const char* name : {"vit/vit", "vit/deit-teacher", "vit/deit", "vit/relu-oblong", "vit/headless"}) {
    INFO(name);
    VisionTransformer model(device(), (kGolden / name).string(), Use::training);
    const TensorTable table =
        vit_table(model.config(), layout_of(SafeTensors(kGolden / name / "model.safetensors")));
    std::set<std::string> ours, rows;
    for (const Parameter& parameter : model.parameters()) ours.insert(parameter.name);
    for (const TensorRow& row : table.rows())
      if (!row.optional || ours.contains(row.name)) rows.insert(row.name);
    CHECK(ours == rows);
  }
}
