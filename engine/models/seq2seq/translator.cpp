#include "fovea/translator.hpp"

#include <algorithm>
#include <numeric>

#include "core/check.h"
#include "models/load.h"
#include "models/seq2seq/seq2seq.h"
#include "text/tokenizer.h"

namespace fovea {
namespace {

Seq2SeqFile load_file(const ModelFiles& files) {
  std::optional<File> model = files.find("model.bin");
  return model ? load_ctranslate2(files, std::move(*model)) : load_hugging_face(files);
}

// tokens: those that came with the weights, if any.
Vocabulary load_vocabulary(const ModelFiles& files, const std::string& side,
                           std::vector<std::string> tokens) {
  if (tokens.empty()) return marian_vocabulary(files, side);
  return Vocabulary(std::move(tokens), concat(files.label(), ": ", side, " vocabulary"));
}

// Nearly all tokens are one character, markers such as <s> apart.
bool has_characters_only(const Vocabulary& vocabulary) {
  int64_t single = 0, words = 0;
  for (int64_t id = 0; id < vocabulary.size(); ++id) {
    const std::string& token = vocabulary.token(uint32_t(id));
    if (token.size() > 2 && token.front() == '<' && token.back() == '>') continue;
    const bool one =
        std::count_if(token.begin(), token.end(), [](char c) { return (c & 0xc0) != 0x80; }) == 1;
    (one ? single : words) += 1;
  }
  return single > 19 * words;
}

std::unique_ptr<Tokenizer> load_tokenizer(const ModelFiles& files, const std::string& side,
                                          const std::string& kind, const Vocabulary& vocabulary) {
  const std::string spm = side + ".spm";
  const bool automatic = kind == "auto";
  if (kind == "spm") return spm_tokenizer(files.open(spm));
  if (const std::optional<File> model = automatic ? files.find(spm) : std::nullopt)
    return spm_tokenizer(*model);
  if (kind == "chars" || (automatic && has_characters_only(vocabulary))) return char_tokenizer();
  return word_tokenizer();
}

const TranslatorOptions& checked(const TranslatorOptions& options) {
  const std::string& kind = options.tokenizer;
  FOVEA_CHECK(kind == "auto" || kind == "spm" || kind == "words" || kind == "chars",
              "translator: tokenizer \"", kind, "\", known are auto, spm, words and chars");
  FOVEA_CHECK(options.batch >= 1 && options.batch <= 1024, "translator: a batch of ", options.batch,
              ", 1 to 1024 are possible");
  return options;
}

}  // namespace

struct Translator::Impl {
  // What a translator is made with.
  struct Loading {
    Device& device;
    const ModelFiles& files;
    const TranslatorOptions& options;
    const LoadOptions& load;
  };
  Impl(const Loading& from, Seq2SeqFile file);

  struct Source {
    std::vector<std::string> tokens, keys;  // those of the line that the model sees, and with its ends
    std::vector<uint32_t> ids;              // of keys
  };
  Source read_source(const std::string& line, int64_t limit) const;
  std::vector<uint32_t> target_ids(const std::string& text) const;
  Hypothesis hypothesis(const DecodedTarget& target, const Source& source,
                        const TranslateOptions& options) const;
  DecodeRequest request(const TranslateOptions& options) const;
  // Lines as they go through the model: those without tokens have their result already, the others go in
  // batches of similar lengths.
  struct Work {
    std::vector<Source> sources;
    std::vector<Translation> results;
    std::vector<std::vector<size_t>> batches;  // of lines
  };
  Work read(std::span<const std::string> lines, const TranslateOptions& options) const;
  DecodeRequest request_of(const Work& work, size_t batch, const TranslateOptions& options) const;
  void note(const std::vector<std::vector<DecodedTarget>>& decoded, size_t batch, Work& work,
            const TranslateOptions& options) const;

