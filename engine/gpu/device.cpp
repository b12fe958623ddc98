#include "fovea/device.hpp"

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
uint64_t Device::allocated_bytes() const { return gpu_->memory().allocated_bytes(); }
std::vector<std::string> Device::validation_messages() const { return gpu_->validation_messages(); }

std::vector<DeviceInfo> Device::list() {
  const Instance instance(validation_demanded({}));
  std::vector<DeviceInfo> infos;
  for (Physical& each : describe_all(instance)) infos.push_back(std::move(each.info));
  return infos;
}

}  // namespace fovea
