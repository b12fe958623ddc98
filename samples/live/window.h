// A window of GLFW with its swapchain, and frames: two are on their way at most.
#pragma once

#define GLFW_INCLUDE_VULKAN
#include <GLFW/glfw3.h>

#include <array>
#include <fovea/image.hpp>
#include <string>

#include "host.h"

// GLFW itself, before any window; and what an instance needs for windows.
class Glfw {
 public:
  Glfw();
  ~Glfw();
  std::vector<const char*> instance_extensions() const;
};

// What the device spent on a frame, in milliseconds; 0 where it has no timestamps.
struct FrameTime {
  double host = 0, fovea = 0;
};

class Window {
 public:
  Window(Host& host, int width, int height, const std::string& title);
  ~Window();
  Window(const Window&) = delete;
  Window& operator=(const Window&) = delete;

  // A command buffer to fill: waits for the frame before the last, and for an image to draw to.
  VkCommandBuffer begin();
  void begin_pass();                         // draws into the image from here on
  void end();                                // submits and presents
  fovea::Image end_with_screenshot();        // and waits for what was drawn
  uint64_t frame() const { return frame_; }  // the one begun last, from 1 on
  VkSemaphore timeline() const { return timeline_; }
  uint64_t done() const;   // frames that the device has finished
  void finish() noexcept;  // waits for all of them, or until the device is lost

  // Around what Fovea recorded into the frame: its share of the device's time is what lies between.
  void fovea_begins();
  void fovea_ends();
  FrameTime time() const { return time_; }  // of the frame before the last, for which begin() waited
  static constexpr uint64_t kBehind = 2;    // frames

  GLFWwindow* window() const { return window_; }
  VkRenderPass pass() const { return pass_; }
  VkExtent2D size() const { return size_; }  // in pixels
  double pixels() const;                     // for one of the units that the mouse moves in
  bool shown() const;                        // waits while it is an icon; false: it is to be closed
  uint32_t images() const { return uint32_t(targets_.size()); }
  double refresh() const;  // of the monitor, frames a second

 private:
  static constexpr uint32_t kStamps = 4;  // begin, Fovea begins, Fovea ends, end
  struct Frame {
    VkCommandBuffer commands = VK_NULL_HANDLE;
    VkSemaphore acquired = VK_NULL_HANDLE;
    VkQueryPool stamps = VK_NULL_HANDLE;
  };
  struct Target {
    VkImage image = VK_NULL_HANDLE;
    VkImageView view = VK_NULL_HANDLE;
    VkFramebuffer framebuffer = VK_NULL_HANDLE;
    VkSemaphore drawn = VK_NULL_HANDLE;  // presentation waits for it
  };
  void make_frames();
  void make_pass();
  void make_swapchain();
  void destroy_swapchain();
  void acquire();
  void submit();
  void wait_for(uint64_t frame) const;
  void read_stamps(const Frame& frame);
  void stamp(uint32_t which);

  Host& host_;
  GLFWwindow* window_ = nullptr;
  VkSurfaceKHR surface_ = VK_NULL_HANDLE;
  VkSurfaceFormatKHR format_{};
  VkRenderPass pass_ = VK_NULL_HANDLE;
  VkSwapchainKHR swapchain_ = VK_NULL_HANDLE;
  VkExtent2D size_{};
  std::vector<Target> targets_;
  uint32_t target_ = 0;
  bool readable_ = false;  // screenshots are possible
  VkCommandPool pool_ = VK_NULL_HANDLE;
  std::array<Frame, kBehind> frames_;
  VkSemaphore timeline_ = VK_NULL_HANDLE;
  uint64_t frame_ = 0;
  uint64_t stamp_mask_ = 0;  // 0: the queue has no timestamps
  FrameTime time_;

  Frame& current() { return frames_[frame_ % frames_.size()]; }
};
