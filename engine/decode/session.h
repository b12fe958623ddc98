// A recorded decoding: the plans and device memory for batches of one size.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>

#include "decode/decoder.h"
#include "decode/search.h"
#include "fovea/decoding.hpp"
#include "fovea/job.hpp"

namespace fovea {

// What is asked of a batch of sentences, by token ids.
struct DecodeRequest {
  std::vector<std::vector<uint32_t>> sources;  // of an encoder: each of at least 1 token, the ends included
  // What targets begin with, behind the start token of a model with an encoder; one for each sentence. May be
  // empty where there are sources.
  std::vector<std::vector<uint32_t>> prompts;
  std::vector<uint32_t> seeds;  // of sampling; one for each sentence, or none
  Decoding decoding;
  bool attention = false;  // to the sources
  int64_t layer = -1, head = -1;

  size_t sentences() const { return std::max(sources.size(), prompts.size()); }
};
// Of the sampling of sentence i where all are decoded with one seed, whatever batches they are in.
inline uint32_t seed_of(uint32_t seed, size_t i) { return seed + uint32_t(i) * 0x9e3779b9u; }

struct DecodedTarget {
  std::vector<uint32_t> tokens;  // with the end, if it came; without the prompt where there is no encoder
  std::vector<float> log_probs;  // of each
  double score = 0;
  std::vector<std::vector<float>> attention;  // (tokens, source tokens)
};

// Everything that a recorded decoding depends on.
struct SessionShape {
  int64_t batch = 1;
  int64_t keys = 1;   // extent of the sources, padding included, or of what prompts share; 0: nothing
  int64_t steps = 1;  // taken at most, those of prompts included: sizes what is kept of each row
  Decoding decoding;
  bool attention = false;
  int64_t layer = -1, head = -1;

  bool operator==(const SessionShape&) const = default;
};

class DecodeSession {
 public:
  DecodeSession(Device& device, const Decoder& decoder, const SessionShape& shape);

  const SessionShape& shape() const { return shape_; }
  uint64_t cache_bytes() const { return memory_.bytes(); }

  // The targets of at most shape().batch sentences that fit, best first; none at all where the steps do not
  // suffice for one of them, which are not stopped by a caller. on_token: as of DecodeSessions.
  std::vector<std::vector<DecodedTarget>> run(const DecodeRequest& request, DecodeStatistics& statistics,
                                              const std::function<bool(uint32_t)>& on_token);
  // The same in slices: begin(), tick() until it says true, then results().
  void begin(const DecodeRequest& request);
  bool tick(double milliseconds, DecodeStatistics& statistics);
  double progress() const { return double(step_at_) / double(shape_.steps); }
  void cancel();
  void warm_up();
  std::vector<std::vector<DecodedTarget>> results(const DecodeRequest& request, DecodeStatistics& statistics);

 private:
  // A step of the search that takes so many places.
  struct Step {
    Step(const Search& all, uint32_t places) : search(all, places) {}
    Search search;
    Graph graph;
    Tensor unfinished;
    std::optional<Plan> plan;
  };
  void record_begin();
  Step& step_of(uint32_t places);  // recorded when first asked for
  void start_sentence(uint32_t sentence, const std::vector<uint32_t>& tokens, uint32_t prompt);
  void write_history(const std::vector<std::vector<uint32_t>>& targets);
  void submit_step(double milliseconds, DecodeStatistics& statistics);
  void step_until_done(DecodeStatistics& statistics, const std::function<bool(uint32_t)>& on_token);
  std::vector<DecodedTarget> targets_of(size_t sentence, const DecodeRequest& request) const;
  DecodedTarget target_at(uint32_t row, uint32_t parity, double score, uint32_t length) const;

  Device& device_;
  const Decoder& decoder_;
  const DecoderFacts facts_;
  SessionShape shape_;
  Search search_;
  DecoderMemory memory_;
  std::optional<State> suppressed_, record_;  // record: (rows, steps, keys) of attention

  Graph begin_graph_;
  Tensor ids_, source_lengths_, initial_;
  std::optional<Plan> begin_;
  std::vector<std::unique_ptr<Step>> steps_;  // the first takes all places
  std::optional<PlanJob> begin_job_, step_job_;
  bool begun_ = false;  // in slices: all that comes before the first step is done
  bool cancelled_ = false;
  Ticket replays_ = 0;                       // in slices: of whole steps submitted together
  uint32_t step_at_ = 0;                     // steps taken or submitted, those of prompts included
  uint32_t first_ = 0;                       // step: what prompts share lies in front of it
  uint32_t left_ = 0;                        // sentences that are unfinished, as far as is known
  std::vector<uint32_t> control_, history_;  // before the first step and as read after the last
  std::vector<float> attention_;
};

}  // namespace fovea
