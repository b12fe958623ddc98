// What a physical device is and can, whether Fovea can use it, and which one to take. The choice is a pure
// function.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "fovea/device.hpp"
#include "gpu/capabilities.h"
#include "gpu/table.h"

namespace fovea {

class Instance;

// A physical device as Fovea sees it. Capabilities: advertised is settled, tested is not yet.
struct Physical {
  VkPhysicalDevice handle = VK_NULL_HANDLE;
  DeviceInfo info;
  uint32_t family = UINT32_MAX;  // the first with compute and no graphics, else the first with compute
  uint32_t subgroup = 0;         // lanes of the hardware; Limits::subgroup is 1 where it is not to be used
  bool pins_subgroup = false;    // a compute pipeline may require its subgroup size, see "subgroup_size"
  std::vector<std::string> extensions;  // that it has
  double nanoseconds_per_tick = 0;
  uint32_t timestamp_bits = 0;
};

// A host's family, if that has compute. Else one with compute and no graphics, whose work runs beside
// rendering, else the first with compute. UINT32_MAX: none.
uint32_t choose_family(std::span<const VkQueueFamilyProperties> families, uint32_t wanted);

// family: of a host's queue; UINT32_MAX: choose one.
Physical describe(const InstanceTable& table, VkPhysicalDevice handle, int index,
                  uint32_t family = UINT32_MAX);
std::vector<Physical> describe_all(const Instance& instance);

struct DeviceRequest {
  std::string name;    // index or part of a name; empty: the best
  std::string source;  // who asks: "DeviceOptions::name", "FOVEA_DEVICE"
};
struct DeviceChoice {
  int index = -1;
  std::string why;  // one sentence
};

DeviceRequest device_request(const DeviceOptions& options);
// The request's, or the best: discrete before integrated before virtual before cpu, lavapipe before
// SwiftShader. An Error that lists the devices when none fits.
DeviceChoice choose_device(std::span<const DeviceInfo> infos, const DeviceRequest& request);

// Marks what these names switch off; an unknown one is an Error that lists the known.
void disable_capabilities(std::vector<Capability>& capabilities, const std::vector<std::string>& names);
std::vector<std::string> words(const std::string& list);                     // a,b
KernelClass kernel_class(KernelClass natural, const std::string& demanded);  // cpu, gpu, or empty: natural

}  // namespace fovea
