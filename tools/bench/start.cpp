#include "start.h"

#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "fovea/vit.hpp"

namespace fovea::bench {
namespace {

using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

struct Start {
  double device = 0, model = 0, answer = 0;  // milliseconds from the start of the program's work
  std::string name;
  std::vector<std::byte> kernels;  // that were compiled
};

Start start(const StartOptions& options, const std::vector<std::byte>& kernels) {
  const auto begin = Clock::now();
  Start times;
  Device device({.name = options.device, .cached_kernels = kernels});
  times.device = milliseconds_since(begin);
  VisionTransformer model(device, options.model);
  times.model = milliseconds_since(begin);
  const ViTConfig& config = model.config();
  model.run(std::vector<float>(size_t(config.channels * config.height * config.width), 0.5f), 1);
  times.answer = milliseconds_since(begin);
  times.name = device.info().name;
  times.kernels = device.cached_kernels();
  return times;
}

}  // namespace

void measure_start(const StartOptions& options) {
  const Start first = start(options, {}), second = start(options, first.kernels);
  if (options.json) {
    for (const Start* each : {&first, &second})
      fmt::print("{}\n", nlohmann::ordered_json{{"case", "start"},
                                                {"device", each->name},
                                                {"kernels_known", each == &second},
                                                {"device_ms", each->device},
                                                {"model_ms", each->model},
                                                {"answer_ms", each->answer},
                                                {"kernels_bytes", each->kernels.size()}}
                             .dump());
    return;
  }
  fmt::print("{}, {}\n", first.name, options.model);
  fmt::print("{:<34}{:>11}{:>11}{:>11}\n", "start, ms until there is", "a device", "a model", "an answer");
  fmt::print("{:<34}{:>11.0f}{:>11.0f}{:>11.0f}\n", "  nothing compiled", first.device, first.model,
             first.answer);
  fmt::print("{:<34}{:>11.0f}{:>11.0f}{:>11.0f}   {:.2f} of the first, from {} bytes of the driver's\n",
             "  with the kernels of the first", second.device, second.model, second.answer,
             second.answer / first.answer, first.kernels.size());
}

}  // namespace fovea::bench
