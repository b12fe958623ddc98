// Translator: sentences in, sentences out, by an encoder-decoder Transformer (Vaswani et al. 2017).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "fovea/device.hpp"

namespace fovea {

// How targets are searched. One beam is greedy, or sampling when top_k is not 1.
struct Decoding {
  int64_t beams = 1;
  int64_t n_best = 1;        // outputs of a sentence: at most `beams`, any number when sampling
  int64_t min_length = 0;    // tokens before the end of a sentence may come
  int64_t max_length = 256;  // tokens, the end counted; longer outputs are cut
  int64_t max_source =
      1024;                  // tokens of a source; longer ones are cut, as are those beyond the model's limit
  float length_penalty = 1;  // hypotheses are ranked by sum of log-probabilities / length^penalty
  bool stop_early = false;   // end with `beams` hypotheses, not when none can become better
  bool patient = false;      // judge "can become better" at max_length
  float repetition = 1;      // penalty of tokens that came before (Keskar et al. 2019, section 4.1)
  int64_t ngram = 0;         // no n-gram of this size comes twice; 0: they may
  std::vector<std::vector<uint32_t>> suppressed = {};  // sequences of ids that never come
  std::optional<uint32_t> first = {};                  // the first token, by its id
  bool renormalise = false;  // beams too add up log-probabilities that sum to 1 after the rules below
  bool forced_end = false;   // the last of max_length tokens is the end of the sentence
  float temperature = 1;     // of sampling
  int64_t top_k = 1;         // candidates to sample from; 0: all
  float top_p = 1;           // of them the likeliest with this much probability
  uint32_t seed = 0;

  bool operator==(const Decoding&) const = default;
};

struct TranslatorOptions {
  std::string tokenizer = "auto";  // spm, words or chars; auto: spm where there is a source.spm, else words,
                                   // or chars where nearly all tokens are single characters
  int64_t batch = 32;              // sentences decoded together
};

struct TranslateOptions {
  std::optional<Decoding> decoding = {};     // the model's own by default, see Translator::decoding()
  std::string prefix = {};                   // every target begins with this text
  std::vector<std::string> suppressed = {};  // texts that no target holds, as their tokens
  bool attention = false;                    // also Hypothesis::attention
  int64_t layer = -1, head = -1;             // of the attention, from 0; -1: the last layer, its heads' mean
  bool replace_unknown = false;              // unknown target tokens become the source token most attended to
};

struct Hypothesis {
  std::string text;
  std::vector<std::string> tokens;  // without the end of the sentence
  double score = 0;                 // sum of log_probs / length^penalty, without the prefix
  std::vector<float> log_probs;     // of each token, 0 in the prefix; one more when the sentence ended
  std::vector<std::vector<float>> attention;  // (tokens, source tokens with the ends that the model adds)
};
struct Translation {
  std::vector<std::string> source;  // its tokens, as the model saw them
  std::vector<Hypothesis> outputs;  // best first; an empty line has one empty output
};
struct Scored {
  std::vector<std::string> tokens;  // of the target
  std::vector<float> log_probs;     // of each, then of the end of the sentence
};
struct TranslatorStatistics {
  uint64_t sentences = 0, tokens = 0, steps = 0, submits = 0, waits = 0;
  uint64_t cache_bytes = 0;  // of keys and values, the largest so far
};

class Translator {
 public:
  // A CTranslate2 directory (model.bin) or a Hugging Face directory of MarianMTModel or
  // BartForConditionalGeneration. See Error for what does not fit.
  Translator(Device& device, const std::string& directory, const TranslatorOptions& options = {});
  ~Translator();
  Translator(Translator&&) noexcept;
  Translator& operator=(Translator&&) noexcept;

  const Decoding& decoding() const;  // the model's own settings (generation_config.json)

  // One result a line, in order. Lines must be UTF-8.
  std::vector<Translation> translate(std::span<const std::string> lines,
                                     const TranslateOptions& options = {});
  // log p(target | source), token by token; an empty source has no log_probs.
  std::vector<Scored> score(std::span<const std::pair<std::string, std::string>> pairs);
  // Greedy or sampled, one line: calls back with each token's text as it comes; false from it stops.
  Translation stream(const std::string& line, const std::function<bool(const std::string& token)>& on_token,
                     const TranslateOptions& options = {});

  const TranslatorStatistics& statistics() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fovea
