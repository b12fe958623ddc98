#include "gpu/select.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "core/check.h"
#include "gpu/instance.h"

namespace fovea {
namespace {

int rank(const DeviceInfo& info) {
  constexpr std::array<const char*, 5> kOrder = {"discrete", "integrated", "virtual", "other", "cpu"};
  const auto found = std::find(kOrder.begin(), kOrder.end(), info.type);
  const int base = 3 * static_cast<int>(found - kOrder.begin());
  if (info.type != "cpu") return base;
  if (info.name.find("llvmpipe") != std::string::npos) return base;
  return base + (info.name.find("SwiftShader") != std::string::npos ? 2 : 1);
}

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

std::string listing(std::span<const DeviceInfo> infos) {
  if (infos.empty()) return "there is no Vulkan device";
  std::string text = "there is";
  for (const DeviceInfo& info : infos) {
    text += concat(&info == infos.data() ? " " : "; ", info.index, ": ", info.name);
    if (!info.unsuitable.empty()) text += " (unsuitable: " + info.unsuitable + ")";
  }
  return text;
}

// Positions of devices that a request may mean.
std::vector<const DeviceInfo*> candidates(std::span<const DeviceInfo> infos, const std::string& name) {
  std::vector<const DeviceInfo*> found;
  const bool digits =
      !name.empty() && name.size() < 10 &&
      std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
  if (digits) {
    for (const DeviceInfo& info : infos) {
      if (info.index == std::stoi(name)) return {&info};
    }
  }
  // Digits that are no index may still be part of a name ("4090").
  for (const DeviceInfo& info : infos) {
    if (lower(info.name).find(lower(name)) != std::string::npos) found.push_back(&info);
  }
  return found;
}

const Capability* find(const std::vector<Capability>& capabilities, const std::string& word) {
  const auto at =
      std::find_if(capabilities.begin(), capabilities.end(), [&](const auto& c) { return c.name == word; });
  return at == capabilities.end() ? nullptr : &*at;
}

}  // namespace

DeviceRequest device_request(const DeviceOptions& options) {
  if (!options.name.empty()) return {options.name, "DeviceOptions::name"};
  return {environment("FOVEA_DEVICE", options), "FOVEA_DEVICE"};
}

DeviceChoice choose_device(std::span<const DeviceInfo> infos, const DeviceRequest& request) {
  std::vector<const DeviceInfo*> found = candidates(infos, request.name);
  FOVEA_CHECK(request.name.empty() || !found.empty(), request.source, ": no device \"", request.name, "\"; ",
              listing(infos));
  std::erase_if(found, [](const DeviceInfo* info) { return !info->unsuitable.empty(); });
  FOVEA_CHECK_AS(unsupported, !found.empty(),
                 request.name.empty() ? "no usable Vulkan device" : request.source + ": unusable device",
                 request.name.empty() ? "" : " \"" + request.name + '"', "; ", listing(infos));
  const auto best = *std::min_element(found.begin(), found.end(),
                                      [](const auto* a, const auto* b) { return rank(*a) < rank(*b); });
  if (!request.name.empty()) {
    const char* ties = found.size() > 1 ? ", the best of those that match" : "";
    return {best->index,
            concat(best->name, ": asked for by ", request.source, " \"", request.name, '"', ties)};
  }
  if (found.size() == 1) return {best->index, concat(best->name, ": the only usable device")};
  return {best->index,
          concat(best->name, ": the best of ", found.size(), " usable devices (discrete, integrated, ",
                 "virtual, cpu; lavapipe before SwiftShader)")};
}

std::vector<std::string> words(const std::string& list) {
  std::vector<std::string> all;
  std::string word;
  for (const char c : list + ",") {
    if (c != ',') {
      word += c;
    } else if (!word.empty()) {
      all.push_back(std::exchange(word, {}));
    }
  }
  return all;
}

void disable_capabilities(std::vector<Capability>& capabilities, const std::vector<std::string>& names) {
  for (const std::string& each : names) {
    const Capability* capability = find(capabilities, each);
    std::string known;
    for (const Capability& c : capabilities) known += (known.empty() ? "" : ", ") + c.name;
    FOVEA_CHECK(capability != nullptr, "no capability \"", each, "\" to disable; known: ", known);
    capabilities[static_cast<size_t>(capability - capabilities.data())].disabled = true;
  }
}

KernelClass kernel_class(KernelClass natural, const std::string& demanded) {
  FOVEA_CHECK(demanded.empty() || demanded == "cpu" || demanded == "gpu",
              "FOVEA_KERNELS is cpu or gpu, got \"", demanded, '"');
  if (demanded.empty()) return natural;
  return demanded == "cpu" ? KernelClass::cpu : KernelClass::gpu;
}

const char* name(KernelClass kernels) { return kernels == KernelClass::cpu ? "cpu" : "gpu"; }

}  // namespace fovea
