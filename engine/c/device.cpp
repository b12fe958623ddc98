#include "c/handles.h"

using namespace fovea;

namespace {

// The text of fovea_last_error: a C caller has no exception to ask.
std::string& last_error() {
  thread_local std::string text;
  return text;
}

DeviceOptions options_of(const char* call, const fovea_device_options* given) {
  const fovea_device_options from = fields_of(call, given);
  DeviceOptions to;
  if (from.name) to.name = from.name;
  for (size_t i = 0; i < from.disable_count; ++i) to.disable.emplace_back(from.disable[i]);
  to.validation = from.validation != 0;
  to.low_priority = from.low_priority != 0;
  to.ignore_environment = from.ignore_environment != 0;
  to.skip_selftest = from.skip_selftest != 0;
  to.memory_limit = from.memory_limit;
  to.memory_block = from.memory_block;
  if (from.cache) to.cache = from.cache;
  const auto* kernels = static_cast<const std::byte*>(from.cached_kernels);
  if (kernels) to.cached_kernels.assign(kernels, kernels + from.cached_kernels_bytes);
  if (from.log)
    to.log = [log = from.log, user = from.user](const std::string& line) { log(user, line.c_str()); };
  return to;
}

HostDevice host_of(const char* call, const fovea_host* given) {
  check_given(call, "host", given);
  const fovea_host from = fields_of(call, given);
  HostDevice to;
  to.instance = static_cast<VkInstance>(from.instance);
  to.physical = static_cast<VkPhysicalDevice>(from.physical_device);
  to.device = static_cast<VkDevice>(from.device);
  to.queue = static_cast<VkQueue>(from.queue);
  to.family = from.queue_family;
  to.features = from.features;
  to.get_instance_proc_addr =
      reinterpret_cast<void* (*)(VkInstance, const char*)>(from.get_instance_proc_addr);
  to.api_version = from.api_version;
  to.lock = from.lock;
  to.unlock = from.unlock;
  to.user = from.user;
  to.pipeline_cache = (VkPipelineCache)from.pipeline_cache;  // a pointer or a number, by the platform
  to.allocation = static_cast<const VkAllocationCallbacks*>(from.allocation);
  to.never_submit = from.never_submit != 0;
  return to;
}

}  // namespace

fovea_result fovea::note_failure(fovea_result result, const char* what) {
  try {
    last_error() = what;
  } catch (const std::bad_alloc&) {
    last_error().clear();
  }
  return result;
}

fovea_result fovea::result_of(ErrorCode code) {
  static_assert(int(ErrorCode::invalid) + 1 == FOVEA_INVALID &&
                int(ErrorCode::not_ready) + 1 == FOVEA_NOT_READY);
  return fovea_result(int(code) + 1);
}

const char* fovea_result_name(fovea_result result) {
  return result == FOVEA_OK ? "ok" : name(ErrorCode(int(result) - 1));
}
const char* fovea_last_error(void) { return last_error().c_str(); }
uint32_t fovea_version(void) { return FOVEA_VERSION; }

fovea_result fovea_device_create(const fovea_device_options* options, fovea_device** device) {
  return guarded([&] {
    check_given("fovea_device_create", "device", device);
    *device = new fovea_device{Device(options_of("fovea_device_create", options))};
  });
}

fovea_result fovea_device_adopt(const fovea_host* host, const fovea_device_options* options,
                                fovea_device** device) {
  return guarded([&] {
    check_given("fovea_device_adopt", "device", device);
    *device = new fovea_device{
        Device(host_of("fovea_device_adopt", host), options_of("fovea_device_adopt", options))};
  });
}

fovea_result fovea_enable_features(const fovea_host* host, void* chain) {
  return guarded([&] {
    const char* call = "fovea_enable_features";
    check_given(call, "chain", chain);
    const std::vector<std::string> homeless = enable_features(host_of(call, host), chain);
    const bool needed = !homeless.empty() && homeless.front() == "bufferDeviceAddress";
    FOVEA_CHECK_AS(unsupported, !needed, call, ": the chain has no structure for bufferDeviceAddress");
  });
}

void fovea_device_destroy(fovea_device* device) { delete device; }
const char* fovea_device_name(const fovea_device* device) { return device->device.info().name.c_str(); }

fovea_memory fovea_device_memory(const fovea_device* device) {
  const MemoryUse use = device->device.memory();
  return {use.held, use.used, use.largest};
}

fovea_result fovea_device_trim(fovea_device* device) {
  return guarded([&] { device->device.trim(); });
}

fovea_result fovea_device_poll(fovea_device* device, uint64_t ticket, double milliseconds) {
  return guarded([&] {
    FOVEA_CHECK_AS(not_ready, device->device.poll(ticket, milliseconds), "fovea_device_poll: ticket ", ticket,
                   " is on its way");
  });
}

fovea_result fovea_device_cached_kernels(fovea_device* device, void* buffer, size_t* bytes) {
  return guarded([&] {
    check_given("fovea_device_cached_kernels", "bytes", bytes);
    const std::vector<std::byte> content = device->device.cached_kernels();
    FOVEA_CHECK(buffer == nullptr || *bytes >= content.size(), "fovea_device_cached_kernels: a buffer of ",
                *bytes, " bytes for ", content.size());
    if (buffer) std::memcpy(buffer, content.data(), content.size());
    *bytes = content.size();
  });
}

const char* fovea_cache_folder(void) {
  thread_local std::string folder;
  folder = cache_folder();
  return folder.c_str();
}

fovea_result fovea_job_tick(fovea_job* job, double milliseconds) {
  bool done = false;
  const fovea_result result = guarded([&] { done = job->job().tick(milliseconds); });
  return result == FOVEA_OK && !done ? FOVEA_NOT_READY : result;
}

fovea_result fovea_job_record(fovea_job* job, void* commands, double milliseconds) {
  bool done = false;
  const fovea_result result = guarded([&] {
    check_given("fovea_job_record", "commands", commands);
    FOVEA_CHECK(job->plan, "fovea_job_record: only a picture's job can be recorded");
    done = job->plan->record(static_cast<VkCommandBuffer>(commands), milliseconds);
  });
  return result == FOVEA_OK && !done ? FOVEA_NOT_READY : result;
}

fovea_result fovea_job_restart(fovea_job* job) {
  return guarded([&] {
    FOVEA_CHECK(job->plan, "fovea_job_restart: only a picture's job can run again");
    job->plan->restart();
  });
}

double fovea_job_milliseconds(const fovea_job* job) { return job->plan ? job->plan->milliseconds() : 0; }
double fovea_job_progress(const fovea_job* job) { return job->job().progress(); }
void fovea_job_cancel(fovea_job* job) { job->job().cancel(); }
void fovea_job_destroy(fovea_job* job) { delete job; }