  TranslatorOptions options;
  Decoding decoding;
  Vocabulary source_vocabulary, target_vocabulary;
  Seq2Seq model;
  std::unique_ptr<Tokenizer> source_tokenizer, target_tokenizer;
};

Translator::Impl::Impl(const Loading& from, Seq2SeqFile file)
    : options(from.options),
      decoding(file.decoding),
      source_vocabulary(load_vocabulary(from.files, "source", std::move(file.source_tokens))),
      target_vocabulary(load_vocabulary(from.files, "target", std::move(file.target_tokens))),
      model(from.device, file, from.load),
      source_tokenizer(load_tokenizer(from.files, "source", options.tokenizer, source_vocabulary)),
      target_tokenizer(load_tokenizer(from.files, "target", options.tokenizer, target_vocabulary)) {
  const Seq2SeqConfig& config = model.config();
  FOVEA_CHECK(
      source_vocabulary.size() <= config.encoder.vocab && target_vocabulary.size() <= config.decoder.vocab,
      from.files.label(), ": vocabularies of ", source_vocabulary.size(), " and ", target_vocabulary.size(),
      " tokens, embeddings of ", config.encoder.vocab, " and ", config.decoder.vocab);
  decoding.max_length = std::min(decoding.max_length, config.positions);
}

Translator::Impl::Source Translator::Impl::read_source(const std::string& line, int64_t limit) const {
  const Seq2SeqConfig& config = model.config();
  Source source{source_tokenizer->encode(line), {}, {}};
  const int64_t ends = int64_t(config.source_bos) + int64_t(config.source_eos);
  limit = std::min(limit, config.positions) - ends;
  FOVEA_CHECK(limit >= 1, "translator: max_source leaves no room for a token");
  if (int64_t(source.tokens.size()) > limit) source.tokens.resize(size_t(limit));
  if (source.tokens.empty()) return source;
  const uint32_t unknown = source_vocabulary.find(config.unknown).value_or(0);
  if (config.source_bos) source.ids.push_back(config.source_bos_id);
  for (const std::string& token : source.tokens)
    source.ids.push_back(source_vocabulary.find(token).value_or(unknown));
  if (config.source_eos) source.ids.push_back(config.source_eos_id);
  source.keys = source.tokens;
  if (config.source_bos)
    source.keys.insert(source.keys.begin(), source_vocabulary.token(config.source_bos_id));
  if (config.source_eos) source.keys.push_back(source_vocabulary.token(config.source_eos_id));
  return source;
}

std::vector<uint32_t> Translator::Impl::target_ids(const std::string& text) const {
  const uint32_t unknown = target_vocabulary.find(model.config().unknown).value_or(0);
  std::vector<uint32_t> ids;
  for (const std::string& token : target_tokenizer->encode(text))
    ids.push_back(target_vocabulary.find(token).value_or(unknown));
  return ids;
}

Hypothesis Translator::Impl::hypothesis(const DecodedTarget& target, const Source& source,
                                        const TranslateOptions& asked) const {
  const Seq2SeqConfig& config = model.config();
  Hypothesis made{.score = target.score, .log_probs = target.log_probs, .attention = target.attention};
  for (size_t t = 0; t < target.tokens.size() && target.tokens[t] != config.eos; ++t) {
    const uint32_t id = target.tokens[t];
    made.tokens.push_back(int64_t(id) < target_vocabulary.size() ? target_vocabulary.token(id)
                                                                 : config.unknown);
    if (!asked.replace_unknown || made.tokens.back() != config.unknown) continue;
    const std::vector<float>& weights = target.attention.at(t);
    const int64_t at = std::max_element(weights.begin(), weights.end()) - weights.begin() - config.source_bos;
    if (at >= 0 && at < int64_t(source.tokens.size())) made.tokens.back() = source.tokens[size_t(at)];
  }
  made.attention.resize(asked.attention ? made.tokens.size() : 0);
  made.text = target_tokenizer->decode(made.tokens);
  return made;
}

DecodeRequest Translator::Impl::request(const TranslateOptions& asked) const {
  DecodeRequest made{.decoding = asked.decoding.value_or(decoding),
                     .attention = asked.attention || asked.replace_unknown,
                     .layer = asked.layer,
                     .head = asked.head};
  for (const std::string& text : asked.suppressed) {
    made.decoding.suppressed.push_back(target_ids(text));
    FOVEA_CHECK(!made.decoding.suppressed.back().empty(), "translator: a suppressed text has no tokens");
  }
  return made;
}

Translator::Impl::Work Translator::Impl::read(std::span<const std::string> lines,
                                              const TranslateOptions& asked) const {
  const int64_t limit = asked.decoding.value_or(decoding).max_source;
  Work work;
  work.results.resize(lines.size());
  std::vector<size_t> order;  // lines with tokens, by their length: batches with little padding
  for (size_t line = 0; line < lines.size(); ++line) {
    const Source& source = work.sources.emplace_back(read_source(lines[line], limit));
    work.results[line].source = source.tokens;
    work.results[line].keys = source.keys;
    if (source.ids.empty()) {
      work.results[line].outputs.emplace_back();
    } else {
      order.push_back(line);
    }
  }
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return work.sources[a].ids.size() < work.sources[b].ids.size();
  });
  for (size_t first = 0; first < order.size(); first += size_t(options.batch)) {
    const size_t end = std::min(first + size_t(options.batch), order.size());
    work.batches.emplace_back(order.begin() + int64_t(first), order.begin() + int64_t(end));
  }
  return work;
}

