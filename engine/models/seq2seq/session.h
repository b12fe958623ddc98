// A recorded decoding: the plans and device memory for batches of one size.
#pragma once

#include "models/seq2seq/seq2seq.h"
#include "models/seq2seq/network.h"

namespace fovea {

// Everything that a recorded decoding depends on.
struct SessionShape {
  int64_t batch = 1, keys = 1;  // keys: extent of the sources, padding included
  Decoding decoding;
  bool attention = false;
  int64_t layer = -1, head = -1;

  bool operator==(const SessionShape&) const = default;
};

class DecodeSession {
 public:
  DecodeSession(Device& device, const Seq2SeqNetwork& network, const SessionShape& shape);

  const SessionShape& shape() const { return shape_; }
  uint64_t cache_bytes() const;

  // At most shape().batch sources of at most shape().keys tokens each; on_token as in Seq2Seq::decode.
  std::vector<std::vector<DecodedTarget>> run(const DecodeRequest& request, TranslatorStatistics& statistics,
                                              const std::function<bool(uint32_t)>& on_token);

 private:
  void record_encode(Device& device);
  void record_step(Device& device);
  void start(const DecodeRequest& request);
  void step_until_done(TranslatorStatistics& statistics, const std::function<bool(uint32_t)>& on_token);
  std::vector<DecodedTarget> targets_of(size_t sentence, const DecodeRequest& request) const;
  DecodedTarget target_at(uint32_t row, uint32_t parity, double score, uint32_t length) const;

  const Seq2SeqNetwork& network_;
  SessionShape shape_;
  Search search_;
  std::vector<State> caches_, memories_;  // of every layer
  State lengths_;
  std::optional<State> suppressed_, record_;  // record: (rows, steps, keys) of attention

  Graph encode_graph_, step_graph_;
  Tensor ids_, source_lengths_, initial_, unfinished_;
  std::optional<Plan> encode_, step_;
  std::vector<uint32_t> control_, history_;  // as read after the last step
  std::vector<float> attention_;
};

}  // namespace fovea
