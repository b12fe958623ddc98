#include "decode/session.h"

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

// Tokens that a pass over all prompts can read: the last of each is read by a step.
uint32_t shared_tokens(const std::vector<std::vector<uint32_t>>& prompts) {
  size_t least = SIZE_MAX;
  for (const auto& prompt : prompts) least = std::min(least, prompt.size());
  return uint32_t(least - 1);
}

// The least of few sizes, down from `batch`, a power of two, that holds so many sentences.
uint32_t places_for(uint32_t sentences, uint32_t batch) {
  uint32_t size = batch;
  while (size > 1) {
    const uint32_t next = size % 3 == 0 ? size / 3 * 2 : size == 2 ? 1 : size / 4 * 3;
    if (next < sentences) break;
    size = next;
  }
  return size;
}

float as_float(uint32_t bits) { return std::bit_cast<float>(bits); }

}  // namespace

DecodeSession::DecodeSession(Device& device, const Decoder& decoder, const SessionShape& shape)
    : device_(device),
      decoder_(decoder),
      facts_(decoder.facts()),
      shape_(shape),
      search_(device, shape.batch, shape.decoding.beams, shape.steps, facts_.eos,
              facts_.takes_places && !shape.attention),
      memory_(decoder.memory(device, search_, shape.keys)) {
  if (!shape.decoding.suppressed.empty()) suppressed_ = suppressed_state(device, shape.decoding.suppressed);
  if (shape.attention) record_.emplace(device, Shape{search_.rows(), shape.steps, shape.keys});
  record_begin();
  step_of(search_.params.batch);
}

// Everything a batch begins with: keys and values of sources or prompts, lengths, an empty search.
void DecodeSession::record_begin() {
  Graph& graph = begin_graph_;
  if (shape_.keys > 0) {
    ids_ = graph.input({shape_.batch, shape_.keys}, DType::u32, facts_.encodes ? "source" : "prompt");
    if (facts_.encodes) source_lengths_ = graph.input({shape_.batch}, DType::u32, "lengths");
    decoder_.begin(ids_, source_lengths_, search_, memory_);
  }
  initial_ = graph.input(search_.control.shape(), DType::u32, "control");
  begin_.emplace(device_, graph, std::vector{assign(search_.control, initial_)});
}

DecodeSession::Step& DecodeSession::step_of(uint32_t places) {
  const auto found =
      std::ranges::find_if(steps_, [&](const auto& step) { return step->search.params.places == places; });
  if (found != steps_.end()) return **found;
  const Decoding& d = shape_.decoding;
  const int64_t layer = shape_.layer < 0 ? facts_.depth - 1 : shape_.layer;
  auto step = std::make_unique<Step>(search_, places);  // kept once it is whole
  Step& made = *step;
  const Decoder::Next next = decoder_.step(made.graph, made.search, memory_, record_ ? layer : -1);
  if (record_) {
    const Tensor weights = next.weights;  // (rows, heads, keys)
    const Tensor chosen = shape_.head < 0 ? mean(weights, 1) : slice(weights, 1, shape_.head, 1);
    record_step(reshape(chosen, {search_.rows(), shape_.keys}), made.search, *record_);
  }
  const Tensor log_probs = next_log_probs(next.logits, made.search,
                                          {.min_length = d.min_length,
                                           .behind_prompt = !facts_.encodes,
                                           .ngram = d.ngram,
                                           .repetition = d.repetition,
                                           .forced_eos = d.forced_end,
                                           .renormalise = d.renormalise,
                                           .suppressed = suppressed_ ? &*suppressed_ : nullptr});
  made.unfinished =
      d.beams == 1
          ? sample_step(log_probs, made.search,
                        {.temperature = d.temperature, .top_p = d.top_p, .top_k = d.top_k})
          : beam_step(log_probs, made.search,
                      {.length_penalty = d.length_penalty, .stop_early = d.stop_early, .patient = d.patient});
  const Plan* largest = steps_.empty() ? nullptr : &*steps_.front()->plan;
  made.plan.emplace(device_, made.graph, std::vector{made.unfinished}, PlanOptions{.arena_of = largest});
  return *steps_.emplace_back(std::move(step));
}

