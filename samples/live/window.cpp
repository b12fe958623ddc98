#include "window.h"

#include <algorithm>
#include <stdexcept>

#include "images.h"

namespace {

constexpr Access kDrawn{VK_IMAGE_LAYOUT_PRESENT_SRC_KHR, VK_PIPELINE_STAGE_COLOR_ATTACHMENT_OUTPUT_BIT,
                        VK_ACCESS_COLOR_ATTACHMENT_WRITE_BIT};
constexpr Access kPresented{VK_IMAGE_LAYOUT_PRESENT_SRC_KHR, VK_PIPELINE_STAGE_BOTTOM_OF_PIPE_BIT, 0};

// What is drawn is encoded as sRGB, and is not to be encoded again.
VkSurfaceFormatKHR choose_format(VkPhysicalDevice physical, VkSurfaceKHR surface) {
  uint32_t count = 0;
  check(vkGetPhysicalDeviceSurfaceFormatsKHR(physical, surface, &count, nullptr),
        "vkGetPhysicalDeviceSurfaceFormatsKHR");
  std::vector<VkSurfaceFormatKHR> formats(count);
  check(vkGetPhysicalDeviceSurfaceFormatsKHR(physical, surface, &count, formats.data()),
        "vkGetPhysicalDeviceSurfaceFormatsKHR");
  for (const VkFormat wanted : {VK_FORMAT_B8G8R8A8_UNORM, VK_FORMAT_R8G8B8A8_UNORM})
    for (const VkSurfaceFormatKHR& each : formats)
      if (each.format == wanted) return each;
  throw std::runtime_error("the window takes no format of 8 bits a colour");
}

}  // namespace

Glfw::Glfw() {
  glfwSetErrorCallback([](int, const char* text) { std::fprintf(stderr, "live: GLFW: %s\n", text); });
  if (!glfwInit()) throw std::runtime_error("GLFW finds no display");
  if (!glfwVulkanSupported()) throw std::runtime_error("GLFW finds no Vulkan loader");
}

Glfw::~Glfw() { glfwTerminate(); }

std::vector<const char*> Glfw::instance_extensions() const {
  uint32_t count = 0;
  const char** names = glfwGetRequiredInstanceExtensions(&count);
  if (!names) throw std::runtime_error("no Vulkan driver draws to this display");
  return {names, names + count};
}

Window::Window(Host& host, int width, int height, const std::string& title) : host_(host) {
  glfwWindowHint(GLFW_CLIENT_API, GLFW_NO_API);
  glfwWindowHint(GLFW_SCALE_TO_MONITOR, GLFW_TRUE);
  window_ = glfwCreateWindow(width, height, title.c_str(), nullptr, nullptr);
  if (!window_) throw std::runtime_error("GLFW makes no window");
  check(glfwCreateWindowSurface(host.instance, window_, nullptr, &surface_), "glfwCreateWindowSurface");
  VkBool32 presents = VK_FALSE;
  check(vkGetPhysicalDeviceSurfaceSupportKHR(host.physical, host.family, surface_, &presents),
        "vkGetPhysicalDeviceSurfaceSupportKHR");
  if (!presents)
    throw std::runtime_error(std::string(host.properties.deviceName) + " does not draw to this display");
  format_ = choose_format(host.physical, surface_);
  make_frames();
  make_pass();
  make_swapchain();
}

Window::~Window() {
  vkDeviceWaitIdle(host_.device);
  destroy_swapchain();
  for (const Frame& each : frames_) {
    vkDestroySemaphore(host_.device, each.acquired, nullptr);
    if (each.stamps) vkDestroyQueryPool(host_.device, each.stamps, nullptr);
  }
  vkDestroySemaphore(host_.device, timeline_, nullptr);
  vkDestroyCommandPool(host_.device, pool_, nullptr);
  vkDestroyRenderPass(host_.device, pass_, nullptr);
  vkDestroySurfaceKHR(host_.instance, surface_, nullptr);
  glfwDestroyWindow(window_);
}

