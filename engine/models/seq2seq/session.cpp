#include "models/seq2seq/session.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "core/check.h"

namespace fovea {
namespace {

constexpr uint32_t kStepsPerWait = 4;  // the host looks at the finished flag once in so many steps

// (n, longest), shorter sequences at the end of their row.
State suppressed_state(Device& device, const std::vector<std::vector<uint32_t>>& sequences) {
  size_t longest = 1;
  for (const auto& sequence : sequences) longest = std::max(longest, sequence.size());
  std::vector<uint32_t> ids;
  for (const auto& sequence : sequences) {
    ids.insert(ids.end(), longest - sequence.size(), kNoToken);
    ids.insert(ids.end(), sequence.begin(), sequence.end());
  }
  State state(device, {int64_t(sequences.size()), int64_t(longest)}, DType::u32);
  state.write(std::span<const uint32_t>(ids));
  return state;
}

float as_float(uint32_t bits) { return std::bit_cast<float>(bits); }

}  // namespace

DecodeSession::DecodeSession(Device& device, const Seq2SeqNetwork& network, const SessionShape& shape)
    : network_(network),
      shape_(shape),
      search_(device, shape.batch, shape.decoding.beams, shape.decoding.max_length, network.config().eos),
      lengths_(device, {shape.batch}, DType::u32) {
  const int64_t width = network.config().width;
  for (int64_t layer = 0; layer < network.depth(); ++layer) {
    caches_.emplace_back(device, Shape{2, search_.rows(), shape.decoding.max_length, width});
    memories_.emplace_back(device, Shape{shape.batch, shape.keys, 2 * width});
  }
  if (!shape.decoding.suppressed.empty()) suppressed_ = suppressed_state(device, shape.decoding.suppressed);
  if (shape.attention) record_.emplace(device, Shape{search_.rows(), shape.decoding.max_length, shape.keys});
  record_encode(device);
  record_step(device);
}

uint64_t DecodeSession::cache_bytes() const {
  uint64_t bytes = 0;
  for (const std::vector<State>* states : {&caches_, &memories_})
    for (const State& state : *states) bytes += state.bytes();
  return bytes;
}

// Everything a batch begins with: keys and values of the memory, lengths, an empty search.
void DecodeSession::record_encode(Device& device) {
  Graph& graph = encode_graph_;
  ids_ = graph.input({shape_.batch, shape_.keys}, DType::u32, "source");
  source_lengths_ = graph.input({shape_.batch}, DType::u32, "lengths");
  initial_ = graph.input(search_.control.shape(), DType::u32, "control");
  const Tensor encoded = network_.encode(ids_, source_lengths_);  // (batch, keys, width)
  for (int64_t layer = 0; layer < network_.depth(); ++layer)
    assign(memories_[size_t(layer)], network_.memory(encoded, layer));
  assign(lengths_, source_lengths_);
  encode_.emplace(device, graph, std::vector{assign(search_.control, initial_)});
}

void DecodeSession::record_step(Device& device) {
  const Decoding& d = shape_.decoding;
  Graph& graph = step_graph_;
  const int64_t layer = shape_.layer < 0 ? network_.depth() - 1 : shape_.layer;
  const Seq2SeqNetwork::Decoded decoded =
      network_.step(graph, search_, caches_, memories_, graph.use(lengths_, "lengths"), record_ ? layer : -1);
  if (record_) {
    const Tensor weights = decoded.cross.at(0);  // (rows, heads, keys)
    const Tensor chosen = shape_.head < 0 ? mean(weights, 1) : slice(weights, 1, shape_.head, 1);
    fovea::record_step(reshape(chosen, {search_.rows(), shape_.keys}), search_, *record_);
  }
  const Tensor log_probs = next_log_probs(decoded.logits, search_,
                                          {.start = network_.config().start,
                                           .min_length = d.min_length,
                                           .ngram = d.ngram,
                                           .repetition = d.repetition,
                                           .forced_eos = d.forced_end,
                                           .renormalise = d.renormalise,
                                           .suppressed = suppressed_ ? &*suppressed_ : nullptr});
  unfinished_ =
      d.beams == 1
          ? sample_step(log_probs, search_,
                        {.temperature = d.temperature, .top_p = d.top_p, .top_k = d.top_k})
          : beam_step(log_probs, search_,
                      {.length_penalty = d.length_penalty, .stop_early = d.stop_early, .patient = d.patient});
  step_.emplace(device, graph, std::vector{unfinished_});
}

void DecodeSession::start(const DecodeRequest& request) {
  const SearchParams& p = search_.params;
  std::vector<uint32_t> ids(size_t(shape_.batch * shape_.keys), network_.config().pad);
  std::vector<uint32_t> lengths(size_t(shape_.batch), 1);
  std::vector<uint32_t> control = search_.initial(network_.config().start);
  for (uint32_t b = 0; b < p.batch; ++b) {
    if (b >= request.sources.size()) {  // a place that stays empty
      control[p.done + b] = 1;
      continue;
    }
    const std::vector<uint32_t>& source = request.sources[b];
    FOVEA_CHECK(!source.empty() && int64_t(source.size()) <= shape_.keys, "seq2seq: a source of ",
                source.size(), " tokens, 1 to ", shape_.keys, " fit");
    std::copy(source.begin(), source.end(), ids.begin() + int64_t(b) * shape_.keys);
    lengths[b] = uint32_t(source.size());
    if (!request.seeds.empty()) control[p.seeds + b] = request.seeds[b];
    uint32_t given = p.given + b * p.steps;
    if (request.decoding.first) control[given++] = *request.decoding.first;
    if (request.prefixes.empty()) continue;
    const std::vector<uint32_t>& prefix = request.prefixes[b];
    FOVEA_CHECK(given + prefix.size() < p.given + (b + 1) * p.steps, "seq2seq: a prefix of ", prefix.size(),
                " tokens leaves nothing of max_length ", p.steps);
    std::copy(prefix.begin(), prefix.end(), control.begin() + given);
    control[p.prompt + b] = uint32_t(prefix.size());
  }
  encode_->write(ids_, std::span<const uint32_t>(ids));
  encode_->write(source_lengths_, std::span<const uint32_t>(lengths));
  encode_->write(initial_, std::span<const uint32_t>(control));
  encode_->submit();
}

void DecodeSession::step_until_done(TranslatorStatistics& statistics,
                                    const std::function<bool(uint32_t)>& on_token) {
  uint32_t unfinished = 1;
  for (uint32_t step = 0; step < search_.params.steps && unfinished > 0;) {
    const uint32_t steps = std::min(on_token ? 1 : kStepsPerWait, search_.params.steps - step);
    step_->submit(steps);
    step_->wait();
    unfinished = step_->read_u32(unfinished_)[0];
    step += steps;
    statistics.steps += steps;
    ++statistics.submits;
    ++statistics.waits;
    if (on_token && !on_token(search_.control.read_u32()[search_.params.tokens])) break;
  }
}

DecodedTarget DecodeSession::target_at(uint32_t row, uint32_t parity, double score, uint32_t length) const {
  const SearchParams& p = search_.params;
  const auto kind = [&](uint32_t k) { return history_.data() + history_at(p, parity, k, row); };
  DecodedTarget target{.tokens = {kind(kTokens), kind(kTokens) + length}, .score = score};
  for (uint32_t t = 0; t < length; ++t) {
    target.log_probs.push_back(as_float(kind(kLogProbs)[t]));
    if (attention_.empty()) continue;
    const auto from = attention_.begin() + (int64_t(kind(kOrigins)[t]) * p.steps + t) * shape_.keys;
    target.attention.emplace_back(from, from + shape_.keys);
  }
  return target;
}

std::vector<DecodedTarget> DecodeSession::targets_of(size_t sentence, const DecodeRequest& request) const {
  const SearchParams& p = search_.params;
  std::vector<DecodedTarget> targets;
  for (uint32_t beam = 0; beam < p.beams; ++beam) {
    const uint32_t row = uint32_t(sentence) * p.beams + beam;
    uint32_t length = control_[p.pool_lengths + row];
    double score = as_float(control_[p.pool_scores + row]);
    if (p.beams == 1) {
      if (length == 0) {  // stopped by the caller
        length = std::min(control_[kStepWord], p.steps);
        score = as_float(control_[p.scores + row]);
      }
      const uint32_t scored = std::max(length - std::min(control_[p.prompt + sentence], length), 1u);
      score /= std::pow(double(scored), double(request.decoding.length_penalty));
    }
    if (length > 0) targets.push_back(target_at(row, p.beams == 1 ? 0 : kFinished, score, length));
  }
  std::stable_sort(targets.begin(), targets.end(),
                   [](const DecodedTarget& a, const DecodedTarget& b) { return a.score > b.score; });
  targets.resize(std::min(targets.size(), size_t(p.beams == 1 ? 1 : request.decoding.n_best)));
  const size_t keys = request.sources[sentence].size();
  for (DecodedTarget& target : targets)
    for (std::vector<float>& weights : target.attention) weights.resize(keys);
  return targets;
}

std::vector<std::vector<DecodedTarget>> DecodeSession::run(const DecodeRequest& request,
                                                           TranslatorStatistics& statistics,
                                                           const std::function<bool(uint32_t)>& on_token) {
  start(request);
  ++statistics.submits;
  step_until_done(statistics, on_token);
  control_ = search_.control.read_u32();
  history_ = search_.history.read_u32();
  if (record_) attention_ = record_->read();
  std::vector<std::vector<DecodedTarget>> all;
  for (size_t b = 0; b < request.sources.size(); ++b) {
    all.push_back(targets_of(b, request));
    for (const DecodedTarget& target : all.back()) statistics.tokens += target.tokens.size();
  }
  statistics.sentences += request.sources.size();
  statistics.cache_bytes = std::max(statistics.cache_bytes, cache_bytes());
  return all;
}

}  // namespace fovea
