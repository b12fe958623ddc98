// The C API (C99): devices, and the work of models in slices of a frame; fovea_vit.h and fovea_translator.h,
// which this header includes, have the models. No vulkan.h.
//
// Functions return a fovea_result; what went wrong in words says fovea_last_error(). Handles are destroyed by
// the caller, what was made from a device before the device. Structs of options begin with their size, set by
// the FOVEA_.. initialiser; their fields that are 0 or null mean the default. A device may be used by any
// thread at a time; a model, a job and a plan by one.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "fovea/version.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum fovea_result {
  FOVEA_OK = 0,
  FOVEA_INVALID,        // the call breaks a rule
  FOVEA_OUT_OF_MEMORY,  // of the device, the host, or memory_limit
  FOVEA_DEVICE_LOST,    // for good: make another device
  FOVEA_BAD_FILE,       // a file is missing, malformed or of another kind
  FOVEA_UNSUPPORTED,    // the device, the driver or this build of the library cannot
  FOVEA_CANCELLED,
  FOVEA_NOT_READY  // not done yet; or a host has not said that its work is done
} fovea_result;

FOVEA_API const char* fovea_result_name(fovea_result result);  // "out_of_memory"
FOVEA_API const char* fovea_last_error(
    void);                               // of this thread's last call that failed; valid until its next call
FOVEA_API uint32_t fovea_version(void);  // of the library, as FOVEA_VERSION

// ---- devices ----
typedef struct fovea_device fovea_device;

typedef struct fovea_device_options {
  size_t size;
  const char* name;            // index or part of the name; null: FOVEA_DEVICE, else the best
  const char* const* disable;  // capabilities not to use
  size_t disable_count;
  int validation, low_priority, ignore_environment, skip_selftest;
  uint64_t memory_limit, memory_block;  // bytes
  const char* cache;                    // folder for compiled kernels; null: none
  const void* cached_kernels;           // the same from memory
  size_t cached_kernels_bytes;
  void (*log)(void* user, const char* line);  // from any thread; null: stderr
  void* user;
} fovea_device_options;
#define FOVEA_DEVICE_OPTIONS {sizeof(fovea_device_options)}

// A device that the host made, see fovea/host.hpp; handles are Vulkan's own.
typedef struct fovea_host {
  size_t size;
  void *instance, *physical_device, *device, *queue;
  uint32_t queue_family;
  uint32_t api_version;  // VkApplicationInfo::apiVersion of the instance
  const void* features;  // the VkPhysicalDeviceFeatures2 chain given to vkCreateDevice
  void* (*get_instance_proc_addr)(void* instance, const char* name);  // null: the system's Vulkan loader
  void (*lock)(void* user);  // around every submission; null: the queue is Fovea's alone
  void (*unlock)(void* user);
  void* user;
  uint64_t pipeline_cache;  // VkPipelineCache; 0: Fovea's own
  const void* allocation;   // VkAllocationCallbacks, kept by the host
  int never_submit;         // all work is recorded into the host's command buffers
} fovea_host;
#define FOVEA_HOST {sizeof(fovea_host)}

typedef struct fovea_memory {
  uint64_t held, used, largest;  // bytes taken from the driver, in use by models, and ever held at once
} fovea_memory;

// Switches on what Fovea uses of the physical device in a VkPhysicalDeviceFeatures2 chain, from which the
// host then makes its device: of `host`, device and queue may be missing yet. FOVEA_UNSUPPORTED: the chain
// has no structure for bufferDeviceAddress; what else it has none for only makes Fovea faster.
FOVEA_API fovea_result fovea_enable_features(const fovea_host* host, void* chain);
// options may be null everywhere.
FOVEA_API fovea_result fovea_device_create(const fovea_device_options* options, fovea_device** device);
FOVEA_API fovea_result fovea_device_adopt(const fovea_host* host, const fovea_device_options* options,
                                          fovea_device** device);
