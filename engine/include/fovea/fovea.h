// The C API (C99): devices, Vision Transformers, translators, and their work in slices of a frame. No
// vulkan.h.
//
// Functions return a fovea_result; what went wrong in words says fovea_last_error(). Handles are destroyed by
// the caller, what was made from a device before the device. Structs begin with their size, set by the
// FOVEA_.. initialiser; fields that are 0 or null mean the default. A device may be used by any thread at a
// time; a model, a job and a plan by one.
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
FOVEA_API double fovea_job_progress(const fovea_job* job);  // 0 to 1
FOVEA_API void fovea_job_cancel(fovea_job* job);            // its results are FOVEA_CANCELLED
FOVEA_API void fovea_job_destroy(fovea_job* job);

// ---- Vision Transformers ----
typedef struct fovea_vit fovea_vit;

// 8-bit RGB, rows from the top without gaps.
typedef struct fovea_picture {
  const uint8_t* rgb;
  uint32_t width, height;
} fovea_picture;

typedef struct fovea_vit_info {
  uint32_t width, height, labels, layers, heads;  // labels: 0 without a classifier
  uint32_t patch_rows, patch_columns, prefix;     // tokens: prefix (class token..), then patches row by row
} fovea_vit_info;

FOVEA_API fovea_result fovea_vit_load(fovea_device* device, const char* directory,
                                      const fovea_load_options* options, fovea_vit** vit);
FOVEA_API void fovea_vit_destroy(fovea_vit* vit);
FOVEA_API void fovea_vit_trim(fovea_vit* vit);  // gives back what is kept for later pictures
FOVEA_API fovea_vit_info fovea_vit_describe(const fovea_vit* vit);
FOVEA_API const char* fovea_vit_label(const fovea_vit* vit, uint32_t label);  // null: there is no such label
// Compiles what classifying one picture needs, with attention or without, and runs it once.
FOVEA_API fovea_result fovea_vit_prepare(fovea_vit* vit, int attention);
// Starts to classify a picture of any size; the job's result is read below.
FOVEA_API fovea_result fovea_vit_start(fovea_vit* vit, const fovea_picture* picture, int attention,
                                       fovea_job** job);
// The same in one go: probabilities of all labels, `count` as info.labels.
FOVEA_API fovea_result fovea_vit_classify(fovea_vit* vit, const fovea_picture* picture, float* probabilities,
                                          size_t count);
FOVEA_API fovea_result fovea_vit_probabilities(fovea_job* job, float* probabilities, size_t count);
// Of a job with attention: (tokens, tokens) weights of one layer and head, counted from 0; head -1: their
// mean.
FOVEA_API fovea_result fovea_vit_attention(fovea_job* job, uint32_t layer, int32_t head, float* weights,
                                           size_t count);

// ---- translators ----
typedef struct fovea_translator fovea_translator;

FOVEA_API fovea_result fovea_translator_load(fovea_device* device, const char* directory,
                                             const fovea_load_options* options,
                                             fovea_translator** translator);
FOVEA_API void fovea_translator_destroy(fovea_translator* translator);
FOVEA_API void fovea_translator_trim(
    fovea_translator* translator);  // gives back what is kept for later lines
// Compiles what `lines` lines of up to `tokens` tokens need, and runs it once.
FOVEA_API fovea_result fovea_translator_prepare(fovea_translator* translator, uint32_t tokens,
                                                uint32_t lines);

typedef struct fovea_translate_options {
  size_t size;
  uint32_t beams, max_length;  // 0: the model's own
  int attention;               // also fovea_translation_attention
} fovea_translate_options;
#define FOVEA_TRANSLATE_OPTIONS {sizeof(fovea_translate_options)}

FOVEA_API fovea_result fovea_translator_start(fovea_translator* translator, const char* const* lines,
                                              size_t line_count, const fovea_translate_options* options,
                                              fovea_job** job);  // lines: UTF-8
// The text of a line once the job is done, UTF-8; valid as long as the job.
FOVEA_API fovea_result fovea_translation_text(fovea_job* job, size_t line, const char** text);
// What each target token looked at: weights (*tokens, *keys) row by row; valid as long as the job.
FOVEA_API fovea_result fovea_translation_attention(fovea_job* job, size_t line, const float** weights,
                                                   size_t* tokens, size_t* keys);
FOVEA_API fovea_result fovea_translation_token(fovea_job* job, size_t line, size_t token, const char** text);
FOVEA_API fovea_result fovea_translation_key(fovea_job* job, size_t line, size_t key, const char** text);

#ifdef __cplusplus
}
#endif
