#include <nlohmann/json.hpp>

#include "core/check.h"
#include "fovea/train.hpp"
#include "io/json.h"
#include "io/safetensors.h"

namespace fovea {
namespace {

using nlohmann::json;

constexpr const char* kKind = "fovea checkpoint 1";

// Everything a checkpoint keeps that lies on the device, by its name in the file.
std::vector<std::pair<std::string, State*>> kept(Optimizer& optimizer) {
  std::vector<std::pair<std::string, State*>> all;
  for (const Parameter& parameter : optimizer.parameters())
    all.emplace_back("parameter." + parameter.name, parameter.state);
  for (const auto& [name, state] : optimizer.states()) all.emplace_back("optimizer." + name, state);
  return all;
}

json points(const std::vector<CurvePoint>& from) {
  json all = json::array();
  for (const CurvePoint& point : from) all.push_back({point.step, point.value});
  return all;
}

std::vector<CurvePoint> points(const json& from) {
  std::vector<CurvePoint> all;
  for (const json& point : from) all.push_back({point.at(0).get<int64_t>(), point.at(1).get<double>()});
  return all;
}

// The settings that moments and places depend on.
json settings(const OptimizerOptions& o) {
  return {{"kind", int(o.kind)},
          {"average", o.average},
          {"beta1", o.beta1},
          {"beta2", o.beta2},
          {"momentum", o.momentum}};
}

}  // namespace

void save_checkpoint(const std::filesystem::path& path, Optimizer& optimizer, const State* generator,
                     const Progress& progress) {
  std::vector<std::vector<float>> values;
  std::vector<NamedTensor> tensors;
  const auto all = kept(optimizer);
  for (const auto& [name, state] : all) values.push_back(state->read());
  for (size_t i = 0; i < all.size(); ++i)
    tensors.push_back({all[i].first, all[i].second->shape(), values[i]});
  const Optimizer::Counters counters = optimizer.counters();
  json state{{"steps", counters.steps},
             {"finite_steps", counters.finite_steps},
             {"loss_scale", counters.loss_scale},
             {"step", progress.step},
             {"steps_per_epoch", progress.steps_per_epoch},
             {"best", progress.best},
             {"validated", progress.validated},
             {"stale", progress.stale},
             {"losses", points(progress.losses)},
             {"measures", points(progress.measures)},
             {"loss_sum", progress.loss_sum},
             {"loss_count", progress.loss_count},
             {"settings", settings(optimizer.options())}};
  if (generator) state["generator"] = generator->read_u32();
  write_safetensors(path, tensors, {{"kind", kKind}, {"state", state.dump()}});
}

void expect_no_checkpoint(const std::filesystem::path& path) {
  FOVEA_CHECK(!std::filesystem::exists(path), path.string(),
              ": is there already; resume that training or choose another directory");
}

namespace {

Progress load(const std::filesystem::path& path, Optimizer& optimizer, State* generator) {
  const SafeTensors file(path);
  const auto& metadata = file.metadata();
  FOVEA_CHECK(metadata.contains("kind") && metadata.at("kind") == kKind && metadata.contains("state"),
              path.string(), ": is not a ", kKind);
  const std::string where = path.string() + ": state";
  const json state = parse_json(metadata.at("state"), where, DuplicateKeys::error);
  const auto all = kept(optimizer);
  FOVEA_CHECK(file.names().size() == all.size(), path.string(), ": holds ", file.names().size(),
              " tensors, this training has ", all.size());
  std::vector<std::vector<float>> values;  // everything is read before anything is changed
  for (const auto& [name, target] : all) values.push_back(file.read_f32(name, target->shape()));
  try {
    const json wanted = json::parse(settings(optimizer.options()).dump());
    FOVEA_CHECK(state.at("settings") == wanted, where, ": was made with ", state.at("settings").dump(),
                ", this training has ", wanted.dump());
    const auto words = state.value("generator", std::vector<uint32_t>());
    FOVEA_CHECK(words.size() == (generator ? generator->shape().elements() : 0), where, ": a generator of ",
                words.size(), " words, this training has ", generator ? 4 : 0);
    const Optimizer::Counters counters{state.at("steps").get<int64_t>(),
                                       state.at("finite_steps").get<int64_t>(),
                                       state.at("loss_scale").get<float>()};
    Progress progress{.step = state.at("step").get<int64_t>(),
                      .steps_per_epoch = state.at("steps_per_epoch").get<int64_t>(),
                      .best = state.at("best").get<double>(),
                      .validated = state.at("validated").get<bool>(),
                      .stale = state.at("stale").get<int64_t>(),
                      .losses = points(state.at("losses")),
                      .measures = points(state.at("measures")),
                      .loss_sum = state.at("loss_sum").get<double>(),
                      .loss_count = state.at("loss_count").get<int64_t>()};
    for (size_t i = 0; i < all.size(); ++i) all[i].second->write(values[i]);
    if (generator) generator->write(words);
    optimizer.restore(counters);
    return progress;
  } catch (const json::exception& error) {
    fail(where, ": ", error.what());
  }
}

}  // namespace

Progress load_checkpoint(const std::filesystem::path& path, Optimizer& optimizer, State* generator) {
  return from_file([&] { return load(path, optimizer, generator); });
}

}  // namespace fovea
