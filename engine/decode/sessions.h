// Decodes batches of sentences with one model, greedily, by sampling or with beams.
#pragma once

#include <list>
#include <memory>

#include "decode/session.h"

namespace fovea {

class DecodeSessions {
 public:
  DecodeSessions(Device& device, const Decoder& decoder) : device_(device), decoder_(decoder) {}

  // The best targets of each sentence, best first. on_token: with one sentence and one beam, called with each
  // token as it comes; false from it stops. An Error names the setting that cannot be.
  std::vector<std::vector<DecodedTarget>> decode(const DecodeRequest& request,
                                                 const std::function<bool(uint32_t)>& on_token = {});
  const DecodeStatistics& statistics() const { return statistics_; }

 private:
  DecodeSession& session(const SessionShape& shape);

  Device& device_;
  const Decoder& decoder_;
  std::list<std::unique_ptr<DecodeSession>> sessions_;  // the latest used first
  DecodeStatistics statistics_;
};

}  // namespace fovea