void Window::make_frames() {
  const VkCommandPoolCreateInfo pools{VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO, nullptr,
                                      VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT, host_.family};
  check(vkCreateCommandPool(host_.device, &pools, nullptr, &pool_), "vkCreateCommandPool");
  VkSemaphoreTypeCreateInfo counts{VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO};
  counts.semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE;
  VkSemaphoreCreateInfo semaphores{VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO, &counts};
  check(vkCreateSemaphore(host_.device, &semaphores, nullptr, &timeline_), "vkCreateSemaphore");
  semaphores.pNext = nullptr;

  uint32_t count = 0;
  vkGetPhysicalDeviceQueueFamilyProperties(host_.physical, &count, nullptr);
  std::vector<VkQueueFamilyProperties> families(count);
  vkGetPhysicalDeviceQueueFamilyProperties(host_.physical, &count, families.data());
  const uint32_t bits = families[host_.family].timestampValidBits;
  if (bits > 0) stamp_mask_ = UINT64_MAX >> (64 - bits);
  VkQueryPoolCreateInfo stamps{VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO};
  stamps.queryType = VK_QUERY_TYPE_TIMESTAMP;
  stamps.queryCount = kStamps;
  VkCommandBufferAllocateInfo commands{VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO};
  commands.commandPool = pool_;
  commands.commandBufferCount = 1;
  for (Frame& each : frames_) {
    check(vkAllocateCommandBuffers(host_.device, &commands, &each.commands), "vkAllocateCommandBuffers");
    check(vkCreateSemaphore(host_.device, &semaphores, nullptr, &each.acquired), "vkCreateSemaphore");
    if (stamp_mask_)
      check(vkCreateQueryPool(host_.device, &stamps, nullptr, &each.stamps), "vkCreateQueryPool");
  }
}

void Window::make_pass() {
  VkAttachmentDescription colour{};
  colour.format = format_.format;
  colour.samples = VK_SAMPLE_COUNT_1_BIT;
  colour.loadOp = VK_ATTACHMENT_LOAD_OP_CLEAR;
  colour.storeOp = VK_ATTACHMENT_STORE_OP_STORE;
  colour.stencilLoadOp = VK_ATTACHMENT_LOAD_OP_DONT_CARE;
  colour.stencilStoreOp = VK_ATTACHMENT_STORE_OP_DONT_CARE;
  colour.finalLayout = VK_IMAGE_LAYOUT_PRESENT_SRC_KHR;
  const VkAttachmentReference reference{0, VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL};
  VkSubpassDescription subpass{};
  subpass.colorAttachmentCount = 1;
  subpass.pColorAttachments = &reference;
  VkSubpassDependency acquired{};  // the image is drawn to once it has been acquired
  acquired.srcSubpass = VK_SUBPASS_EXTERNAL;
  acquired.srcStageMask = acquired.dstStageMask = VK_PIPELINE_STAGE_COLOR_ATTACHMENT_OUTPUT_BIT;
  acquired.dstAccessMask = VK_ACCESS_COLOR_ATTACHMENT_WRITE_BIT;
  VkRenderPassCreateInfo info{VK_STRUCTURE_TYPE_RENDER_PASS_CREATE_INFO};
  info.attachmentCount = 1;
  info.pAttachments = &colour;
  info.subpassCount = 1;
  info.pSubpasses = &subpass;
  info.dependencyCount = 1;
  info.pDependencies = &acquired;
  check(vkCreateRenderPass(host_.device, &info, nullptr, &pass_), "vkCreateRenderPass");
}

