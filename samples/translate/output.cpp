#include "output.h"

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <fovea/figure.hpp>
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

// The best output's tokens over those of its source.
void draw(const std::filesystem::path& out, const fovea::Translation& made) {
  constexpr double kCell = 0.28;  // inches
  const fovea::Hypothesis& best = made.outputs[0];
  fovea::Matrices matrix{.queries = int64_t(best.tokens.size()), .keys = int64_t(made.keys.size())};
  for (const std::vector<float>& row : best.attention)
    matrix.values.insert(matrix.values.end(), row.begin(), row.end());
  fovea::show_heatmaps(out, matrix,
                       {.xlabel = "source",
                        .ylabel = "translation",
                        .xticks = made.keys,
                        .yticks = best.tokens,
                        .width = kCell * double(matrix.keys),
                        .height = kCell * double(matrix.queries)});
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
  if (options_.attention.empty() || all_.is_open() || made.outputs[0].attention.empty()) return;
  std::filesystem::path out = options_.attention;
  if (done_ > 1)
    out.replace_filename(fmt::format("{}-{}{}", out.stem().string(), done_, out.extension().string()));
  draw(out, made);
}

void Output::page(const std::string& line, const fovea::TranslationAttention& made) {
  const int64_t of_encoder = made.encoder_layers, of_decoder = made.decoder_layers;
  views_.push_back(fovea::TextView{
      .title = line,
      .attentions = {
          {"source", made.source, made.source, of_encoder, made.encoder_heads, made.encoder},
          {"translation", made.said, made.read, of_decoder, made.decoder_heads, made.decoder},
          {"translation to source", made.said, made.source, of_decoder, made.decoder_heads, made.cross}}});
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
  if (!views_.empty()) fovea::attention_page(options_.page, "What a translation looks at", views_);
}
