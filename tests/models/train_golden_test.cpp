// A tiny Vision Transformer and a tiny Marian in training: every step's loss and norm beside PyTorch's
// (tools/make_golden_train recorded them in double precision), and weights after the last.
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "fovea/train.hpp"
#include "fovea/transformer.hpp"
#include "fovea/vit.hpp"
#include "io/file.h"
#include "io/safetensors.h"
#include "support/check.h"
#include "support/temporary.h"

using namespace fovea;
using namespace fovea::test;
using nlohmann::json;

namespace {

const std::filesystem::path kGolden = FOVEA_SOURCE_DIR "/tests/golden/train";
constexpr size_t kBatches = 5;
// PyTorch in float32 is within 4e-7 and 3e-6 of these numbers.
constexpr double kLoss = 1e-5, kNorm = 1e-4;
constexpr Tolerance kWeights{1e-10, 1e-4};

OptimizerOptions optimizer_of(const json& run) {
  const std::string kind = run["kind"];
  using Kind = OptimizerOptions::Kind;
  return {.kind = kind == "sgd"    ? Kind::sgd
                  : kind == "adam" ? Kind::adam
                                   : Kind::adamw,
          .momentum = run["momentum"],
          .nesterov = run["nesterov"],
          .beta1 = run["beta1"],
          .beta2 = run["beta2"],
          .eps = run["eps"],
          .weight_decay = run["weight_decay"],
          .clip = run["clip"]};
}

Schedule schedule_of(const json& run) {
  using Kind = Schedule::Kind;
  return {.kind = run["schedule"] == "constant" ? Kind::constant : Kind::inverse_square_root,
          .rate = run["rate"],
          .warmup = run["warmup"]};
}

// What the steps of a run read: inputs of the graph, by their names in batches.safetensors.
struct Batch {
  std::string name;
  Tensor tensor;
};

void write_batch(Plan& plan, const Batch& input, const SafeTensors& file, size_t index) {
  const SafeTensors::Info& info = file.info(input.name);
  const size_t count = input.tensor.shape().elements();
  REQUIRE(Shape(info.shape).elements() == kBatches * count);
  if (input.tensor.dtype() == DType::f32) {
    const std::vector<float> all = file.read_f32(input.name, Shape(info.shape));
    return plan.write(input.tensor, std::span(all).subspan(index * count, count));
  }
  std::vector<int64_t> ids(count);
  std::memcpy(ids.data(), info.bytes.data() + index * count * 8, count * 8);
  plan.write(input.tensor, std::vector<uint32_t>(ids.begin(), ids.end()));
}

// A model with its loss in a graph; save() writes its directory.
struct Learner {
  std::unique_ptr<Graph> graph;
  std::vector<Batch> inputs;
  Tensor loss;
  Parameters parameters;
  std::function<void(const std::string&)> save;
};

void check_steps(const Learner& learner, const json& run, const std::filesystem::path& folder) {
  const SafeTensors batches(folder / "batches.safetensors");
  Optimizer optimizer(device(), learner.parameters, optimizer_of(run));
  const Optimizer::Step step = optimizer.step(learner.loss);
  Plan plan(device(), *learner.graph, {learner.loss, step.norm}, {.guards = true});
  const Schedule schedule = schedule_of(run);
  for (size_t i = 0; i < run["steps"].size(); ++i) {
    INFO("step " << i + 1);
    const auto [rate, loss, norm] = run["steps"][i].get<std::array<double, 3>>();
    CHECK(std::abs(double(schedule.at(int64_t(i) + 1)) - rate) < 1e-6 * rate);
    for (const Batch& input : learner.inputs) write_batch(plan, input, batches, i % kBatches);
    plan.write(step.control, optimizer.control(float(rate)));
    plan.run();
    const float made = plan.read(step.norm).front();
    CHECK(std::abs(double(plan.read(learner.loss).front()) - loss) < kLoss * loss);
    CHECK(std::abs(double(made) - norm) < kNorm * norm);
    REQUIRE(optimizer.finish(made));
  }
  CHECK(plan.guards_intact());
  CHECK(device().validation_messages().empty());
}

void check_weights(const Learner& learner, const std::string& run, const std::filesystem::path& folder) {
  const TemporaryFolder saved;
  learner.save(saved.path().string());
  const SafeTensors got(saved.path() / "model.safetensors"), want(folder / "final.safetensors");
  size_t compared = 0;
  for (const std::string& name : want.names()) {
    if (!name.starts_with(run + ".")) continue;
    INFO(name);
    const Shape shape(want.info(name).shape);
    const std::vector<float> values = want.read_f32(name, shape);
    check_close(got.read_f32(name.substr(run.size() + 1), shape), {values.begin(), values.end()}, kWeights);
    ++compared;
  }
  CHECK(compared >= 6);
}

template <class Make>
void check_runs(const std::string& model, const Make& make) {
  const std::filesystem::path folder = kGolden / model;
  for (const json& run : json::parse(read_text(folder / "runs.json"))) {
    const std::string name = run["name"];
    INFO(model << " with " << name);
    make(folder.string(), run, [&](const Learner& learner) {
      check_steps(learner, run, folder);
      check_weights(learner, name, folder);
    });
  }
}

CrossEntropyOptions loss_of(const json& run) {
  return {.smoothing = run["smoothing"], .ignored = uint32_t(run["ignored"].get<int64_t>())};
}

}  // namespace

TEST_CASE("a Vision Transformer learns as in PyTorch") {
  check_runs("vit", [](const std::string& directory, const json& run, const auto& check) {
    VisionTransformer model(device(), directory, Use::training);
    auto graph = std::make_unique<Graph>();
    const Tensor pixels = graph->input({4, 3, 16, 16}), labels = graph->input({4}, DType::u32);
    const Tensor loss = cross_entropy(model(pixels).logits, labels, loss_of(run)).loss;
    check({.graph = std::move(graph),
           .inputs = {{"pixel_values", pixels}, {"labels", labels}},
           .loss = loss,
           .parameters = model.parameters(),
           .save = [&](const std::string& to) { model.save(to); }});
  });
}

TEST_CASE("a Marian model learns as in PyTorch") {
  check_runs("marian", [](const std::string& directory, const json& run, const auto& check) {
    Transformer model(device(), directory);
    auto graph = std::make_unique<Graph>();
    const Tensor source = graph->input({4, 9}, DType::u32), lengths = graph->input({4}, DType::u32);
    const Tensor inputs = graph->input({4, 7}, DType::u32), labels = graph->input({4, 7}, DType::u32);
    const Tensor loss = cross_entropy(model(source, lengths, inputs), labels, loss_of(run)).loss;
    check({.graph = std::move(graph),
           .inputs = {{"input_ids", source},
                      {"lengths", lengths},
                      {"decoder_input_ids", inputs},
                      {"labels", labels}},
           .loss = loss,
           .parameters = model.parameters(),
           .save = [&](const std::string& to) { model.save(to); }});
  });
}