DecodeRequest Translator::Impl::request_of(const Work& work, size_t batch,
                                           const TranslateOptions& asked) const {
  DecodeRequest made = request(asked);
  const std::vector<uint32_t> prefix = target_ids(asked.prefix);
  for (size_t line : work.batches[batch]) {
    made.sources.push_back(work.sources[line].ids);
    if (!prefix.empty()) made.prompts.push_back(prefix);
    made.seeds.push_back(seed_of(made.decoding.seed, line));
  }
  return made;
}

void Translator::Impl::note(const std::vector<std::vector<DecodedTarget>>& decoded, size_t batch, Work& work,
                            const TranslateOptions& asked) const {
  for (size_t i = 0; i < decoded.size(); ++i) {
    const size_t line = work.batches[batch][i];
    for (const DecodedTarget& target : decoded[i])
      work.results[line].outputs.push_back(hypothesis(target, work.sources[line], asked));
  }
}

Translator::Translator(Device& device, const ModelFiles& files, const TranslatorOptions& options,
                       const LoadOptions& load)
    : impl_(load_model(load, [&, from = Impl::Loading{device, files, checked(options), load}] {
        return std::make_unique<Impl>(from, load_file(files));
      })) {}
Translator::~Translator() = default;
Translator::Translator(Translator&&) noexcept = default;
Translator& Translator::operator=(Translator&&) noexcept = default;

const Decoding& Translator::decoding() const { return impl_->decoding; }
const TranslatorStatistics& Translator::statistics() const { return impl_->model.statistics(); }

std::vector<Translation> Translator::translate(std::span<const std::string> lines,
                                               const TranslateOptions& options) {
  Impl::Work work = impl_->read(lines, options);
  for (size_t batch = 0; batch < work.batches.size(); ++batch)
    impl_->note(impl_->model.decode(impl_->request_of(work, batch, options)), batch, work, options);
  return std::move(work.results);
}

struct TranslationJob::Impl {
  bool tick(double milliseconds);

  Translator::Impl& translator;
  TranslateOptions options;
  Translator::Impl::Work work;
  size_t batch = 0;  // that is on its way, or comes next
  std::unique_ptr<DecodeJob> decoding = {};
  bool cancelled = false;
};

bool TranslationJob::Impl::tick(double milliseconds) {
  if (!decoding) {
    if (cancelled || batch == work.batches.size()) return true;
    decoding = translator.model.start(translator.request_of(work, batch, options));
  }
  if (!decoding->tick(milliseconds)) return false;
  if (!cancelled) translator.note(decoding->results(), batch, work, options);
  decoding.reset();
  ++batch;
  return cancelled || batch == work.batches.size();
}

TranslationJob Translator::start(std::span<const std::string> lines, const TranslateOptions& options) {
  return TranslationJob(std::make_unique<TranslationJob::Impl>(*impl_, options, impl_->read(lines, options)));
}