// tokens: what the target begins with, of which the last `prompt` are the prompt's, the first is read first.
void DecodeSession::start_sentence(uint32_t sentence, const std::vector<uint32_t>& tokens, uint32_t prompt) {
  const SearchParams& p = search_.params;
  const uint32_t behind = facts_.encodes ? 0 : prompt;
  const int64_t most = behind + shape_.decoding.max_length;
  FOVEA_CHECK(int64_t(tokens.size()) <= std::min(most, shape_.steps), "decoding: a prompt of ", prompt,
              " tokens leaves nothing of ", std::min(most, shape_.steps), " steps");
  std::copy(tokens.begin(), tokens.end(), control_.begin() + p.given + sentence * (1 + p.steps));
  control_[p.prompt + sentence] = prompt;
  control_[p.ends + sentence] = uint32_t(most);
  for (uint32_t beam = 0; beam < p.beams; ++beam)
    control_[p.tokens + sentence * p.beams + beam] = tokens[first_];
}

// The steps in front of the first, as if they had been taken: their K and V lie in each sentence's first row.
void DecodeSession::write_history(const std::vector<std::vector<uint32_t>>& targets) {
  const SearchParams& p = search_.params;
  const uint32_t parity = p.beams > 1 ? first_ & 1 : 0;
  std::vector<uint32_t> history(search_.history.shape().elements(), 0);  // log-probabilities of 0 as well
  for (uint32_t row = 0; row < uint32_t(targets.size()) * p.beams; ++row)
    for (uint32_t t = 0; t < first_; ++t) {
      history[history_at(p, parity, kTokens, row) + t] = targets[row / p.beams][t + 1];
      history[history_at(p, parity, kOrigins, row) + t] = row / p.beams * p.beams;
    }
  search_.history.write(std::span<const uint32_t>(history));
}

void DecodeSession::begin(const DecodeRequest& request) {
  const SearchParams& p = search_.params;
  std::vector<uint32_t> ids(size_t(shape_.batch * shape_.keys), facts_.pad), lengths(size_t(shape_.batch), 1);
  std::vector<std::vector<uint32_t>> targets;  // what each begins with
  for (size_t b = 0; b < request.sentences(); ++b) {
    std::vector<uint32_t>& target = targets.emplace_back();
    if (facts_.encodes) target.push_back(facts_.start);
    const std::vector<uint32_t> prompt =
        request.prompts.empty() ? std::vector<uint32_t>() : request.prompts[b];
    const std::optional<uint32_t>& first = request.decoding.first;
    if (first && facts_.encodes) target.push_back(*first);
    target.insert(target.end(), prompt.begin(), prompt.end());
    if (first && !facts_.encodes) target.push_back(*first);
    const std::vector<uint32_t>& read = facts_.encodes ? request.sources[b] : prompt;
    const size_t count = std::min(read.size(), size_t(shape_.keys));
    std::copy_n(read.begin(), count, ids.begin() + int64_t(b) * shape_.keys);
    lengths[b] = uint32_t(count);
  }
  first_ = facts_.encodes ? 0 : shared_tokens(request.prompts);
  control_ = search_.initial(facts_.start);
  control_[kStepWord] = first_;
  for (uint32_t b = 0; b < p.batch; ++b) {
    control_[p.ends + b] = 0;  // a place that stays empty
    if (b >= targets.size()) continue;
    if (!request.seeds.empty()) control_[p.seeds + b] = request.seeds[b];
    const size_t prompt = request.prompts.empty() ? 0 : request.prompts[b].size();
    start_sentence(b, targets[b], uint32_t(facts_.encodes ? prompt : prompt - 1));
  }
  if (first_ > 0) write_history(targets);
  if (shape_.keys > 0) begin_->write(ids_, std::span<const uint32_t>(ids));
  if (facts_.encodes) begin_->write(source_lengths_, std::span<const uint32_t>(lengths));
  begin_->write(initial_, std::span<const uint32_t>(control_));
  step_at_ = first_;
  left_ = uint32_t(targets.size());
  begun_ = cancelled_ = false;
  replays_ = 0;
  if (begin_job_) begin_job_->restart();
}

