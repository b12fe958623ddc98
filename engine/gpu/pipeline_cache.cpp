#include "gpu/pipeline_cache.h"

#include <algorithm>
#include <cstring>

#include "core/check.h"
#include "fovea/version.h"
#include "gpu/gpu.h"
#include "gpu/instance.h"
#include "io/crc32.h"
#include "io/file.h"

namespace fovea {
namespace {

std::string hex(std::span<const uint8_t> bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const uint8_t byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

bool empty(std::span<const uint8_t> uuid) {
  return std::all_of(uuid.begin(), uuid.end(), [](uint8_t byte) { return byte == 0; });
}

CacheHeader header_of(const Gpu& gpu) {
  VkPhysicalDeviceIDProperties ids = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ID_PROPERTIES};
  VkPhysicalDeviceProperties2 all = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, &ids};
  gpu.instance_table().get_properties2(gpu.physical().handle, &all);
  CacheHeader header;
  header.version = VK_MAKE_API_VERSION(0, FOVEA_VERSION_MAJOR, FOVEA_VERSION_MINOR, FOVEA_VERSION_PATCH);
  header.vendor = all.properties.vendorID;
  header.device = all.properties.deviceID;
  header.driver = all.properties.driverVersion;
  std::memcpy(header.device_uuid, ids.deviceUUID, VK_UUID_SIZE);
  std::memcpy(header.driver_uuid, ids.driverUUID, VK_UUID_SIZE);
  std::memcpy(header.cache_uuid, all.properties.pipelineCacheUUID, VK_UUID_SIZE);
  return header;
}

std::span<const std::byte> data_of(std::span<const std::byte> content) {
  return content.subspan(sizeof(CacheHeader));
}

}  // namespace

std::string cache_fault(std::span<const std::byte> content, const CacheHeader& wanted) {
  CacheHeader found;
  if (content.size() < sizeof found) return concat(content.size(), " bytes, too short");
  std::memcpy(&found, content.data(), sizeof found);
  if (std::memcmp(found.magic, wanted.magic, sizeof found.magic) != 0)
    return "not a file of compiled kernels";
  if (found.version != wanted.version)
    return concat("of Fovea ", version_text(found.version), ", this is ", version_text(wanted.version));
  const bool same = found.vendor == wanted.vendor && found.device == wanted.device &&
                    found.driver == wanted.driver &&
                    std::memcmp(found.device_uuid, wanted.device_uuid, 3 * VK_UUID_SIZE) == 0;
  if (!same) return "of another device or driver";
  const std::span<const std::byte> data = data_of(content);
  if (data.size() != found.bytes) return concat(data.size(), " bytes of data, the header says ", found.bytes);
  if (crc32(data) != found.crc) return "its checksum is wrong";
  return {};
}

PipelineCache::PipelineCache(Gpu& gpu, const DeviceOptions& options, VkPipelineCache hosts)
    : gpu_(gpu), folder_(options.cache), handle_(hosts) {
  if (hosts != VK_NULL_HANDLE) return;
  std::vector<std::byte> content = options.cached_kernels;
  std::string source = "DeviceOptions::cached_kernels";
  std::error_code error;
  if (content.empty() && std::filesystem::exists(file(), error)) {
    source = file().string();
    try {
      const File from(file());
      content.assign(from.bytes().begin(), from.bytes().end());
    } catch (const Error& failure) {
      gpu.note(failure.what());
    }
  }
  if (!content.empty()) {
    if (const std::string fault = cache_fault(content, header_of(gpu)); !fault.empty()) {
      gpu.note(concat(source, ": ", fault, "; kernels are compiled anew"));
    } else {
      read_ = std::move(content);
    }
  }
  VkPipelineCacheCreateInfo info = {VK_STRUCTURE_TYPE_PIPELINE_CACHE_CREATE_INFO};
  if (!read_.empty()) {
    info.initialDataSize = data_of(read_).size();
    info.pInitialData = data_of(read_).data();
  }
  check_vk(gpu.vk().vkCreatePipelineCache(gpu.device(), &info, gpu.allocation(), &handle_),
           "vkCreatePipelineCache");
  owned_ = true;
}

PipelineCache::~PipelineCache() {
  if (owned_) gpu_.vk().vkDestroyPipelineCache(gpu_.device(), handle_, gpu_.allocation());
}

std::filesystem::path PipelineCache::file() const {
  if (folder_.empty()) return {};
  const CacheHeader header = header_of(gpu_);
  const std::string name = empty(header.driver_uuid) ? hex(header.cache_uuid) : hex(header.driver_uuid);
  return std::filesystem::path(folder_) / (hex(header.device_uuid) + "-" + name + ".kernels");
}

std::vector<std::byte> PipelineCache::content() const {
  if (!owned_) return {};
  size_t bytes = 0;
  check_vk(gpu_.vk().vkGetPipelineCacheData(gpu_.device(), handle_, &bytes, nullptr),
           "vkGetPipelineCacheData");
  std::vector<std::byte> content(sizeof(CacheHeader) + bytes);
  const VkResult result =
      gpu_.vk().vkGetPipelineCacheData(gpu_.device(), handle_, &bytes, content.data() + sizeof(CacheHeader));
  if (result != VK_INCOMPLETE) check_vk(result, "vkGetPipelineCacheData");  // another thread may add to it
  content.resize(sizeof(CacheHeader) + bytes);
  CacheHeader header = header_of(gpu_);
  header.bytes = uint32_t(bytes);
  header.crc = crc32(data_of(content));
  std::memcpy(content.data(), &header, sizeof header);
  return content;
}

void PipelineCache::save() const {
  if (folder_.empty() || !owned_) return;
  try {
    const std::vector<std::byte> now = content();
    if (now == read_) return;
    std::filesystem::create_directories(folder_);
    write_file_atomically(file(), now);
  } catch (const std::exception& failure) {
    gpu_.note(concat("compiled kernels were not saved: ", failure.what()));
  }
}

std::string cache_folder() {
  const std::string wanted = environment("FOVEA_CACHE");
  if (wanted == "0") return {};
#if defined(_WIN32)
  const std::filesystem::path base = environment("LOCALAPPDATA");
#elif defined(__APPLE__)
  const std::string home = environment("HOME");
  const std::filesystem::path base = home.empty() ? "" : home + "/Library/Caches";
#else
  const std::string home = environment("HOME"), cache = environment("XDG_CACHE_HOME");
  const std::filesystem::path base = !cache.empty() ? cache : home.empty() ? "" : home + "/.cache";
#endif
  return base.empty() ? "" : (base / "fovea").string();
}

}  // namespace fovea
