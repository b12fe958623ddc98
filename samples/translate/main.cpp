// translate: an encoder-decoder Transformer translates lines, scores translations, shows what it attends to.
//
//   translate --model DIR [--beam N] [--n-best K] [--prefix TEXT] [--attention OUT.png] [--json] .. < lines
//   translate --model DIR --score TARGETS [--json] .. < lines
//
// A line out for each line in, in order: with --n-best a score, a tab and a text for each output, with
// --score log p(target | source). The model: a CTranslate2 directory, or Marian or BART of Hugging Face.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <fovea/fovea.hpp>
#include <fstream>
#include <functional>
#include <iostream>
#include <nlohmann/json.hpp>
#include <numeric>
#ifdef _WIN32
#include <io.h>
bool is_terminal(std::FILE* file) { return _isatty(_fileno(file)) != 0; }
#else
#include <unistd.h>
bool is_terminal(std::FILE* file) { return isatty(fileno(file)) != 0; }
#endif

using Clock = std::chrono::steady_clock;
using Decoding = fovea::Decoding;
using Json = nlohmann::ordered_json;

struct Options {
  std::string model, device, tokenizer = "auto", prefix, targets, attention;
  std::vector<std::string> suppressed;  // texts
  std::vector<std::function<void(Decoding&)>> settings;  // what replaces the model's own
  int64_t batch = 32, layer = 0, head = 0;               // layer 0: the last, head 0: their mean
  bool json = false, replace_unknown = false;
};

struct UsageError : fovea::Error { using Error::Error; };

fovea::TranslateOptions translate_options(const Options& options, Decoding decoding) {
  for (const auto& set : options.settings) set(decoding);
  if (decoding.top_k != 1) decoding.beams = 1;  // sampling
  if (decoding.top_k == 1 && decoding.n_best > decoding.beams)
    throw UsageError(fmt::format("--n-best {}: of {} beams", decoding.n_best, decoding.beams));
  if (decoding.min_length > decoding.max_length)
    throw UsageError(fmt::format("--min-length {}: of at most {}", decoding.min_length, decoding.max_length));
  return {.decoding = decoding, .prefix = options.prefix, .suppressed = options.suppressed,
          .attention = !options.attention.empty(), .layer = options.layer - 1, .head = options.head - 1,
          .replace_unknown = options.replace_unknown};
}

// JSON is UTF-8: its library throws at other text unless told to replace it, as pieces of words may need.
bool is_utf8(const std::string& text) try {
  return !Json(text).dump().empty();
} catch (const Json::type_error&) { return false; }
std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

Json to_json(const std::string& line, const fovea::Translation& result) {
  Json outputs = Json::array();
  for (const fovea::Hypothesis& output : result.outputs) {
    outputs.push_back({{"text", output.text}, {"tokens", output.tokens}, {"score", output.score},
                       {"log_probs", output.log_probs}});
    if (!output.attention.empty()) outputs.back()["attention"] = output.attention;
  }
  return {{"source", line}, {"source_tokens", result.source}, {"outputs", outputs}};
}

// Lines of a stream, without '\r' at their ends. One that is not UTF-8 keeps its place, empty.
struct Lines {
  bool next(std::string& line) {
    if (!std::getline(in, line)) return false;
    if (line.ends_with('\r')) line.pop_back();
    ++count;
    if (good = is_utf8(line); good) return true;
    fmt::print(stderr, "translate: {}: line {} is not UTF-8\n", name, count);
    line.clear();
    return !(all_good = false);
  }
  std::istream& in;
  std::string name;
  uint64_t count = 0;
  bool good = true, all_good = true;  // the last one, all so far
};

struct Filter {
  explicit Filter(const Options& given) : options(given) {}
  bool run();
  void print(const std::string& line, const fovea::Translation& result);
  void score(const std::vector<std::string>& lines);
  const Options& options;
  fovea::Device device{{.name = options.device}};
  fovea::Translator translator{device, options.model, {options.tokenizer, options.batch}};
  fovea::TranslateOptions asked = translate_options(options, translator.decoding());
  Lines sources{std::cin, "standard input"};
  std::ifstream targets_file{options.targets};
  Lines targets{targets_file, options.targets};
  std::ofstream attentions{options.attention.ends_with(".json") ? options.attention : ""};
  uint64_t done = 0;  // lines
  Clock::time_point start = Clock::now();
};

// So many lines at a time that memory does not grow with the input; false when one of them was not UTF-8.
bool Filter::run() {
  const fovea::Error unwritable(options.attention + ": cannot be written");
  const bool all = options.attention.ends_with(".json"), progress = is_terminal(stderr);
  if (all && !(attentions << "[")) throw unwritable;
  const size_t window = is_terminal(stdin) ? 1 : size_t(16 * options.batch);
  for (std::vector<std::string> lines;; lines.clear()) {
    for (std::string line; lines.size() < window && sources.next(line);) lines.push_back(line);
    if (lines.empty()) break;
    if (!options.targets.empty()) score(lines);
    else for (size_t i = 0; const auto& made : translator.translate(lines, asked)) print(lines[i++], made);
    if (std::fflush(stdout) != 0) throw fovea::Error("standard output: cannot be written");
    const std::chrono::duration<double> time = Clock::now() - start;
    if (progress) fmt::print(stderr, "{} lines, {:.1f} lines/s \r", done, double(done) / time.count());
  }
  if (progress && done > 0) fmt::print(stderr, "\n");
  if (all && !(attentions << "\n]\n").flush()) throw unwritable;
  for (std::string line; targets.next(line);) {}
  if (!options.targets.empty() && sources.count != targets.count)
    throw fovea::Error(fmt::format("{}: {} lines, {}: {} lines", sources.name, sources.count, targets.name,
                                   targets.count));
  return sources.all_good && targets.all_good;
}

