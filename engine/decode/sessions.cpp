#include "decode/sessions.h"

#include <algorithm>

#include "core/check.h"

namespace fovea {
namespace {

constexpr size_t kSessionsKept = 6;  // recorded decodings, the latest used

// Batches, sources and prompts are padded to few sizes, so that few plans serve all.
int64_t batch_size(int64_t sentences) {
  int64_t size = 1;
  while (size < sentences) size *= 2;
  return size;
}
int64_t padded_size(int64_t tokens, int64_t limit) {
  int64_t size = 8;
  while (size < tokens) size += size < 32 ? 8 : size / 2;
  return std::min(size, limit);
}

void check_decoding(const Decoding& d, const DecoderFacts& model) {
  FOVEA_CHECK(d.beams >= 1 && d.beams <= 64, "decoding: ", d.beams, " beams, 1 to 64 are possible");
  FOVEA_CHECK(d.n_best >= 1 && (d.beams == 1 ? d.n_best == 1 || d.top_k != 1 : d.n_best <= d.beams),
              "decoding: ", d.n_best, " outputs of ", d.beams, " beams");
  FOVEA_CHECK(d.max_length >= 1 && d.max_length <= model.positions, "decoding: a max_length of ",
              d.max_length, ", the model takes 1 to ", model.positions);
  FOVEA_CHECK(d.min_length >= 0 && d.min_length <= d.max_length, "decoding: a min_length of ", d.min_length,
              " for a max_length of ", d.max_length);
  FOVEA_CHECK(d.beams == 1 || d.top_k == 1, "decoding: sampling from ", d.top_k, " candidates with ", d.beams,
              " beams; sampling needs one beam");
  for (const std::vector<uint32_t>& sequence : d.suppressed) {
    FOVEA_CHECK(!sequence.empty(), "decoding: a suppressed sequence has no tokens");
    for (uint32_t id : sequence)
      FOVEA_CHECK(id < model.vocab, "decoding: suppressed token ", id, " of ", model.vocab);
  }
  FOVEA_CHECK(!d.first || *d.first < model.vocab, "decoding: first token ", d.first.value_or(0), " of ",
              model.vocab);
}

void check_attention(const DecodeRequest& request, const DecoderFacts& model) {
  FOVEA_CHECK(!request.attention || model.encodes,
              "decoding: attention to a source, which this model has not");
  FOVEA_CHECK(request.layer < model.depth, "decoding: attention of layer ", request.layer,
              ", counted from 0, of ", model.depth);
  FOVEA_CHECK(request.head < model.heads, "decoding: attention of head ", request.head,
              ", counted from 0, of ", model.heads);
}

void check_prompts(const DecodeRequest& request, const DecoderFacts& model) {
  FOVEA_CHECK(request.sentences() > 0, "decoding: no sentences");
  FOVEA_CHECK(model.encodes ? request.prompts.empty() || request.prompts.size() == request.sources.size()
                            : request.sources.empty(),
              "decoding: ", request.prompts.size(), " prompts for ", request.sources.size(), " sources");
  for (const auto& source : request.sources)
    FOVEA_CHECK(!source.empty() && int64_t(source.size()) <= model.positions, "decoding: a source of ",
                source.size(), " tokens, the model takes 1 to ", model.positions);
  for (const auto& prompt : request.prompts) {
    const int64_t tokens = int64_t(prompt.size()), most = request.decoding.max_length;
    FOVEA_CHECK(
        model.encodes || (tokens >= 1 && tokens + most - 1 <= model.positions),  // the last is not read
        "decoding: a prompt of ", tokens, " tokens and ", most, " behind it, the model has ", model.positions,
        " positions");
    for (uint32_t id : prompt) FOVEA_CHECK(id < model.vocab, "decoding: token ", id, " of ", model.vocab);
  }
}

SessionShape shape_of(const DecodeRequest& request, const DecoderFacts& model) {
  SessionShape shape{.batch = batch_size(int64_t(request.sentences())),
                     .steps = request.decoding.max_length,
                     .decoding = request.decoding,
                     .attention = request.attention,
                     .layer = request.layer,
                     .head = request.head};
  size_t longest = 1, shortest = SIZE_MAX;
  for (const auto& read : model.encodes ? request.sources : request.prompts) {
    longest = std::max(longest, read.size());
    shortest = std::min(shortest, read.size());
  }
  if (model.encodes) {
    shape.keys = padded_size(int64_t(longest), model.positions);
  } else {
    shape.steps = padded_size(int64_t(longest) - 1 + shape.steps, model.positions);
    shape.keys = shortest == 1 ? 0 : padded_size(int64_t(shortest) - 1, shape.steps);
  }
  return shape;
}

// The steps that nearly always suffice, as the keys and values of a search take memory for each: where they
// do not, the batch is decoded again with all of them.
int64_t likely_steps(const DecodeRequest& request, const DecoderFacts& model, const SessionShape& whole) {
  if (!model.encodes) return whole.steps;
  size_t prompt = 0, source = 0;
  for (const auto& each : request.prompts) prompt = std::max(prompt, each.size());
  for (const auto& each : request.sources) source = std::max(source, each.size());
  const int64_t least = std::max(request.decoding.min_length, int64_t(2 * source));
  return padded_size(int64_t(prompt) + least + 8, whole.steps);
}

// Samples of one sentence are as many sentences, each with random numbers of its own.
DecodeRequest repeated(const DecodeRequest& request, size_t copies) {
  DecodeRequest all{.decoding = request.decoding,
                    .attention = request.attention,
                    .layer = request.layer,
                    .head = request.head};
  all.decoding.n_best = 1;
  for (size_t b = 0; b < request.sentences(); ++b)
    for (size_t copy = 0; copy < copies; ++copy) {
      if (!request.sources.empty()) all.sources.push_back(request.sources[b]);
      if (!request.prompts.empty()) all.prompts.push_back(request.prompts[b]);
      all.seeds.push_back((request.seeds.empty() ? 0 : request.seeds[b]) + uint32_t(copy) * 0x85ebca6bu);
    }
  return all;
}

}  // namespace

DecodeJob::DecodeJob(std::shared_ptr<DecodeSession> session, DecodeRequest request,
                     DecodeStatistics& statistics)
    : session_(std::move(session)), request_(std::move(request)), statistics_(statistics) {
  session_->begin(request_);
}

void DecodeJob::warm_up() { session_->warm_up(); }

DecodeJob::~DecodeJob() { session_->cancel(); }

std::shared_ptr<DecodeSession> DecodeSessions::session(const SessionShape& shape) {
  const auto found = std::find_if(sessions_.begin(), sessions_.end(), [&](const auto& session) {
    return session.use_count() == 1 && session->shape() == shape;
  });
  if (found != sessions_.end()) {
    sessions_.splice(sessions_.begin(), sessions_, found);
  } else {
    if (sessions_.size() == kSessionsKept) sessions_.pop_back();  // before a new one needs its memory
    sessions_.push_front(std::make_shared<DecodeSession>(device_, decoder_, shape));
  }
  return sessions_.front();
}

void DecodeSessions::trim() {
  sessions_.remove_if([](const auto& session) { return session.use_count() == 1; });
}

void DecodeSessions::check(const DecodeRequest& request) const {
  const DecoderFacts model = decoder_.facts();
  check_decoding(request.decoding, model);
  check_attention(request, model);
  check_prompts(request, model);
}

std::unique_ptr<DecodeJob> DecodeSessions::start(const DecodeRequest& request) {
  check(request);
  FOVEA_CHECK(request.decoding.beams > 1 || request.decoding.n_best == 1,
              "decoding: ", request.decoding.n_best, " samples of a sentence in slices, 1 is possible");
  return std::make_unique<DecodeJob>(session(shape_of(request, decoder_.facts())), request, statistics_);
}

std::vector<std::vector<DecodedTarget>> DecodeSessions::decode(
    const DecodeRequest& request, const std::function<bool(uint32_t)>& on_token) {
  const DecoderFacts model = decoder_.facts();
  check(request);
  const size_t copies = request.decoding.beams == 1 ? size_t(request.decoding.n_best) : 1;
  const SessionShape whole = shape_of(request, model);
  if (copies == 1 && !on_token) {
    SessionShape likely = whole;
    likely.steps = likely_steps(request, model, whole);
    if (likely.steps < whole.steps)
      if (auto targets = session(likely)->run(request, statistics_, {}); !targets.empty()) return targets;
  }
  if (copies == 1) return session(whole)->run(request, statistics_, on_token);

  const auto samples = decode(repeated(request, copies));
  std::vector<std::vector<DecodedTarget>> targets(request.sentences());
  for (size_t i = 0; i < samples.size(); ++i)
    targets[i / copies].insert(targets[i / copies].end(), samples[i].begin(), samples[i].end());
  for (auto& best : targets)
    std::stable_sort(best.begin(), best.end(),
                     [](const DecodedTarget& a, const DecodedTarget& b) { return a.score > b.score; });
  return targets;
}

}  // namespace fovea
