#include "output.h"

#include <fmt/format.h>

#include <cstdio>
#include <fovea/heatmap.hpp>
#include <nlohmann/json.hpp>
#include <numeric>

namespace {

using Json = nlohmann::ordered_json;

// Tokens may be parts of characters: what is not UTF-8 is replaced.
std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

Json to_json(const std::string& line, const fovea::Translation& made) {
  Json outputs = Json::array();
  for (const fovea::Hypothesis& output : made.outputs) {
    outputs.push_back({{"text", output.text},
                       {"tokens", output.tokens},
                       {"score", output.score},
                       {"log_probs", output.log_probs}});
    if (!output.attention.empty()) outputs.back()["attention"] = output.attention;
  }
  return {{"source", line}, {"source_tokens", made.source}, {"outputs", outputs}};
}

}  // namespace

Output::Output(const Options& options) : options_(options) {
  if (!options.attention.ends_with(".json")) return;
  all_.open(options.attention);
  if (!(all_ << "[")) throw fovea::Error(options.attention + ": cannot be written");
}

void Output::translation(const std::string& line, const fovea::Translation& made, int64_t n_best) {
  ++done_;
  attention(line, made);
  if (options_.json) {
    fmt::print("{}\n", dump(to_json(line, made)));
  } else if (n_best == 1) {
    fmt::print("{}\n", made.outputs[0].text);
  } else {
    for (const auto& output : made.outputs) fmt::print("{:.6f}\t{}\n", output.score, output.text);
  }
}

void Output::attention(const std::string& line, const fovea::Translation& made) {
  if (all_.is_open()) all_ << (done_ == 1 ? "\n" : ",\n") << dump(to_json(line, made));
  if (!options_.attention.ends_with(".png") || made.outputs[0].attention.empty()) return;
  const std::string stem = options_.attention.substr(0, options_.attention.size() - 4);
  const std::string out = done_ == 1 ? options_.attention : fmt::format("{}-{}.png", stem, done_);
  fovea::write_png(out, fovea::attention_matrix(made.outputs[0].attention));
}

void Output::score(const std::string& source, const std::string& target, const fovea::Scored& scored) {
  ++done_;
  const double sum = std::accumulate(scored.log_probs.begin(), scored.log_probs.end(), 0.0);
  const bool none = scored.log_probs.empty();
  if (options_.json) {
    const Json json{{"source", source},
                    {"target", target},
                    {"tokens", scored.tokens},
                    {"score", none ? Json() : Json(sum)},
                    {"log_probs", scored.log_probs}};
    fmt::print("{}\n", dump(json));
  } else {
    fmt::print("{}\n", none ? "" : fmt::format("{:.6f}", sum));
  }
}

void Output::flush() {
  if (std::fflush(stdout) != 0) throw fovea::Error("standard output: cannot be written");
}

void Output::finish() {
  if (all_.is_open() && !(all_ << "\n]\n").flush())
    throw fovea::Error(options_.attention + ": cannot be written");
}
