// Loader: batches made ahead by a thread of their own.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

#include "fovea/version.h"

namespace fovea FOVEA_API {

// make(first), make(first + 1), .. in order. What make uses must outlive the loader and be left alone by
// other threads, or be safe to share, as the batches of data.hpp are.
//
//   Loader<ImageBatch> loader([&](uint64_t index) { return batches.batch(index); }, step);
//   for (; step < steps; ++step) train(loader.next());
template <class Batch>
class Loader {
 public:
  // ahead: batches that wait at most, at least 1.
  explicit Loader(std::function<Batch(uint64_t index)> make, uint64_t first = 0, size_t ahead = 2)
      : make_(std::move(make)), ahead_(ahead > 0 ? ahead : 1), thread_([this, first] { run(first); }) {}
  // Waits for the batch that is being made; no further one is begun.
  ~Loader() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  // The next batch; waits for it. What make threw is thrown here in its batch's place, and ever after.
  Batch next() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !ready_.empty() || failure_; });
    if (ready_.empty()) std::rethrow_exception(failure_);
    Batch batch = std::move(ready_.front());
    ready_.pop_front();
    lock.unlock();
    changed_.notify_all();
    return batch;
  }

 private:
  void run(uint64_t index) {
    try {
      for (;; ++index) {
        {
          std::unique_lock lock(mutex_);
          changed_.wait(lock, [this] { return stop_ || ready_.size() < ahead_; });
          if (stop_) return;
        }
        Batch batch = make_(index);
        {
          const std::lock_guard lock(mutex_);
          ready_.push_back(std::move(batch));
        }
        changed_.notify_all();
      }
    } catch (...) {
      {
        const std::lock_guard lock(mutex_);
        failure_ = std::current_exception();
      }
      changed_.notify_all();
    }
  }

  std::function<Batch(uint64_t)> make_;
  size_t ahead_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Batch> ready_;
  std::exception_ptr failure_;
  bool stop_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace fovea
