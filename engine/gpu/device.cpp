#include "fovea/device.hpp"

#include <algorithm>

#include "gpu/gpu.h"

namespace fovea {

Device::Device(const DeviceOptions& options) : gpu_(std::make_unique<Gpu>(options)) {}
Device::Device(const HostDevice& host, const DeviceOptions& options)
    : gpu_(std::make_unique<Gpu>(host, options)) {}
Device::~Device() = default;
Device::Device(Device&&) noexcept = default;
Device& Device::operator=(Device&&) noexcept = default;

const DeviceInfo& Device::info() const { return gpu_->info(); }
const std::string& Device::why() const { return gpu_->why(); }
const std::vector<std::string>& Device::layers() const { return gpu_->layers(); }
MemoryUse Device::memory() const { return gpu_->memory().use(); }
void Device::trim() { gpu_->memory().trim(); }
std::vector<std::byte> Device::cached_kernels() const { return gpu_->kernels().cache().content(); }
bool Device::poll(Ticket ticket, double milliseconds) const {
  const double nanoseconds = std::clamp(milliseconds * 1e6, 0.0, 1e18);
  return gpu_->wait(ticket, uint64_t(nanoseconds));
}
std::vector<std::string> Device::validation_messages() const { return gpu_->validation_messages(); }

std::vector<DeviceInfo> Device::list() {
  const Instance instance(validation_demanded({}));
  std::vector<DeviceInfo> infos;
  for (Physical& each : describe_all(instance)) infos.push_back(std::move(each.info));
  return infos;
}

}  // namespace fovea