void DecodeSession::step_until_done(DecodeStatistics& statistics,
                                    const std::function<bool(uint32_t)>& on_token) {
  while (step_at_ < search_.params.steps && left_ > 0) {
    const uint32_t steps = std::min(on_token ? 1 : kStepsPerWait, search_.params.steps - step_at_);
    Step& step =
        step_of(search_.params.order == 0 ? search_.params.batch : places_for(left_, search_.params.batch));
    step.plan->submit({.times = steps});
    step.plan->wait();
    left_ = step.plan->read_u32(step.unfinished)[0];
    step_at_ += steps;
    statistics.steps += steps;
    ++statistics.submits;
    ++statistics.waits;
    if (on_token && !on_token(search_.control.read_u32()[search_.params.tokens])) break;
  }
}

// As many whole steps as fit, or a slice of one.
void DecodeSession::submit_step(double milliseconds, DecodeStatistics& statistics) {
  const double whole = step_job_->milliseconds();
  const uint32_t left = search_.params.steps - step_at_;
  if (whole > 0 && 2 * whole <= milliseconds && left >= 2) {
    const uint32_t steps = uint32_t(std::min({milliseconds / whole, double(kStepsPerWait), double(left)}));
    replays_ = steps_.front()->plan->submit({.times = steps});
    step_at_ += steps;
    statistics.steps += steps;
  } else {
    step_job_->restart();
    step_job_->tick(milliseconds);
    ++step_at_;
    ++statistics.steps;
  }
  ++statistics.submits;
}

bool DecodeSession::tick(double milliseconds, DecodeStatistics& statistics) {
  if (!begin_job_) {
    begin_job_.emplace(*begin_);
    step_job_.emplace(*steps_.front()->plan);
  }
  if (!begun_) {
    if (!begin_job_->tick(milliseconds)) return false;
    begun_ = true;
    if (cancelled_) return true;
    submit_step(milliseconds, statistics);
    return false;
  }
  if (replays_ > 0 ? !device_.poll(replays_) : !step_job_->tick(milliseconds)) return false;
  replays_ = 0;
  ++statistics.waits;
  const Step& first = *steps_.front();
  if (cancelled_ || step_at_ == search_.params.steps || first.plan->read_u32(first.unfinished)[0] == 0)
    return true;
  submit_step(milliseconds, statistics);
  return false;
}

void DecodeSession::warm_up() {
  for (Plan* plan : {&*begin_, &*steps_.front()->plan}) {
    plan->run();  // a driver may compile only now
    plan->profile();
  }
}

void DecodeSession::cancel() {
  cancelled_ = true;
  if (begin_job_) begin_job_->cancel();
  if (step_job_) step_job_->cancel();
}

DecodedTarget DecodeSession::target_at(uint32_t row, uint32_t parity, double score, uint32_t length) const {
  const SearchParams& p = search_.params;
  const auto kind = [&](uint32_t k) { return history_.data() + history_at(p, parity, k, row); };
  const uint32_t first = facts_.encodes ? 0 : std::min(control_[p.prompt + row / p.beams], length);
  DecodedTarget target{.tokens = {kind(kTokens) + first, kind(kTokens) + length}, .score = score};
  for (uint32_t t = first; t < length; ++t) {
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
  for (DecodedTarget& target : targets)
    for (std::vector<float>& weights : target.attention) weights.resize(request.sources[sentence].size());
  return targets;
}

std::vector<std::vector<DecodedTarget>> DecodeSession::run(const DecodeRequest& request,
                                                           DecodeStatistics& statistics,
                                                           const std::function<bool(uint32_t)>& on_token) {
  begin(request);
  begin_->submit();
  ++statistics.submits;
  step_until_done(statistics, on_token);
  if (left_ > 0 && !on_token) return {};
  return results(request, statistics);
}

std::vector<std::vector<DecodedTarget>> DecodeSession::results(const DecodeRequest& request,
                                                               DecodeStatistics& statistics) {
  control_ = search_.control.read_u32();
  history_ = search_.history.read_u32();
  if (record_) attention_ = record_->read();
  std::vector<std::vector<DecodedTarget>> all;
  for (size_t b = 0; b < request.sentences(); ++b) {
    all.push_back(targets_of(b, request));
    for (const DecodedTarget& target : all.back()) statistics.tokens += target.tokens.size();
  }
  statistics.sentences += request.sentences();
  statistics.cache_bytes = std::max(statistics.cache_bytes, cache_bytes());
  return all;
}

}  // namespace fovea