FOVEA_API void fovea_device_destroy(fovea_device* device);  // null is allowed, as in all destroy functions
FOVEA_API const char* fovea_device_name(const fovea_device* device);
FOVEA_API fovea_memory fovea_device_memory(const fovea_device* device);
FOVEA_API fovea_result fovea_device_trim(fovea_device* device);
// FOVEA_NOT_READY: the submission of this ticket is not done after so many milliseconds.
FOVEA_API fovea_result fovea_device_poll(fovea_device* device, uint64_t ticket, double milliseconds);
// Compiled kernels for cached_kernels: with a null buffer their bytes, else at most *bytes of them are
// written.
FOVEA_API fovea_result fovea_device_cached_kernels(fovea_device* device, void* buffer, size_t* bytes);
// The user's folder for compiled kernels, "" where there is none.
FOVEA_API const char* fovea_cache_folder(void);

// ---- how models are loaded ----
typedef struct fovea_load_options {
  size_t size;
  // Files of the host's own, such as those in a pack, in place of a directory, which then is what messages
  // say and may be null. 1: *bytes are the file of this name, until the model is made; 0: there is none.
  int (*read)(void* user, const char* name, const void** bytes, size_t* count);
  // Hears from the thread that loads what is done, 0 to 1; 0 from it stops: FOVEA_CANCELLED, nothing stays.
  int (*progress)(void* user, double done);
  void* user;
} fovea_load_options;
#define FOVEA_LOAD_OPTIONS {sizeof(fovea_load_options)}

// ---- jobs: work in slices ----
typedef struct fovea_job fovea_job;  // of one model, and gone before it

// Submits the next steps that take about this long, if those before are done. FOVEA_OK: all is done;
// FOVEA_NOT_READY: there is more. Never waits.
FOVEA_API fovea_result fovea_job_tick(fovea_job* job, double milliseconds);
// The same into a VkCommandBuffer of the host, outside a render pass, for a job of fovea_vit_picture_start:
// FOVEA_OK with the last slice, FOVEA_NOT_READY with those before. The host submits them in order, and says
// fovea_plan_in_use_until.
FOVEA_API fovea_result fovea_job_record(fovea_job* job, void* commands, double milliseconds);
FOVEA_API double fovea_job_progress(const fovea_job* job);  // 0 to 1
// Its results are FOVEA_CANCELLED; a picture has none until its next run.
FOVEA_API void fovea_job_cancel(fovea_job* job);
// Of a picture's job alone: its next run, when this one is done; and the time of a run on the device, as
// measured, 0 where some step never was.
FOVEA_API fovea_result fovea_job_restart(fovea_job* job);
FOVEA_API double fovea_job_milliseconds(const fovea_job* job);
FOVEA_API void fovea_job_destroy(fovea_job* job);

// ---- plans: recorded work ----
typedef struct fovea_plan fovea_plan;  // of a picture, and gone with it

typedef struct fovea_semaphore {
  uint64_t handle;  // VkSemaphore
  uint64_t value;   // of a timeline; 0: a binary one
} fovea_semaphore;

typedef struct fovea_submit_options {
  size_t size;
  const fovea_semaphore *wait, *signal;  // before the work, and behind it
  size_t wait_count, signal_count;
  uint32_t times;  // in a row, at most 16; 0: once
} fovea_submit_options;
#define FOVEA_SUBMIT_OPTIONS {sizeof(fovea_submit_options)}

// ticket: for fovea_device_poll; may be null.
FOVEA_API fovea_result fovea_plan_submit(fovea_plan* plan, const fovea_submit_options* options,
                                         uint64_t* ticket);
FOVEA_API fovea_result fovea_plan_wait(fovea_plan* plan);  // for the last submission
FOVEA_API uint32_t fovea_plan_steps(const fovea_plan* plan);
// Steps [first, first + count) into a VkCommandBuffer of the host, outside a render pass; each once and in
// order.
FOVEA_API fovea_result fovea_plan_record(fovea_plan* plan, void* commands, uint32_t first, uint32_t count);
// Until when what was recorded last is in use: a VkSemaphore, a timeline. Without it, or fovea_plan_finished,
// copies to and from the plan go through the queue.
FOVEA_API fovea_result fovea_plan_in_use_until(fovea_plan* plan, uint64_t timeline, uint64_t value);
FOVEA_API fovea_result fovea_plan_finished(fovea_plan* plan);

#ifdef __cplusplus
}
#endif

#include "fovea/fovea_translator.h"
#include "fovea/fovea_vit.h"
