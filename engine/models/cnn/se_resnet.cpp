#include <algorithm>

#include "core/check.h"
#include "io/json.h"
#include "io/safetensors.h"
#include "models/cnn/layers.h"
#include "models/load.h"

namespace fovea {
namespace {

namespace fs = std::filesystem;

constexpr const char* kType = "se_resnet";

CnnSettings settings_of(SeResNetConfig& c) {
  return {kType, c.size, c.channels, c.width, c.stages, c.labels, 1};
}

// A block of the network: the first one of a stage but the first has half as many places.
struct Block {
  std::string name;
  int64_t in, out, stride;
  bool changes() const { return in != out || stride != 1; }  // needs a shortcut
};

std::vector<Block> blocks_of(const SeResNetConfig& c) {
  std::vector<Block> blocks;
  int64_t in = c.width;
  for (int64_t stage = 0; stage < c.stages; ++stage)
    for (int64_t i = 0; i < c.blocks; ++i) {
      const int64_t out = c.width << stage;
      blocks.push_back({concat("stage.", stage, ".", i), in, out, stage > 0 && i == 0 ? 2 : 1});
      in = out;
    }
  return blocks;
}

TensorTable se_resnet_table(const SeResNetConfig& c) {
  TensorTable table;
  add_normed_conv(table, "stem", {c.width, c.channels});
  for (const Block& block : blocks_of(c)) {
    add_normed_conv(table, block.name + ".first", {block.out, block.in});
    add_normed_conv(table, block.name + ".second", {block.out, block.out});
    if (c.excitation) {
      const int64_t squeezed = std::max<int64_t>(block.out / c.reduction, 1);
      const std::string name = block.name + ".excitation";
      table.linear(name + ".down", {name + ".down"}, {.out = squeezed, .in = block.out});
      table.linear(name + ".up", {name + ".up"}, {.out = block.out, .in = squeezed});
    }
    if (block.changes()) add_normed_conv(table, block.name + ".shortcut", {block.out, block.in, 1});
  }
  table.linear("classifier", {"classifier"},
               {.out = int64_t(c.labels.size()), .in = c.width << (c.stages - 1)});
  return table;
}

void check_blocks(const std::string& where, const SeResNetConfig& c) {
  constexpr int64_t kMostBlocks = 1024, kMostReduction = 1 << 16;
  FOVEA_CHECK(c.blocks >= 1 && c.blocks <= kMostBlocks && c.reduction >= 1 && c.reduction <= kMostReduction,
              where, ": blocks ", c.blocks, " and reduction ", c.reduction,
              ", at least 1 are needed, at most ", kMostBlocks, " and ", kMostReduction);
}

SeResNetConfig read_config(const ModelFiles& files) {
  SeResNetConfig c;
  const JsonFile file = read_cnn_config(files, settings_of(c));
  c.blocks = file.require_int("blocks");
  c.reduction = file.get_int("reduction", c.reduction);
  c.excitation = file.get_bool("excitation", true);
  check_blocks(file.file(), c);
  return c;
}

void write_config(const fs::path& directory, SeResNetConfig c) {
  nlohmann::ordered_json json = cnn_config(settings_of(c));
  json["blocks"] = c.blocks;
  json["reduction"] = c.reduction;
  json["excitation"] = c.excitation;
  write_json(directory / "config.json", json);
}

ResidualBlock make_block(const LayerSource& from, const Block& block, bool excitation) {
  const Conv2dOptions first{.stride = {block.stride, block.stride}, .padding = {1, 1}};
  const Conv2dOptions shortcut{.stride = {block.stride, block.stride}};
  ResidualBlock::Parts parts{make_normed_conv(from, block.name + ".first", first),
                             make_normed_conv(from, block.name + ".second", {.padding = {1, 1}}),
                             {},
                             {}};
  if (excitation) {
    Linear down = make_linear(from, block.name + ".excitation.down");
    parts.excitation.emplace(std::move(down), make_linear(from, block.name + ".excitation.up"));
  }
  if (block.changes()) parts.shortcut = make_normed_conv(from, block.name + ".shortcut", shortcut);
  return ResidualBlock(std::move(parts));
}

}  // namespace

struct SeResNet::Impl {
  Impl(Device& device, const ModelFiles& files, Use made_for, const LoadOptions& load)
      : use(made_for), config(read_config(files)), plans(device, config.channels, config.size) {
    const SafeTensors file(files.open("model.safetensors"));
    const TensorTable table = se_resnet_table(config);
    const TensorSource tensors(table, file, load);
    const LayerSource from{.device = device, .tensors = tensors, .use = use};
    stem = make_normed_conv(from, "stem", {.padding = {1, 1}});
    for (const Block& block : blocks_of(config)) blocks.push_back(make_block(from, block, config.excitation));
    classifier = make_linear(from, "classifier");
  }