void Window::make_swapchain() {
  VkSurfaceCapabilitiesKHR takes;
  check(vkGetPhysicalDeviceSurfaceCapabilitiesKHR(host_.physical, surface_, &takes),
        "vkGetPhysicalDeviceSurfaceCapabilitiesKHR");
  int width = 0, height = 0;
  glfwGetFramebufferSize(window_, &width, &height);
  size_ = takes.currentExtent;
  if (size_.width == UINT32_MAX)
    size_ = {std::clamp(uint32_t(width), takes.minImageExtent.width, takes.maxImageExtent.width),
             std::clamp(uint32_t(height), takes.minImageExtent.height, takes.maxImageExtent.height)};
  VkSwapchainCreateInfoKHR info{VK_STRUCTURE_TYPE_SWAPCHAIN_CREATE_INFO_KHR};
  info.surface = surface_;
  info.minImageCount = std::max(takes.minImageCount + 1, 3u);
  if (takes.maxImageCount > 0) info.minImageCount = std::min(info.minImageCount, takes.maxImageCount);
  info.imageFormat = format_.format;
  info.imageColorSpace = format_.colorSpace;
  info.imageExtent = size_;
  info.imageArrayLayers = 1;
  readable_ = (takes.supportedUsageFlags & VK_IMAGE_USAGE_TRANSFER_SRC_BIT) != 0;
  info.imageUsage = VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT | (readable_ ? VK_IMAGE_USAGE_TRANSFER_SRC_BIT : 0);
  info.preTransform = takes.currentTransform;
  info.compositeAlpha = VK_COMPOSITE_ALPHA_OPAQUE_BIT_KHR;
  info.presentMode = VK_PRESENT_MODE_FIFO_KHR;
  info.clipped = VK_TRUE;
  check(vkCreateSwapchainKHR(host_.device, &info, nullptr, &swapchain_), "vkCreateSwapchainKHR");

  uint32_t count = 0;
  check(vkGetSwapchainImagesKHR(host_.device, swapchain_, &count, nullptr), "vkGetSwapchainImagesKHR");
  std::vector<VkImage> images(count);
  check(vkGetSwapchainImagesKHR(host_.device, swapchain_, &count, images.data()), "vkGetSwapchainImagesKHR");
  for (const VkImage image : images) {
    Target& target = targets_.emplace_back();
    target.image = image;
    VkImageViewCreateInfo views{VK_STRUCTURE_TYPE_IMAGE_VIEW_CREATE_INFO};
    views.image = image;
    views.viewType = VK_IMAGE_VIEW_TYPE_2D;
    views.format = format_.format;
    views.subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1};
    check(vkCreateImageView(host_.device, &views, nullptr, &target.view), "vkCreateImageView");
    VkFramebufferCreateInfo framebuffers{VK_STRUCTURE_TYPE_FRAMEBUFFER_CREATE_INFO};
    framebuffers.renderPass = pass_;
    framebuffers.attachmentCount = 1;
    framebuffers.pAttachments = &target.view;
    framebuffers.width = size_.width;
    framebuffers.height = size_.height;
    framebuffers.layers = 1;
    check(vkCreateFramebuffer(host_.device, &framebuffers, nullptr, &target.framebuffer),
          "vkCreateFramebuffer");
    const VkSemaphoreCreateInfo semaphores{VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO};
    check(vkCreateSemaphore(host_.device, &semaphores, nullptr, &target.drawn), "vkCreateSemaphore");
  }
}

void Window::destroy_swapchain() {
  for (const Target& each : targets_) {
    vkDestroyFramebuffer(host_.device, each.framebuffer, nullptr);
    vkDestroyImageView(host_.device, each.view, nullptr);
    vkDestroySemaphore(host_.device, each.drawn, nullptr);
  }
  targets_.clear();
  vkDestroySwapchainKHR(host_.device, swapchain_, nullptr);
  swapchain_ = VK_NULL_HANDLE;
}

void Window::wait_for(uint64_t frame) const {
  VkSemaphoreWaitInfo info{VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO};
  info.semaphoreCount = 1;
  info.pSemaphores = &timeline_;
  info.pValues = &frame;
  check(vkWaitSemaphores(host_.device, &info, UINT64_MAX), "vkWaitSemaphores");
}

