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

#include "fovea/decoding.hpp"
#include "fovea/files.hpp"
#include "fovea/job.hpp"

namespace fovea FOVEA_API {

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
  std::vector<std::vector<float>> attention;  // (tokens, keys)
};
struct Translation {
  std::vector<std::string> source;  // its tokens, as the model saw them
  std::vector<std::string> keys;    // the same with the ends that the model adds; of an empty line none
  std::vector<Hypothesis> outputs;  // best first; an empty line has one empty output
};
struct Scored {
  std::vector<std::string> tokens;  // of the target
  std::vector<float> log_probs;     // of each, then of the end of the sentence
};
// All attention of a model that reads a source and says a target, (layers, heads, queries, keys) each. Of a
// pruned model heads are those of the layer that has most; others have theirs in front, then zeros.
struct TranslationAttention {
  std::vector<std::string> source;      // tokens with the ends that the model adds
  std::vector<std::string> said, read;  // of the decoder: tokens with their end, and what it read to say each
  int64_t encoder_layers = 0, encoder_heads = 0, decoder_layers = 0, decoder_heads = 0;
  std::vector<float> encoder;  // source to source
  std::vector<float> decoder;  // said to read: what comes later is 0
  std::vector<float> cross;    // said to source
};
using TranslatorStatistics = DecodeStatistics;

class TranslationJob;

class Translator {
 public:
  // A CTranslate2 directory (model.bin), a Hugging Face directory of MarianMTModel or
  // BartForConditionalGeneration, or one that Transformer::save() or save_pruned() wrote. See Error for what
  // does not fit.
  Translator(Device& device, const ModelFiles& files, const TranslatorOptions& options = {},
             const LoadOptions& load = {});
  ~Translator();
  Translator(Translator&&) noexcept;
  Translator& operator=(Translator&&) noexcept;

  const Decoding& decoding() const;  // the model's own settings (generation_config.json)

  // One result a line, in order. Lines must be UTF-8.
  std::vector<Translation> translate(std::span<const std::string> lines,
                                     const TranslateOptions& options = {});
  // log p(target | source), token by token; an empty source has no log_probs.
  std::vector<Scored> score(std::span<const std::pair<std::string, std::string>> pairs);
  // While the model says these tokens, those of a Hypothesis; an empty line has no attention.
  TranslationAttention attention(const std::string& line, const std::vector<std::string>& tokens) const;
  // Greedy or sampled, one line: calls back with each token's text as it comes; false from it stops.
  Translation stream(const std::string& line, const std::function<bool(const std::string& token)>& on_token,
                     const TranslateOptions& options = {});

  // The same as translate() in slices, for as long as the translator lives; one output where it samples.
  TranslationJob start(std::span<const std::string> lines, const TranslateOptions& options = {});
  // Makes ready, in one go, what lines of up to these lengths in tokens need, `lines` of them together:
  // kernels are compiled on all processors and run once. Without it the first translation of a length pays
  // for that.
  void prepare(std::span<const int64_t> lengths, int64_t lines = 1, const TranslateOptions& options = {});
  // Gives back the plans and caches kept, but those of jobs; later translations make theirs anew.
  void trim();

  const TranslatorStatistics& statistics() const;

 private:
  friend class TranslationJob;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

class TranslationJob : public Job {
 public:
  ~TranslationJob() override;
  TranslationJob(TranslationJob&&) noexcept;
  TranslationJob& operator=(TranslationJob&&) noexcept;

  bool tick(double milliseconds) override;
  double progress() const override;
  void cancel() override;
  std::vector<Translation> result();  // when tick() said true; before, an Error, not_ready

 private:
  friend class Translator;
  struct Impl;
  explicit TranslationJob(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fovea