  Parameters parameters() {
    const std::vector<Block> names = blocks_of(config);
    Parameters all;
    stem->parameters("stem", all);
    for (size_t i = 0; i < blocks.size(); ++i) blocks[i].parameters(names[i].name, all);
    classifier->parameters("classifier", all);
    return all;
  }

  Parameters tensors() {
    const std::vector<Block> names = blocks_of(config);
    Parameters all = parameters();
    stem->statistics("stem", all);
    for (size_t i = 0; i < blocks.size(); ++i) blocks[i].statistics(names[i].name, all);
    return all;
  }

  CnnTensors forward(Tensor x, Use how) const {  // (batch, channels, size, size)
    plans.expect_pixels(kType, x);
    CnnTensors made;
    x = (*stem)(x, how, Activation::relu);  // (batch, width, size, size)
    for (const ResidualBlock& block : blocks) {
      const SqueezeExcitation::Result result = block(x, how);
      x = result.out;  // (batch, width 2^stage, size / 2^stage, ..)
      if (result.excitation) made.attention.push_back(result.excitation);
    }
    made.logits = (*classifier)(global_average(x));
    return made;
  }

  Use use;
  SeResNetConfig config;
  std::optional<NormedConv2d> stem;
  std::vector<ResidualBlock> blocks;
  std::optional<Linear> classifier;
  CnnPlans plans;
};

void write_fresh_se_resnet(const std::string& directory, const SeResNetConfig& config, uint64_t seed) {
  SeResNetConfig copy = config;
  check_cnn_sizes("write_fresh_se_resnet", settings_of(copy));
  check_blocks("write_fresh_se_resnet", config);
  fs::create_directories(directory);
  write_fresh_tensors(fs::path(directory) / "model.safetensors", se_resnet_table(config), seed);
  write_config(directory, config);
}

SeResNet::SeResNet(Device& device, const ModelFiles& files, Use use, const LoadOptions& load)
    : impl_(load_model(load, [&] { return std::make_unique<Impl>(device, files, use, load); })) {}
SeResNet::~SeResNet() = default;
SeResNet::SeResNet(SeResNet&&) noexcept = default;

const SeResNetConfig& SeResNet::config() const { return impl_->config; }
CnnTensors SeResNet::operator()(Tensor pixels, Use use) const { return impl_->forward(pixels, use); }
CnnResult SeResNet::run(std::span<const float> pixels, int64_t batch, bool attention) {
  const auto forward = [this](Tensor x) { return impl_->forward(x, Use::inference); };
  return impl_->plans.run(forward, pixels, batch, attention);
}
void SeResNet::trim() { impl_->plans.trim(); }
Parameters SeResNet::parameters() { return impl_->parameters(); }

void SeResNet::save(const std::string& directory, Storage storage) {
  expect_for_training(kType, impl_->use);
  fs::create_directories(directory);
  save_tensors(fs::path(directory) / "model.safetensors", se_resnet_table(config()), impl_->tensors(),
               storage);
  write_config(directory, config());
}

}  // namespace fovea
