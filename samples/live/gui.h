// Dear ImGui for a window, with its back ends for GLFW and Vulkan, from the making of this to its end.
#pragma once

#include <string>

#include "window.h"

class Gui {
 public:
  Gui(Host& host, const Window& window, const std::string& font);  // font: a file, or one of the system
  ~Gui();
  Gui(const Gui&) = delete;
  Gui& operator=(const Gui&) = delete;

  void begin(VkCommandBuffer commands);   // outside the render pass
  void draw(VkCommandBuffer commands);    // inside
  float scale() const { return scale_; }  // of texts and margins, in the units of Dear ImGui

 private:
  Host& host_;
  VkDescriptorPool pool_ = VK_NULL_HANDLE;
  float scale_ = 1;
  bool has_fonts_ = false;
};
