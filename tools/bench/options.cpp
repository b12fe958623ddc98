#include "options.h"

#include <fmt/format.h>

#include <algorithm>

namespace fovea::bench {
namespace {

constexpr const char* kFooter = R"(  copy            permute, concat and transpose
  vit             --model: a Hugging Face ViT or DeiT directory; batch 1, whole forward pass
  translate       --model, --lines: 64 lines, greedy, one by one and together: sentences, tokens, submissions
                  and waits of a run
  train           a training step of the textbook's Transformer: width 32, 2 + 2 layers, 64 pairs
  train_rnn       the same of its recurrent network with additive attention: GRU of width 32, 2 + 2 layers
  start           --model, a ViT: until the first answer, with nothing compiled and with what that compiled;
                  the driver's own cache should be off (lavapipe: MESA_SHADER_CACHE_DISABLE=1)
  replay          the calling thread's time in Plan::submit() for one small dispatch

Without cases the speed table is run. Times are of Plan::run() by the host's clock. A short case stands
several times in a plan, each waiting for the one before ("repeats"), and its time is divided. FLOPs: 2 m k n
of every product, 8 an element of layer_norm; bytes: operands and results of each op once. A copy counts what
it reads and what it writes. The peak is that of a probe with 16 accumulators a lane and 4 steps a turn of
its loop; --peak chooses a shorter or a longer loop, or the fastest of all, and the heading shows them.
With --json every case is one object on a line.
Exit status: 0, 1 after an error, 2 for wrong usage.)";

std::string footer() {
  std::string text = "Cases, and their shapes:\n";
  for (const Kind& kind : kinds())
    text += fmt::format("  {:<16}{:<31}{}\n", kind.name, kind.usage, kind.says);
  return text + kFooter;
}

std::vector<std::string> all_names() {
  std::vector<std::string> names;
  for (const Kind& kind : kinds()) names.push_back(kind.name);
  names.insert(names.end(), {"copy", "vit", "replay", "start", "translate", "train", "train_rnn"});
  return names;
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

void need(const std::string& value, const char* name, const char* option, const char* what) {
  if (value.empty()) throw CLI::RequiredError(fmt::format("{}: {} ({})", name, option, what));
}

}  // namespace

void add_options(CLI::App& app, Options& options) {
  app.footer(footer());
  app.add_option(
         "case", options.names,
         "gemm, attention, attention_grad, layer_norm, ffn, vit, replay; default: all these; or "
         "conv2d, conv2d_grad_x, conv2d_grad_weight, copy, pixels, start, translate, train, train_rnn")
      ->check(CLI::IsMember(all_names()));
  app.add_option("--shape", options.shape, "sizes of the one case given");
  app.add_option("--model", options.model, "directory of the model for vit or translate");
  app.add_option("--lines", options.lines, "file of sources for translate");
  app.add_option("--device", options.device, "index or part of the name of the device");
  app.add_option("--runs", options.runs, "least runs of a case")
      ->check(CLI::Range(10, 100000))
      ->capture_default_str();
  app.add_option("--peak", options.peak,
                 "multiply-add probe: accumulators x steps of its loop, or the faster")
      ->check(CLI::IsMember({"best", "16x1", "16x4", "12x32"}))
      ->capture_default_str();
  app.add_flag("--json", options.json, "one JSON object per case on a line");
}

bool asks_for(const Options& options, const char* name) {
  if (!contains(options.names, name)) return false;
  if (options.names.size() != 1 || !options.shape.empty())
    throw CLI::ValidationError(name, "goes with no other case or shape");
  if (options.names[0] == "start")
    need(options.model, name, "--model", "a Hugging Face ViT or DeiT directory");
  if (options.names[0] == "translate") {
    need(options.model, name, "--model", "a CTranslate2, Marian or BART directory");
    need(options.lines, name, "--lines", "a file of sources, one a line");
  }
  return true;
}

std::vector<Ask> asked_cases(const Options& options) {
  std::vector<std::string> names = options.names;
  if (!options.shape.empty()) {
    if (names.size() != 1) throw CLI::ValidationError("--shape", "needs exactly one case");
    const Kind* kind = kind_of(names[0]);
    if (!kind) throw CLI::ValidationError("--shape", names[0] + " takes no --shape");
    const auto sizes = parse_sizes(*kind, options.shape);
    if (!sizes)
      throw CLI::ValidationError(
          "--shape", fmt::format("{}: {} takes {}, {}", options.shape, kind->name, kind->usage, kind->says));
    return {{kind->name, *sizes}};
  }
  if (contains(names, "vit")) need(options.model, "vit", "--model", "a Hugging Face ViT or DeiT directory");
  if (names.empty()) names = {"gemm", "attention", "attention_grad", "layer_norm", "ffn", "vit", "replay"};
  const auto copy = std::ranges::find(names, "copy");
  if (copy != names.end()) names.insert(names.erase(copy), {"permute", "concat", "transpose"});
  std::vector<Ask> asks;
  for (const std::string& name : names) {
    const Kind* kind = kind_of(name);
    if (!kind) asks.push_back({name, {}});
    for (const Sizes& sizes : kind ? kind->standard : std::vector<Sizes>()) asks.push_back({name, sizes});
  }
  return asks;
}

}  // namespace fovea::bench
