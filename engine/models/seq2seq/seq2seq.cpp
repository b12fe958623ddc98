#include "models/seq2seq/seq2seq.h"

#include <algorithm>

#include "core/check.h"
#include "models/seq2seq/network.h"

namespace fovea {
namespace {

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

// What the decoder reads to say a target: one token later.
std::vector<uint32_t> read_for(std::vector<uint32_t> target, uint32_t start) {
  target.insert(target.begin(), start);
  target.pop_back();
  return target;
}

}  // namespace

struct Seq2Seq::Impl {
  Impl(Device& owner, const Seq2SeqFile& file, const LoadOptions& load)
      : device(owner), network(load_network(owner, file, Use::inference, load)), sessions(owner, network) {}

  Device& device;
  Seq2SeqNetwork network;
  DecodeSessions sessions;
};

Seq2Seq::Seq2Seq(Device& device, const Seq2SeqFile& file, const LoadOptions& load)
    : impl_(std::make_unique<Impl>(device, file, load)) {}
Seq2Seq::~Seq2Seq() = default;

const Seq2SeqConfig& Seq2Seq::config() const { return impl_->network.config(); }
const DecodeStatistics& Seq2Seq::statistics() const { return impl_->sessions.statistics(); }
void Seq2Seq::trim() { impl_->sessions.trim(); }

Seq2Seq::Forward Seq2Seq::forward(Tensor sources, Tensor lengths, Tensor targets, bool weights) const {
  const LayerOptions options{.weights = weights, .attention = {.lengths = lengths}};
  Encoder::Result encoded = impl_->network.encode(sources, options);
  Seq2SeqNetwork::Decoded decoded = impl_->network.decode(targets, encoded.out, options);
  return {encoded.out, decoded.logits, std::move(decoded.cross), std::move(encoded.weights),
          std::move(decoded.own)};
}

std::unique_ptr<DecodeJob> Seq2Seq::start(const DecodeRequest& request) {
  return impl_->sessions.start(request);
}

std::vector<std::vector<DecodedTarget>> Seq2Seq::decode(const DecodeRequest& request,
                                                        const std::function<bool(uint32_t)>& on_token) {
  return impl_->sessions.decode(request, on_token);
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
  std::vector<std::vector<uint32_t>> read;
  std::vector<uint32_t> lengths;
  for (const auto& target : targets) read.push_back(read_for(target, c.start));
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

Seq2Seq::Weights Seq2Seq::weights(const std::vector<uint32_t>& source,
                                  const std::vector<uint32_t>& target) const {
  const int64_t keys = int64_t(source.size()), tokens = int64_t(target.size());
  FOVEA_CHECK(keys >= 1 && tokens >= 1 && keys <= config().positions && tokens <= config().positions,
              "weights: a source of ", keys, " and a target of ", tokens, " tokens, the model takes 1 to ",
              config().positions);
  Graph graph;
  const Tensor sources = graph.input({1, keys}, DType::u32, "source");
  const Tensor lengths = graph.input({1}, DType::u32, "lengths");
  const Tensor inputs = graph.input({1, tokens}, DType::u32, "targets");
  const Forward made = forward(sources, lengths, inputs, true);
  std::vector<Tensor> outputs;
  for (const auto* layers : {&made.encoder, &made.own, &made.cross})
    outputs.insert(outputs.end(), layers->begin(), layers->end());
  Plan plan(impl_->device, graph, outputs);
  plan.write(sources, std::span<const uint32_t>(source));
  plan.write(lengths, std::span<const uint32_t>(std::vector{uint32_t(keys)}));
  plan.write(inputs, std::span<const uint32_t>(read_for(target, config().start)));
  plan.run();
  const auto most = [](const std::vector<Tensor>& layers) {
    int64_t heads = 0;
    for (const Tensor layer : layers) heads = std::max(heads, layer.shape()[1]);
    return heads;
  };
  const auto read = [&](const std::vector<Tensor>& layers, int64_t heads) {
    std::vector<float> all;  // (layers, heads, queries, keys)
    for (const Tensor layer : layers) {
      const std::vector<float> weights = plan.read(layer);  // (1, the layer's heads, queries, keys)
      all.insert(all.end(), weights.begin(), weights.end());
      all.insert(all.end(), weights.size() / size_t(layer.shape()[1]) * size_t(heads - layer.shape()[1]), 0);
    }
    return all;
  };
  const int64_t encoder = most(made.encoder), decoder = std::max(most(made.own), most(made.cross));
  return {encoder, decoder, read(made.encoder, encoder), read(made.own, decoder), read(made.cross, decoder)};
}

}  // namespace fovea
