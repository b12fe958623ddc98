/* A host in C: it owns the Vulkan device, and Fovea classifies a picture on it in slices of its frames.
 *
 *   tools/with-driver lavapipe build/release/bin/host_c samples/models/vit
 *
 * prints what the model sees in a picture of four colours. */
#define VOLK_IMPLEMENTATION
#include <volk.h>

#include <fovea/fovea.h>
#include <stdio.h>
#include <stdlib.h>

/* What the host has: of a game it is the renderer's. The chain of features is kept, as Fovea reads it. */
typedef struct host {
  VkInstance instance;
  VkPhysicalDevice physical;
  VkDevice device;
  VkQueue queue;
  uint32_t family;
  VkPhysicalDeviceBufferDeviceAddressFeatures address;
  VkPhysicalDeviceFeatures2 features;
} host;

static void check(VkResult result, const char* call) {
  if (result == VK_SUCCESS) return;
  fprintf(stderr, "host_c: %s: VkResult %d\n", call, result);
  exit(1);
}

static void check_fovea(fovea_result result) {
  if (result == FOVEA_OK) return;
  fprintf(stderr, "host_c: %s: %s\n", fovea_result_name(result), fovea_last_error());
  exit(1);
}

static void make_device(host* h) {
  check(volkInitialize(), "volkInitialize");
  VkApplicationInfo application = {VK_STRUCTURE_TYPE_APPLICATION_INFO};
  application.apiVersion = VK_API_VERSION_1_3;
  VkInstanceCreateInfo instance = {VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO};
  instance.pApplicationInfo = &application;
  check(vkCreateInstance(&instance, NULL, &h->instance), "vkCreateInstance");
  volkLoadInstance(h->instance);

  uint32_t count = 1;
  vkEnumeratePhysicalDevices(h->instance, &count, &h->physical);
  VkQueueFamilyProperties families[16];
  count = 16;
  vkGetPhysicalDeviceQueueFamilyProperties(h->physical, &count, families);
  for (h->family = 0; h->family < count; ++h->family)
    if (families[h->family].queueFlags & VK_QUEUE_COMPUTE_BIT) break;

  /* All that Fovea needs. */
  h->address.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_BUFFER_DEVICE_ADDRESS_FEATURES;
  h->address.bufferDeviceAddress = VK_TRUE;
  h->features.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2;
  h->features.pNext = &h->address;
  const float priority = 1;
  VkDeviceQueueCreateInfo queue = {VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO};
  queue.queueFamilyIndex = h->family;
  queue.queueCount = 1;
  queue.pQueuePriorities = &priority;
  VkDeviceCreateInfo device = {VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO, &h->features};
  device.queueCreateInfoCount = 1;
  device.pQueueCreateInfos = &queue;
  check(vkCreateDevice(h->physical, &device, NULL, &h->device), "vkCreateDevice");
  volkLoadDevice(h->device);
  vkGetDeviceQueue(h->device, h->family, 0, &h->queue);
}

/* Red, green, blue and grey quarters. */
static void draw(uint8_t* rgb, uint32_t side) {
  static const uint8_t colours[4][3] = {{200, 40, 30}, {40, 160, 60}, {30, 60, 190}, {128, 128, 128}};
  for (uint32_t y = 0; y < side; ++y)
    for (uint32_t x = 0; x < side; ++x)
      for (int c = 0; c < 3; ++c)
        rgb[3 * (y * side + x) + c] = colours[2 * (y >= side / 2) + (x >= side / 2)][c];
}

int main(int argc, char** argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: host_c MODEL    the directory of a Vision Transformer\n");
    return 2;
  }
  host h = {0};
  make_device(&h);

  fovea_host lent = FOVEA_HOST;
  lent.instance = h.instance;
  lent.physical_device = h.physical;
  lent.device = h.device;
  lent.queue = h.queue;
  lent.queue_family = h.family;
  lent.api_version = VK_API_VERSION_1_3;
  lent.features = &h.features;
  fovea_device* device = NULL;
  fovea_vit* vit = NULL;
  check_fovea(fovea_device_adopt(&lent, NULL, &device));
  check_fovea(fovea_vit_load(device, argv[1], NULL, &vit));
  check_fovea(fovea_vit_prepare(vit, 0)); /* in a game: while a level loads */

  enum { kSide = 96 };
  static uint8_t rgb[3 * kSide * kSide];
  draw(rgb, kSide);
  const fovea_picture picture = {rgb, kSide, kSide};
  fovea_job* job = NULL;
  check_fovea(fovea_vit_start(vit, &picture, 0, &job));
  fovea_result state = FOVEA_NOT_READY;
  while (state == FOVEA_NOT_READY) state = fovea_job_tick(job, 2.0); /* once a frame, for 2 ms of it */
  check_fovea(state);

  const fovea_vit_info info = fovea_vit_describe(vit);
  float* probabilities = malloc(info.labels * sizeof(float));
  check_fovea(fovea_vit_probabilities(job, probabilities, info.labels));
  uint32_t best = 0;
  for (uint32_t label = 1; label < info.labels; ++label)
    if (probabilities[label] > probabilities[best]) best = label;
  printf("%s, probability %.4f, on %s\n", fovea_vit_label(vit, best), (double)probabilities[best],
         fovea_device_name(device));

  free(probabilities);
  fovea_job_destroy(job);
  fovea_vit_destroy(vit);
  fovea_device_destroy(device); /* before the host's own */
  vkDestroyDevice(h.device, NULL);
  vkDestroyInstance(h.instance, NULL);
  return 0;
}
