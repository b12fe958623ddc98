#include "models/seq2seq/seq2seq.h"

#include <algorithm>
#include <list>

#include "core/check.h"
#include "models/seq2seq/session.h"

namespace fovea {
namespace {

constexpr size_t kSessionsKept = 6;  // recorded decodings, the latest used

// Batches and sources are padded to few sizes, so that few plans serve all.
int64_t batch_size(int64_t sentences) {
  int64_t size = 1;
  while (size < sentences) size *= 2;
  return size;
}
int64_t source_size(int64_t tokens, int64_t limit) {
  int64_t size = 8;
  while (size < tokens) size += size < 32 ? 8 : size / 2;
  return std::min(size, limit);
}

size_t longest(const std::vector<std::vector<uint32_t>>& sentences) {
  size_t most = 1;
  for (const auto& sentence : sentences) most = std::max(most, sentence.size());
  return most;
}

// Rows of `columns` ids, padded.
std::vector<uint32_t> padded(const std::vector<std::vector<uint32_t>>& sentences, int64_t columns,
                             uint32_t pad) {
  std::vector<uint32_t> ids;
  for (const auto& sentence : sentences) {
    ids.insert(ids.end(), sentence.begin(), sentence.end());
    ids.insert(ids.end(), size_t(columns) - sentence.size(), pad);
  }
  return ids;
}

}  // namespace

struct Seq2Seq::Impl {
  Impl(Device& owner, Seq2SeqWeights weights) : device(owner), network(owner, std::move(weights)) {}

  DecodeSession& session(const SessionShape& shape);
  void check(const DecodeRequest& request) const;

