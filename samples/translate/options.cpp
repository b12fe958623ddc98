#include "options.h"

#include <fmt/format.h>

using fovea::Decoding;

namespace {

void add_model_options(CLI::App& app, Options& options) {
  app.add_option("--model", options.model, "its directory")->required()->check(CLI::ExistingDirectory);
  app.add_option("--device", options.device, "index or part of the name, see fovea-info");
  app.add_option("--tokenizer", options.tokenizer, "auto, spm, words or chars")
      ->check(CLI::IsMember({"auto", "spm", "words", "chars"}));
  app.add_option("--batch", options.batch, "lines decoded together: 32")->check(CLI::Range(1, 1024));
}

// How outputs are searched: each of these replaces what the model's directory says.
void add_decoding_options(CLI::App& app, Options& options) {
  const auto setting = [&]<class T>(const char* name, T Decoding::* member, const char* says) {
    const auto set = [&options, member](const T& value) {
      options.settings.push_back([=](Decoding& decoding) { decoding.*member = value; });
    };
    return app.add_option_function<T>(name, set, says);
  };
  setting("--beam", &Decoding::beams, "beams, by default the model's own")->check(CLI::Range(1, 64));
  setting("--n-best", &Decoding::n_best, "outputs of a line, with scores")->check(CLI::Range(1, 64));
  setting("--max-length", &Decoding::max_length, "tokens of an output")->check(CLI::PositiveNumber);
  setting("--min-length", &Decoding::min_length, "tokens of an output")->check(CLI::NonNegativeNumber);
  setting("--repetition-penalty", &Decoding::repetition, "of tokens again")->check(CLI::PositiveNumber);
  setting("--no-repeat-ngram", &Decoding::ngram, "tokens that come once")->check(CLI::NonNegativeNumber);
  setting("--length-penalty", &Decoding::length_penalty, "scores are divided by the length to this power");
  setting("--top-k", &Decoding::top_k, "samples from so many tokens, 0: all")
      ->check(CLI::NonNegativeNumber)
      ->excludes("--beam");
  setting("--top-p", &Decoding::top_p, "the likeliest with this probability")->check(CLI::Range(1e-6, 1.0));
  setting("--temperature", &Decoding::temperature, "of sampling")->check(CLI::Range(1e-3, 1e3));
  setting("--seed", &Decoding::seed, "of sampling");
  app.add_option("--prefix", options.prefix, "what every output begins with");
  app.add_option("--suppress", options.suppressed, "what no output holds; may come several times");
  app.add_flag("--replace-unknown", options.replace_unknown, "unknown words are copied from the source");
}

void add_output_options(CLI::App& app, Options& options) {
  app.add_option("--score", options.targets, "a file of translations to score")->check(CLI::ExistingFile);
  app.add_option("--attention", options.attention,
                 "OUT.json for all lines, or OUT.png (or .svg) and OUT-<line>.png")
      ->check([](const std::string& out) {
        const bool known = out.ends_with(".png") || out.ends_with(".svg") || out.ends_with(".json");
        return known ? "" : out + " is no .png, no .svg and no .json";
      })
      ->excludes("--score");
  app.add_option("--page", options.page, "OUT.html to look into all attention of the first lines, 50 at most")
      ->excludes("--score");
  app.add_option("--layer", options.layer, "of attention, from 1; or the last")->check(CLI::PositiveNumber);
  app.add_option("--head", options.head, "of attention, from 1; or the mean")->check(CLI::PositiveNumber);
  app.add_flag("--json", options.json, "one JSON object a line");
}

}  // namespace

void add_options(CLI::App& app, Options& options) {
  add_model_options(app, options);
  add_decoding_options(app, options);
  add_output_options(app, options);
}

fovea::TranslateOptions translate_options(const Options& options, Decoding decoding) {
  for (const auto& set : options.settings) set(decoding);
  if (decoding.top_k != 1) decoding.beams = 1;  // sampling
  if (decoding.top_k == 1 && decoding.n_best > decoding.beams)
    throw CLI::ValidationError("--n-best", fmt::format("{} of {} beams", decoding.n_best, decoding.beams));
  if (decoding.min_length > decoding.max_length)
    throw CLI::ValidationError("--min-length",
                               fmt::format("{} of at most {}", decoding.min_length, decoding.max_length));
  return {.decoding = decoding,
          .prefix = options.prefix,
          .suppressed = options.suppressed,
          .attention = !options.attention.empty(),
          .layer = options.layer - 1,
          .head = options.head - 1,
          .replace_unknown = options.replace_unknown};
}