void Filter::print(const std::string& line, const fovea::Translation& result) {
  if (attentions.is_open()) attentions << (done == 0 ? "\n" : ",\n") << dump(to_json(line, result));
  ++done;
  if (options.attention.ends_with(".png") && !result.outputs[0].attention.empty()) {
    const std::string stem = options.attention.substr(0, options.attention.size() - 4);
    const std::string out = done == 1 ? options.attention : fmt::format("{}-{}.png", stem, done);
    fovea::write_png(out, fovea::attention_matrix(result.outputs[0].attention));
  }
  if (options.json) return fmt::print("{}\n", dump(to_json(line, result)));
  if (asked.decoding->n_best == 1) return fmt::print("{}\n", result.outputs[0].text);
  for (const auto& output : result.outputs) fmt::print("{:.6f}\t{}\n", output.score, output.text);
}

// A pair with an empty source has no score, and one that is not UTF-8 becomes such a pair.
void Filter::score(const std::vector<std::string>& lines) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (std::string target; pairs.size() < lines.size() && targets.next(target);)
    pairs.emplace_back(targets.good ? lines[pairs.size()] : "", target);
  const std::vector<fovea::Scored> results = translator.score(pairs);
  for (size_t i = 0; i < results.size(); ++i, ++done) {
    const auto& [tokens, log_probs] = results[i];
    const double sum = std::accumulate(log_probs.begin(), log_probs.end(), 0.0);
    const Json json{{"source", pairs[i].first}, {"target", pairs[i].second}, {"tokens", tokens},
                    {"score", log_probs.empty() ? Json() : Json(sum)}, {"log_probs", log_probs}};
    fmt::print("{}\n", options.json ? dump(json) : log_probs.empty() ? "" : fmt::format("{:.6f}", sum));
  }
}

int main(int argc, char** argv) try {
  Options options;
  CLI::App app("Translates the lines of standard input with a CTranslate2, Marian or BART model.");
  app.add_option("--model", options.model, "its directory")->required()->check(CLI::ExistingDirectory);
  app.add_option("--device", options.device, "index or part of the name, see fovea-info");
  app.add_option("--tokenizer", options.tokenizer, "auto, spm, words or chars")
      ->check(CLI::IsMember({"auto", "spm", "words", "chars"}));
  app.add_option("--batch", options.batch, "lines decoded together: 32")->check(CLI::Range(1, 1024));
  const auto setting = [&]<class T>(const char* name, T Decoding::*member, const char* says) {
    return app.add_option_function<T>(name, [&options, member](const T& value) {
      options.settings.push_back([=](Decoding& decoding) { decoding.*member = value; });
    }, says);
  };
  setting("--beam", &Decoding::beams, "beams, by default the model's own")->check(CLI::Range(1, 64));
  setting("--n-best", &Decoding::n_best, "outputs of a line, with scores")->check(CLI::Range(1, 64));
  setting("--max-length", &Decoding::max_length, "tokens of an output")->check(CLI::PositiveNumber);
  setting("--min-length", &Decoding::min_length, "tokens of an output")->check(CLI::NonNegativeNumber);
  setting("--repetition-penalty", &Decoding::repetition, "of tokens again")->check(CLI::PositiveNumber);
  setting("--no-repeat-ngram", &Decoding::ngram, "tokens that come once")->check(CLI::NonNegativeNumber);
  setting("--length-penalty", &Decoding::length_penalty, "scores are divided by the length to this power");
  setting("--top-k", &Decoding::top_k, "samples from so many tokens, 0: all")
      ->check(CLI::NonNegativeNumber)->excludes("--beam");
  setting("--top-p", &Decoding::top_p, "the likeliest with this probability")->check(CLI::Range(1e-6, 1.0));
  setting("--temperature", &Decoding::temperature, "of sampling")->check(CLI::Range(1e-3, 1e3));
  setting("--seed", &Decoding::seed, "of sampling");
  app.add_option("--prefix", options.prefix, "what every output begins with");
  app.add_option("--suppress", options.suppressed, "what no output holds; may come several times");
  app.add_flag("--replace-unknown", options.replace_unknown, "unknown words are copied from the source");
  app.add_option("--score", options.targets, "a file of translations to score")->check(CLI::ExistingFile);
  app.add_option("--attention", options.attention, "OUT.json for all lines, or OUT.png and OUT-<line>.png")
      ->check([](const std::string& out) {
        return out.ends_with(".png") || out.ends_with(".json") ? "" : out + " is no .png and no .json";
      })->excludes("--score");
  app.add_option("--layer", options.layer, "of attention, from 1; or the last")->check(CLI::PositiveNumber);
  app.add_option("--head", options.head, "of attention, from 1; or the mean")->check(CLI::PositiveNumber);
  app.add_flag("--json", options.json, "one JSON object a line");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem) == 0 ? 0 : 2;
  }
  return Filter(options).run() ? 0 : 1;
} catch (const std::exception& problem) {
  fmt::print(stderr, "translate: {}\n", problem.what());
  return dynamic_cast<const UsageError*>(&problem) ? 2 : 1;
}