uint64_t Window::done() const {
  uint64_t value = 0;
  check(vkGetSemaphoreCounterValue(host_.device, timeline_, &value), "vkGetSemaphoreCounterValue");
  return value;
}

void Window::finish() noexcept {
  const std::lock_guard lock(host_.queue_lock);
  vkQueueWaitIdle(host_.queue);
}

double Window::pixels() const {
  int width = 0, height = 0;
  glfwGetWindowSize(window_, &width, &height);
  return width > 0 ? double(size_.width) / width : 1;
}

bool Window::shown() const {
  int width = 0, height = 0;
  while (!glfwWindowShouldClose(window_)) {
    glfwGetFramebufferSize(window_, &width, &height);
    if (width > 0 && height > 0) return true;
    glfwWaitEvents();
  }
  return false;
}

double Window::refresh() const {
  GLFWmonitor* monitor = glfwGetPrimaryMonitor();
  const GLFWvidmode* mode = monitor ? glfwGetVideoMode(monitor) : nullptr;
  return mode && mode->refreshRate > 0 ? mode->refreshRate : 60;
}

// A window that has another size now gets a swapchain of that.
void Window::acquire() {
  while (true) {
    int width = 0, height = 0;
    glfwGetFramebufferSize(window_, &width, &height);
    const bool same = uint32_t(width) == size_.width && uint32_t(height) == size_.height;
    const VkResult result = !same ? VK_ERROR_OUT_OF_DATE_KHR
                                  : vkAcquireNextImageKHR(host_.device, swapchain_, UINT64_MAX,
                                                          current().acquired, VK_NULL_HANDLE, &target_);
    if (result == VK_SUCCESS || result == VK_SUBOPTIMAL_KHR) return;
    if (result != VK_ERROR_OUT_OF_DATE_KHR) check(result, "vkAcquireNextImageKHR");
    finish();
    destroy_swapchain();
    make_swapchain();
  }
}

VkCommandBuffer Window::begin() {
  ++frame_;
  if (frame_ > frames_.size()) {
    wait_for(frame_ - frames_.size());
    read_stamps(current());
  }
  acquire();
  const VkCommandBuffer commands = current().commands;
  const VkCommandBufferBeginInfo info{VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO, nullptr,
                                      VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT, nullptr};
  check(vkBeginCommandBuffer(commands, &info), "vkBeginCommandBuffer");
  if (stamp_mask_) vkCmdResetQueryPool(commands, current().stamps, 0, kStamps);
  stamp(0);
  return commands;
}

void Window::stamp(uint32_t which) {
  if (stamp_mask_)
    vkCmdWriteTimestamp(current().commands, VK_PIPELINE_STAGE_BOTTOM_OF_PIPE_BIT, current().stamps, which);
}
void Window::fovea_begins() { stamp(1); }
void Window::fovea_ends() { stamp(2); }

void Window::read_stamps(const Frame& frame) {
  if (!stamp_mask_) return;
  std::array<uint64_t, kStamps> ticks{};
  check(vkGetQueryPoolResults(host_.device, frame.stamps, 0, kStamps, sizeof(ticks), ticks.data(),
                              sizeof(uint64_t), VK_QUERY_RESULT_64_BIT),
        "vkGetQueryPoolResults");
  const double tick = double(host_.properties.limits.timestampPeriod) * 1e-6;
  time_.fovea = double((ticks[2] - ticks[1]) & stamp_mask_) * tick;
  time_.host = double((ticks[3] - ticks[0]) & stamp_mask_) * tick - time_.fovea;
}

void Window::begin_pass() {
  const VkClearValue clear{{{0.09f, 0.09f, 0.1f, 1}}};
  VkRenderPassBeginInfo info{VK_STRUCTURE_TYPE_RENDER_PASS_BEGIN_INFO};
  info.renderPass = pass_;
  info.framebuffer = targets_[target_].framebuffer;
  info.renderArea.extent = size_;
  info.clearValueCount = 1;
  info.pClearValues = &clear;
  vkCmdBeginRenderPass(current().commands, &info, VK_SUBPASS_CONTENTS_INLINE);
}