  Device& device;
  Seq2SeqNetwork network;
  std::list<std::unique_ptr<DecodeSession>> sessions;  // the latest used first
  TranslatorStatistics statistics;
};

DecodeSession& Seq2Seq::Impl::session(const SessionShape& shape) {
  const auto found = std::find_if(sessions.begin(), sessions.end(),
                                  [&](const auto& session) { return session->shape() == shape; });
  if (found != sessions.end()) {
    sessions.splice(sessions.begin(), sessions, found);
  } else {
    if (sessions.size() == kSessionsKept) sessions.pop_back();  // before a new one needs its memory
    sessions.push_front(std::make_unique<DecodeSession>(device, network, shape));
  }
  return *sessions.front();
}

void Seq2Seq::Impl::check(const DecodeRequest& request) const {
  const Decoding& d = request.decoding;
  const Seq2SeqConfig& config = network.config();
  FOVEA_CHECK(d.beams >= 1 && d.beams <= 64, "decoding: ", d.beams, " beams, 1 to 64 are possible");
  FOVEA_CHECK(d.n_best >= 1 && (d.beams == 1 ? d.n_best == 1 || d.top_k != 1 : d.n_best <= d.beams),
              "decoding: ", d.n_best, " outputs of ", d.beams, " beams");
  FOVEA_CHECK(d.max_length >= 1 && d.max_length <= config.positions, "decoding: a max_length of ",
              d.max_length, ", the model takes 1 to ", config.positions);
  FOVEA_CHECK(d.min_length >= 0 && d.min_length <= d.max_length, "decoding: a min_length of ", d.min_length,
              " for a max_length of ", d.max_length);
  FOVEA_CHECK(d.beams == 1 || d.top_k == 1, "decoding: sampling from ", d.top_k, " candidates with ", d.beams,
              " beams; sampling needs one beam");
  for (const std::vector<uint32_t>& sequence : d.suppressed) {
    FOVEA_CHECK(!sequence.empty(), "decoding: a suppressed sequence has no tokens");
    for (uint32_t id : sequence)
      FOVEA_CHECK(id < config.target_vocab, "decoding: suppressed token ", id, " of ", config.target_vocab);
  }
  FOVEA_CHECK(!d.first || *d.first < config.target_vocab, "decoding: first token ", d.first.value_or(0),
              " of ", config.target_vocab);
  FOVEA_CHECK(request.layer < network.depth(), "decoding: attention of layer ", request.layer,
              ", counted from 0, of ", network.depth());
  FOVEA_CHECK(request.head < config.decoder_heads, "decoding: attention of head ", request.head,
              ", counted from 0, of ", config.decoder_heads);
  FOVEA_CHECK(request.prefixes.empty() || request.prefixes.size() == request.sources.size(),
              "decoding: ", request.prefixes.size(), " prefixes for ", request.sources.size(), " sources");
}

Seq2Seq::Seq2Seq(Device& device, Seq2SeqWeights weights)
    : impl_(std::make_unique<Impl>(device, std::move(weights))) {}
Seq2Seq::~Seq2Seq() = default;

const Seq2SeqConfig& Seq2Seq::config() const { return impl_->network.config(); }
const TranslatorStatistics& Seq2Seq::statistics() const { return impl_->statistics; }

Seq2Seq::Forward Seq2Seq::forward(Tensor sources, Tensor lengths, Tensor targets, bool weights) const {
  const Tensor encoded = impl_->network.encode(sources, lengths);
  Seq2SeqNetwork::Decoded decoded = impl_->network.decode(targets, encoded, lengths, weights);
  return {encoded, decoded.logits, std::move(decoded.cross)};
}

std::vector<std::vector<DecodedTarget>> Seq2Seq::decode(const DecodeRequest& request,
                                                        const std::function<bool(uint32_t)>& on_token) {
  impl_->check(request);
  const int64_t keys = source_size(int64_t(longest(request.sources)), config().positions);
  const SessionShape shape{batch_size(int64_t(request.sources.size())),
                           keys,
                           request.decoding,
                           request.attention,
                           request.layer,
                           request.head};
  return impl_->session(shape).run(request, impl_->statistics, on_token);
}

std::vector<std::vector<float>> Seq2Seq::score(const std::vector<std::vector<uint32_t>>& sources,
                                               const std::vector<std::vector<uint32_t>>& targets) {
  FOVEA_CHECK(sources.size() == targets.size() && !sources.empty(), "score: ", sources.size(),
              " sources and ", targets.size(), " targets");
  const Seq2SeqConfig& c = config();
  const int64_t batch = int64_t(sources.size()), keys = int64_t(longest(sources)),
                tokens = int64_t(longest(targets));
  FOVEA_CHECK(keys <= c.positions && tokens <= c.positions, "score: a source of ", keys, " and a target of ",
              tokens, " tokens, the model takes ", c.positions);
  std::vector<std::vector<uint32_t>> read = targets;  // what the decoder reads: one token later
  std::vector<uint32_t> lengths;
  for (auto& target : read) {
    target.insert(target.begin(), c.start);
    target.pop_back();
  }
  for (const auto& source : sources) lengths.push_back(uint32_t(source.size()));
  Graph graph;
  const Tensor source = graph.input({batch, keys}, DType::u32, "source");
  const Tensor length = graph.input({batch}, DType::u32, "lengths");
  const Tensor input = graph.input({batch, tokens}, DType::u32, "targets");
  const Tensor wanted = graph.input({batch, tokens}, DType::u32, "wanted");
  const Tensor log_probs = log_prob(forward(source, length, input, false).logits, wanted);  // (batch, tokens)
  Plan plan(impl_->device, graph, {log_probs});
  plan.write(source, std::span<const uint32_t>(padded(sources, keys, c.pad)));
  plan.write(length, std::span<const uint32_t>(lengths));
  plan.write(input, std::span<const uint32_t>(padded(read, tokens, c.pad)));
  plan.write(wanted, std::span<const uint32_t>(padded(targets, tokens, 0)));
  plan.run();
  const std::vector<float> all = plan.read(log_probs);
  std::vector<std::vector<float>> result;
  for (size_t b = 0; b < targets.size(); ++b) {
    const auto from = all.begin() + int64_t(b) * tokens;
    result.emplace_back(from, from + int64_t(targets[b].size()));
  }
  return result;
}

}  // namespace fovea
