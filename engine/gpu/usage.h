// Usage: until when the work of one plan may still touch the memory it names. A buffer knows its users, so
// that a copy waits for those alone, and for nothing else that is on its way.
#pragma once

#include <volk.h>

#include <memory>
#include <mutex>
#include <vector>

#include "fovea/device.hpp"

namespace fovea {

class Gpu;

class Usage {
 public:
  explicit Usage(Gpu& gpu) : gpu_(gpu) {}

  void submitted(Ticket ticket);                     // by Fovea
  void recorded();                                   // for a host, who has not said until when it runs
  void until(VkSemaphore timeline, uint64_t value);  // the host says: what was recorded runs until then
  void finished();                                   // the host says: it is done
  bool known() const;                                // false: the host has not said
  bool hosted() const;                               // a host holds a recording
  void wait() const;                                 // for what is known

 private:
  Gpu& gpu_;
  mutable std::mutex mutex_;
  Ticket ticket_ = 0;
  bool hosted_ = false, known_ = true;
  Semaphore until_;
};

// Those who use one buffer; shared, so that a plan may outlive the buffer. Thread safe.
class Users {
 public:
  void add(const std::shared_ptr<Usage>& user);
  void remove(const Usage* user);
  std::shared_ptr<Usage> next(const Usage* after) const;  // null: the first; of the last: null
  bool hosted() const;                                    // a host holds a recording that uses it

 private:
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<Usage>> users_;
};

}  // namespace fovea
