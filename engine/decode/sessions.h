// Decodes batches of sentences with one model, greedily, by sampling or with beams.
#pragma once

#include <list>
#include <memory>

#include "decode/session.h"

namespace fovea {

// A decoding in slices, of a session of its own meanwhile.
class DecodeJob {
 public:
  DecodeJob(std::shared_ptr<DecodeSession> session, DecodeRequest request, DecodeStatistics& statistics);
  ~DecodeJob();
  DecodeJob(const DecodeJob&) = delete;
  DecodeJob& operator=(const DecodeJob&) = delete;

  bool tick(double milliseconds) { return session_->tick(milliseconds, statistics_); }  // as Job
  double progress() const { return session_->progress(); }
  void cancel() { session_->cancel(); }
  void warm_up();  // runs what comes before the first step, and that step, and measures both
  std::vector<std::vector<DecodedTarget>> results() { return session_->results(request_, statistics_); }

 private:
  std::shared_ptr<DecodeSession> session_;
  DecodeRequest request_;
  DecodeStatistics& statistics_;
};

class DecodeSessions {
 public:
  DecodeSessions(Device& device, const Decoder& decoder) : device_(device), decoder_(decoder) {}

  // The best targets of each sentence, best first. on_token: with one sentence and one beam, called with each
  // token as it comes; false from it stops. An Error names the setting that cannot be.
  std::vector<std::vector<DecodedTarget>> decode(const DecodeRequest& request,
                                                 const std::function<bool(uint32_t)>& on_token = {});
  // The same in slices; one output of each sentence where it is sampled.
  std::unique_ptr<DecodeJob> start(const DecodeRequest& request);
  const DecodeStatistics& statistics() const { return statistics_; }
  void trim();  // forgets the sessions that no job holds

 private:
  void check(const DecodeRequest& request) const;
  std::shared_ptr<DecodeSession> session(const SessionShape& shape);  // one that no job holds

  Device& device_;
  const Decoder& decoder_;
  std::list<std::shared_ptr<DecodeSession>> sessions_;  // the latest used first
  DecodeStatistics statistics_;
};

}  // namespace fovea
