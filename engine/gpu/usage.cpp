#include "gpu/usage.h"

#include <algorithm>
#include <utility>

#include "core/check.h"
#include "gpu/gpu.h"

namespace fovea {

void Usage::submitted(Ticket ticket) {
  const std::lock_guard lock(mutex_);
  ticket_ = std::max(ticket_, ticket);
}

void Usage::recorded() {
  const std::lock_guard lock(mutex_);
  hosted_ = true;
  known_ = false;
}

void Usage::until(VkSemaphore timeline, uint64_t value) {
  FOVEA_CHECK(timeline != VK_NULL_HANDLE, "plan: in use until a null semaphore");
  const std::lock_guard lock(mutex_);
  FOVEA_CHECK(hosted_, "plan: in use by a host, but nothing was recorded for one");
  known_ = true;
  until_ = {timeline, value};
}

void Usage::finished() {
  const std::lock_guard lock(mutex_);
  known_ = true;
  until_ = {};
}

bool Usage::known() const {
  const std::lock_guard lock(mutex_);
  return known_;
}

bool Usage::hosted() const {
  const std::lock_guard lock(mutex_);
  return hosted_;
}

void Usage::wait() const {
  const auto [ticket, until] = [&] {
    const std::lock_guard lock(mutex_);
    return std::pair(ticket_, until_);
  }();
  if (ticket > 0) gpu_.queue().wait(ticket);
  if (until.handle == VK_NULL_HANDLE) return;
  VkSemaphoreWaitInfo info = {VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO};
  info.semaphoreCount = 1;
  info.pSemaphores = &until.handle;
  info.pValues = &until.value;
  gpu_.queue().check_alive(gpu_.vk().vkWaitSemaphores(gpu_.device(), &info, UINT64_MAX), "vkWaitSemaphores");
}

void Users::add(const std::shared_ptr<Usage>& user) {
  const std::lock_guard lock(mutex_);
  users_.push_back(user);
}

void Users::remove(const Usage* user) {
  const std::lock_guard lock(mutex_);
  std::erase_if(users_, [&](const auto& each) { return each.get() == user; });
}

std::shared_ptr<Usage> Users::next(const Usage* after) const {
  const std::lock_guard lock(mutex_);
  auto at = users_.begin();
  if (after != nullptr) {
    at = std::ranges::find(users_, after, &std::shared_ptr<Usage>::get);
    at = at == users_.end() ? users_.begin() : at + 1;  // it has gone: once more from the first
  }
  return at == users_.end() ? nullptr : *at;
}

bool Users::hosted() const {
  const std::lock_guard lock(mutex_);
  return std::ranges::any_of(users_, [](const auto& each) { return each->hosted(); });
}

}  // namespace fovea
