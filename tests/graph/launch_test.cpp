#include "graph/launch.h"

#include <catch2/catch_test_macros.hpp>
#include <functional>

#include "gpu/gpu.h"
#include "gpu/shaders.h"
#include "shaders/softmax.h"
#include "support/check.h"

using namespace fovea;
using namespace fovea::test;

namespace {

// A launch whose commands are never submitted.
class Recording {
 public:
  Recording()
      : gpu_(device().gpu()),
        buffer_(gpu_, 4096, MemoryKind::device, "operands"),
        commands_(gpu_),
        recorder_((commands_.begin(), gpu_), commands_.handle()),
        tables_(gpu_) {}
  ~Recording() { commands_.end(); }

  Span part(uint64_t number) const { return {&buffer_, 1024 * number, 1024}; }
  Launch launch() { return Launch(gpu_, recorder_, tables_, {part(0), part(1)}, {part(2)}); }
  uint32_t dispatches() const { return recorder_.dispatches(); }

 private:
  Gpu& gpu_;
  Buffer buffer_;
  Commands commands_;
  Recorder recorder_;
  Tables tables_;
};

// One dispatch of softmax over 4 rows of 64, right but for what `change` makes of it.
void dispatch_softmax(const std::function<void(Dispatch&)>& change) {
  Recording recording;
  Launch k = recording.launch();
  Dispatch what{.kernel = "softmax",
                .groups = k.rows(4),
                .constants = {{"kHasLengths", true}, {"kCausal", false}},
                .reads = {{"x", k.in(0)}, {"lengths", k.in(1)}},
                .writes = {{"y", k.out()}}};
  change(what);
  k.dispatch(what, SoftmaxParams{.rows = 4, .columns = 64, .queries = 1, .scale = 1, .lengths = {1, 1}});
  REQUIRE(recording.dispatches() == 1);
}

void check_mistake(const std::function<void(Dispatch&)>& change, const std::vector<std::string>& parts) {
  check_rejects([&] { dispatch_softmax(change); }, parts);
}

}  // namespace

TEST_CASE("a dispatch gives operands in any order, and absent ones by name") {
  dispatch_softmax([](Dispatch&) {});
  dispatch_softmax([](Dispatch& what) { std::swap(what.reads[0], what.reads[1]); });
  dispatch_softmax([](Dispatch& what) { what.reads[1].span = {}; });
}

TEST_CASE("operands that are not the shader's are errors") {
  check_mistake([](Dispatch& d) { d.reads.pop_back(); },
                {"kernel softmax", "operand lengths is missing", "x, lengths, y"});
  check_mistake([](Dispatch& d) { d.writes.clear(); }, {"kernel softmax", "operand y is missing"});
  check_mistake([](Dispatch& d) { d.reads.push_back({"mask", {}}); },  // one too many
                {"kernel softmax", "operand mask", "x, lengths, y"});
  check_mistake([](Dispatch& d) { d.reads[0].name = "a"; }, {"kernel softmax", "operand a", "x, lengths, y"});
  check_mistake([](Dispatch& d) { d.reads[1].name = "x"; }, {"kernel softmax", "operand x is given twice"});
  check_mistake([](Dispatch& d) { d.writes.push_back(d.reads[0]); },
                {"kernel softmax", "operand x is given twice"});
  check_mistake([](Dispatch& d) { d.reads[0].span.bytes = 5000; },
                {"kernel softmax", "operand x", "5000", "4096"});
}

TEST_CASE("operands on the wrong side are errors") {
  if (!reflect("softmax", find_shader("softmax")->words()).writes_known) SKIP("built without spirv-opt");
  check_mistake(
      [](Dispatch& d) {
        d.reads.push_back(d.writes[0]);
        d.writes.clear();
      },
      {"kernel softmax", "operand y is among the reads", "writes it"});
  check_mistake(
      [](Dispatch& d) {
        d.writes.push_back(d.reads[0]);
        d.reads.erase(d.reads.begin());
      },
      {"kernel softmax", "operand x is among the writes", "only reads it"});
}

TEST_CASE("constants that are not the shader's are errors") {
  check_mistake([](Dispatch& d) { d.constants.clear(); },
                {"kernel softmax", "constant kHasLengths is missing", "kHasLengths, kCausal"});
  check_mistake([](Dispatch& d) { d.constants.push_back({"kMasked", 1}); },  // one too many
                {"kernel softmax", "constant kMasked = 1", "kHasLengths, kCausal"});
  check_mistake([](Dispatch& d) { d.constants[0].name = "kLengths"; },
                {"kernel softmax", "constant kLengths", "kHasLengths"});
  check_mistake([](Dispatch& d) { d.constants.push_back({"kHasLengths", 0}); },
                {"kernel softmax", "constant kHasLengths is given twice", "as 1 and as 0"});
}

TEST_CASE("kernels, lanes and grids that cannot be are errors") {
  const Limits& limits = device().info().limits;
  const uint32_t most = limits.max_workgroup_lanes;
  check_mistake([](Dispatch& d) { d.kernel = "softmin"; }, {"kernel softmin", "no shader"});
  check_mistake([&](Dispatch& d) { d.lanes = most + 1; },
                {"kernel softmax", std::to_string(most + 1), std::to_string(most)});
  check_mistake([](Dispatch& d) { d.groups = {0}; }, {"kernel softmax", "0 workgroups along x"});
  check_mistake([&](Dispatch& d) { d.groups = {1, limits.max_groups[1] + 1}; },
                {"kernel softmax", "along y", std::to_string(limits.max_groups[1])});
  check_mistake(
      [](Dispatch& d) {
        d.kernel = "decoder_layer_step_8_8";
        d.lanes = 4;
      },
      {"kernel decoder_layer_step_8_8", "4 lanes", "built for 8"});
}

TEST_CASE("params of another size are an error") {
  Recording recording;
  Launch k = recording.launch();
  const Dispatch what{.kernel = "softmax",
                      .constants = {{"kHasLengths", true}, {"kCausal", false}},
                      .reads = {{"x", k.in(0)}, {"lengths", k.in(1)}},
                      .writes = {{"y", k.out()}}};
  struct Shorter {
    uint32_t rows, columns, rows_per_length;
  };
  check_rejects([&] { k.dispatch(what, Shorter{4, 64, 1}); }, {"kernel softmax", "12 bytes of params", "24"});
  REQUIRE(recording.dispatches() == 0);
}
