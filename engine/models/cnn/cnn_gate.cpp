#include <algorithm>

#include "core/check.h"
#include "io/json.h"
#include "io/safetensors.h"
#include "models/cnn/layers.h"
#include "models/load.h"

namespace fovea {
namespace {

namespace fs = std::filesystem;

constexpr const char* kType = "cnn_gate";

CnnSettings settings_of(CnnGateConfig& c) { return {kType, c.size, c.channels, c.width, c.stages, c.labels}; }

// A branch is narrower than its trunk: it only has to say how much a place counts.
int64_t branch_width(int64_t width) { return std::max<int64_t>(width / 4, 4); }

TensorTable cnn_gate_table(const CnnGateConfig& c) {
  TensorTable table;
  int64_t in = c.channels;
  for (int64_t i = 0; i < c.stages; ++i) {
    const std::string name = concat("stage.", i);
    const int64_t out = c.width << i;
    add_normed_conv(table, name + ".trunk", {out, in});
    if (c.gate) {
      add_conv(table, name + ".branch", {branch_width(out), in});
      add_conv(table, name + ".gate", {1, branch_width(out)});
    }
    in = out;
  }
  table.linear("classifier", {"classifier"}, {.out = int64_t(c.labels.size()), .in = in});
  return table;
}

CnnGateConfig read_config(const ModelFiles& files) {
  CnnGateConfig c;
  const JsonFile file = read_cnn_config(files, settings_of(c));
  c.gate = file.get_bool("gate", true);
  return c;
}

void write_config(const fs::path& directory, CnnGateConfig c) {
  nlohmann::ordered_json json = cnn_config(settings_of(c));
  json["gate"] = c.gate;
  write_json(directory / "config.json", json);
}

struct Stage {
  std::optional<AttentionGate> gated;
  std::optional<NormedConv2d> plain;  // one of them
};

}  // namespace

struct CnnGate::Impl {
  Impl(Device& device, const ModelFiles& files, Use made_for, const LoadOptions& load)
      : use(made_for), config(read_config(files)), plans(device, config.channels, config.size) {
    const SafeTensors file(files.open("model.safetensors"));
    const TensorTable table = cnn_gate_table(config);
    const TensorSource tensors(table, file, load);
    const LayerSource from{.device = device, .tensors = tensors, .use = use};
    const Conv2dOptions same{.padding = {1, 1}};
    for (int64_t i = 0; i < config.stages; ++i) {
      const std::string name = concat("stage.", i);
      NormedConv2d trunk = make_normed_conv(from, name + ".trunk", same);
      stages.emplace_back();
      if (config.gate) {
        Conv2d branch = make_conv(from, name + ".branch", same);
        stages.back().gated.emplace(std::move(trunk), std::move(branch),
                                    make_conv(from, name + ".gate", same));
      } else {
        stages.back().plain = std::move(trunk);
      }
    }
    classifier = make_linear(from, "classifier");
  }

  Parameters parameters() {
    Parameters all;
    for (size_t i = 0; i < stages.size(); ++i) {
      const std::string name = concat("stage.", i);
      if (stages[i].gated) stages[i].gated->parameters(name, all);
      if (stages[i].plain) stages[i].plain->parameters(name + ".trunk", all);
    }
    classifier->parameters("classifier", all);
    return all;
  }

  Parameters tensors() {
    Parameters all = parameters();
    for (size_t i = 0; i < stages.size(); ++i) {
      const std::string name = concat("stage.", i);
      if (stages[i].gated) stages[i].gated->statistics(name, all);
      if (stages[i].plain) stages[i].plain->statistics(name + ".trunk", all);
    }
    return all;
  }

  CnnTensors forward(Tensor x, Use how) const {  // (batch, channels, size, size)
    plans.expect_pixels(kType, x);
    CnnTensors made;
    for (const Stage& stage : stages) {
      if (stage.gated) {
        const AttentionGate::Result gated = (*stage.gated)(x, how);
        made.attention.push_back(gated.gate);
        x = gated.out;
      } else {
        x = (*stage.plain)(x, how, Activation::relu);
      }
      x = max_pool2d(x);  // (batch, width 2^stage, half, half)
    }
    made.logits = (*classifier)(global_average(x));
    return made;
  }

  Use use;
  CnnGateConfig config;
  std::vector<Stage> stages;
  std::optional<Linear> classifier;
  CnnPlans plans;
};

void write_fresh_cnn_gate(const std::string& directory, const CnnGateConfig& config, uint64_t seed) {
  CnnGateConfig copy = config;
  check_cnn_sizes("write_fresh_cnn_gate", settings_of(copy));
  fs::create_directories(directory);
  write_fresh_tensors(fs::path(directory) / "model.safetensors", cnn_gate_table(config), seed);
  write_config(directory, config);
}

CnnGate::CnnGate(Device& device, const ModelFiles& files, Use use, const LoadOptions& load)
    : impl_(load_model(load, [&] { return std::make_unique<Impl>(device, files, use, load); })) {}
CnnGate::~CnnGate() = default;
CnnGate::CnnGate(CnnGate&&) noexcept = default;

const CnnGateConfig& CnnGate::config() const { return impl_->config; }
CnnTensors CnnGate::operator()(Tensor pixels, Use use) const { return impl_->forward(pixels, use); }
CnnResult CnnGate::run(std::span<const float> pixels, int64_t batch, bool attention) {
  const auto forward = [this](Tensor x) { return impl_->forward(x, Use::inference); };
  return impl_->plans.run(forward, pixels, batch, attention);
}
void CnnGate::trim() { impl_->plans.trim(); }
Parameters CnnGate::parameters() { return impl_->parameters(); }

void CnnGate::save(const std::string& directory, Storage storage) {
  expect_for_training(kType, impl_->use);
  fs::create_directories(directory);
  save_tensors(fs::path(directory) / "model.safetensors", cnn_gate_table(config()), impl_->tensors(),
               storage);
  write_config(directory, config());
}

}  // namespace fovea