void Window::end() {
  vkCmdEndRenderPass(current().commands);
  submit();
}

fovea::Image Window::end_with_screenshot() {
  if (!readable_) throw std::runtime_error("the images of this window cannot be read");
  const VkCommandBuffer commands = current().commands;
  vkCmdEndRenderPass(commands);
  const Staging staging(host_, uint64_t(size_.width) * size_.height * 4, VK_BUFFER_USAGE_TRANSFER_DST_BIT);
  VkBufferImageCopy copy{};
  copy.imageSubresource = kColour;
  copy.imageExtent = {size_.width, size_.height, 1};
  barrier(commands, targets_[target_].image, kDrawn, kCopied);
  vkCmdCopyImageToBuffer(commands, targets_[target_].image, kCopied.layout, staging.buffer, 1, &copy);
  barrier(commands, targets_[target_].image, kCopied, kPresented);
  VkMemoryBarrier read{VK_STRUCTURE_TYPE_MEMORY_BARRIER};
  read.srcAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT;
  read.dstAccessMask = VK_ACCESS_HOST_READ_BIT;
  vkCmdPipelineBarrier(commands, VK_PIPELINE_STAGE_TRANSFER_BIT, VK_PIPELINE_STAGE_HOST_BIT, 0, 1, &read, 0,
                       nullptr, 0, nullptr);
  submit();
  wait_for(frame_);
  fovea::Image image{int(size_.width), int(size_.height), {}};
  const bool blue_first = format_.format == VK_FORMAT_B8G8R8A8_UNORM;
  for (size_t i = 0; i < staging.bytes.size(); i += 4)
    for (const size_t colour : {0, 1, 2})
      image.rgb.push_back(staging.bytes[i + (blue_first ? 2 - colour : colour)]);
  return image;
}

void Window::submit() {
  const Frame& frame = current();
  const Target& target = targets_[target_];
  stamp(3);
  check(vkEndCommandBuffer(frame.commands), "vkEndCommandBuffer");

  const VkPipelineStageFlags stage = VK_PIPELINE_STAGE_COLOR_ATTACHMENT_OUTPUT_BIT;
  const std::array signals = {timeline_, target.drawn};
  const std::array<uint64_t, 2> values = {frame_, 0};
  const uint64_t none = 0;
  VkTimelineSemaphoreSubmitInfo counts{VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO};
  counts.waitSemaphoreValueCount = 1;
  counts.pWaitSemaphoreValues = &none;
  counts.signalSemaphoreValueCount = uint32_t(values.size());
  counts.pSignalSemaphoreValues = values.data();
  VkSubmitInfo submit{VK_STRUCTURE_TYPE_SUBMIT_INFO, &counts};
  submit.waitSemaphoreCount = 1;
  submit.pWaitSemaphores = &frame.acquired;
  submit.pWaitDstStageMask = &stage;
  submit.commandBufferCount = 1;
  submit.pCommandBuffers = &frame.commands;
  submit.signalSemaphoreCount = uint32_t(signals.size());
  submit.pSignalSemaphores = signals.data();
  VkPresentInfoKHR present{VK_STRUCTURE_TYPE_PRESENT_INFO_KHR};
  present.waitSemaphoreCount = 1;
  present.pWaitSemaphores = &target.drawn;
  present.swapchainCount = 1;
  present.pSwapchains = &swapchain_;
  present.pImageIndices = &target_;
  const std::lock_guard lock(host_.queue_lock);
  check(vkQueueSubmit(host_.queue, 1, &submit, VK_NULL_HANDLE), "vkQueueSubmit");
  const VkResult result = vkQueuePresentKHR(host_.queue, &present);
  if (result != VK_SUBOPTIMAL_KHR && result != VK_ERROR_OUT_OF_DATE_KHR) check(result, "vkQueuePresentKHR");
}
