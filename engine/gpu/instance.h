// Instance: a VkInstance, Fovea's own or a host's, with its functions, its layers and what validation said.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "fovea/device.hpp"
#include "gpu/table.h"

namespace fovea {

class Instance {
 public:
  explicit Instance(bool validation);  // made by the system's loader, which is opened at run time
  explicit Instance(
      const HostDevice& host);  // a host's: never destroyed, its layers and messages are not ours to see
  ~Instance();
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  VkInstance handle() const { return handle_; }
  const InstanceTable& table() const { return table_; }
  std::vector<VkPhysicalDevice> physical_devices() const;
  const std::vector<std::string>& layers() const;  // active ones, implicit ones too where the loader tells
  std::vector<std::string> messages() const;       // warnings and errors of the validation layer; thread safe

 private:
  struct Log;

  std::unique_ptr<Log> log_;  // outlives the instance: destroying that may still say something
  bool owned_ = false;
  VkInstance handle_ = VK_NULL_HANDLE;
  InstanceTable table_;
  VkDebugUtilsMessengerEXT messenger_ = VK_NULL_HANDLE;
};

std::string environment(const char* name);                                // empty when it is not set
std::string environment(const char* name, const DeviceOptions& options);  // or when it is to be ignored
bool validation_demanded(const DeviceOptions& options);  // by the option or by FOVEA_VALIDATION=1

}  // namespace fovea
