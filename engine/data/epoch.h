// What batches are made from in one epoch, such as its order: made once, for all its batches.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>

namespace fovea {

template <class Value>
class EpochCache {
 public:
  // make() for the epoch asked for last, otherwise what it made. Threads may share a cache.
  template <class Make>
  std::shared_ptr<const Value> get(uint64_t epoch, const Make& make) {
    const std::lock_guard lock(mutex_);
    if (!value_ || epoch_ != epoch) {
      value_ = std::make_shared<const Value>(make());
      epoch_ = epoch;
    }
    return value_;
  }

 private:
  std::mutex mutex_;
  uint64_t epoch_ = 0;
  std::shared_ptr<const Value> value_;
};

}  // namespace fovea
