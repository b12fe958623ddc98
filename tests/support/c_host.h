// A host's device as the C API takes it.
#pragma once

#include "fovea/fovea.h"
#include "support/host.h"

namespace fovea::test {

inline fovea_host c_host(const Host& host) {
  const HostDevice offer = host.offer();
  fovea_host made = FOVEA_HOST;
  made.instance = offer.instance;
  made.physical_device = offer.physical;
  made.device = offer.device;
  made.queue = offer.queue;
  made.queue_family = offer.family;
  made.api_version = VK_API_VERSION_1_3;
  made.features = offer.features;
  return made;
}

}  // namespace fovea::test