TranslationJob::TranslationJob(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TranslationJob::~TranslationJob() = default;
TranslationJob::TranslationJob(TranslationJob&&) noexcept = default;
TranslationJob& TranslationJob::operator=(TranslationJob&&) noexcept = default;
bool TranslationJob::tick(double milliseconds) { return impl_->tick(milliseconds); }

double TranslationJob::progress() const {
  const double part = impl_->decoding ? impl_->decoding->progress() : 0;
  return impl_->work.batches.empty() ? 1 : (double(impl_->batch) + part) / double(impl_->work.batches.size());
}

void TranslationJob::cancel() {
  impl_->cancelled = true;
  if (impl_->decoding) impl_->decoding->cancel();
}

std::vector<Translation> TranslationJob::result() {
  FOVEA_CHECK_AS(cancelled, !impl_->cancelled, "translation: the job was cancelled");
  FOVEA_CHECK_AS(not_ready, impl_->batch == impl_->work.batches.size(), "translation: batch ", impl_->batch,
                 " of ", impl_->work.batches.size(), " is on its way");
  return impl_->work.results;
}

void Translator::prepare(std::span<const int64_t> lengths, int64_t lines, const TranslateOptions& options) {
  FOVEA_CHECK(lines >= 1 && lines <= impl_->options.batch, "translator: ", lines, " lines together, 1 to ",
              impl_->options.batch, " are possible");
  const Seq2SeqConfig& config = impl_->model.config();
  for (const int64_t length : lengths) {
    FOVEA_CHECK(length >= 1 && length <= config.positions, "translator: a source of ", length,
                " tokens, the model takes 1 to ", config.positions);
    DecodeRequest request = impl_->request(options);
    request.sources.assign(size_t(lines), std::vector<uint32_t>(size_t(length), config.eos));
    const std::vector<uint32_t> prefix = impl_->target_ids(options.prefix);
    if (!prefix.empty()) request.prompts.assign(size_t(lines), prefix);
    request.seeds.assign(size_t(lines), request.decoding.seed);
    impl_->model.start(request)->warm_up();
  }
}

void Translator::trim() { impl_->model.trim(); }

std::vector<Scored> Translator::score(std::span<const std::pair<std::string, std::string>> pairs) {
  const size_t batch = size_t(impl_->options.batch);
  std::vector<Scored> results(pairs.size());
  std::vector<size_t> which;  // pairs of the batch
  std::vector<std::vector<uint32_t>> sources, targets;
  for (size_t i = 0; i < pairs.size(); ++i) {
    const Impl::Source source = impl_->read_source(pairs[i].first, impl_->decoding.max_source);
    results[i].tokens = impl_->target_tokenizer->encode(pairs[i].second);
    if (!source.ids.empty()) {
      which.push_back(i);
      sources.push_back(source.ids);
      targets.push_back(impl_->target_ids(pairs[i].second));
      targets.back().push_back(impl_->model.config().eos);
    }
    if (which.empty() || (which.size() < batch && i + 1 < pairs.size())) continue;
    std::vector<std::vector<float>> scores = impl_->model.score(sources, targets);
    for (size_t k = 0; k < scores.size(); ++k) results[which[k]].log_probs = std::move(scores[k]);
    which.clear();
    sources.clear();
    targets.clear();
  }
  return results;
}

TranslationAttention Translator::attention(const std::string& line,
                                           const std::vector<std::string>& tokens) const {
  const Seq2SeqConfig& config = impl_->model.config();
  const Vocabulary& vocabulary = impl_->target_vocabulary;
  const Impl::Source source = impl_->read_source(line, impl_->decoding.max_source);
  if (source.ids.empty()) return {};
  std::vector<uint32_t> target;
  for (const std::string& token : tokens)
    target.push_back(vocabulary.find(token).value_or(vocabulary.find(config.unknown).value_or(0)));
  const bool ends = int64_t(target.size()) < config.positions;
  if (ends) target.push_back(config.eos);
  Seq2Seq::Weights weights = impl_->model.weights(source.ids, target);
  TranslationAttention made{.source = source.keys,
                            .said = tokens,
                            .read = tokens,
                            .encoder_layers = config.encoder.layers,
                            .encoder_heads = weights.encoder_heads,
                            .decoder_layers = config.decoder.layers,
                            .decoder_heads = weights.decoder_heads,
                            .encoder = std::move(weights.encoder),
                            .decoder = std::move(weights.own),
                            .cross = std::move(weights.cross)};
  if (ends) made.said.push_back(vocabulary.token(config.eos));
  made.read.insert(made.read.begin(), vocabulary.token(config.start));
  made.read.resize(made.said.size());
  return made;
}

Translation Translator::stream(const std::string& line,
                               const std::function<bool(const std::string&)>& on_token,
                               const TranslateOptions& options) {
  DecodeRequest request = impl_->request(options);
  FOVEA_CHECK(request.decoding.beams == 1 && request.decoding.n_best == 1,
              "stream: one beam and one output, not ", request.decoding.beams, " and ",
              request.decoding.n_best);
  const Impl::Source source = impl_->read_source(line, request.decoding.max_source);
  Translation result{source.tokens, source.keys, {}};
  if (source.ids.empty()) {
    result.outputs.emplace_back();
    return result;
  }
  request.sources = {source.ids};
  request.seeds = {request.decoding.seed};
  const std::vector<uint32_t> prefix = impl_->target_ids(options.prefix);
  if (!prefix.empty()) request.prompts = {prefix};
  const Seq2SeqConfig& config = impl_->model.config();
  const auto decoded = impl_->model.decode(request, [&](uint32_t id) {
    if (id == config.eos || int64_t(id) >= impl_->target_vocabulary.size()) return true;
    return on_token(impl_->target_vocabulary.token(id));
  });
  for (const DecodedTarget& target : decoded[0])
    result.outputs.push_back(impl_->hypothesis(target, source, options));
  return result;
}

}  // namespace fovea
