#include "gui.h"

#include <imgui.h>
#include <imgui_impl_glfw.h>
#include <imgui_impl_vulkan.h>

#include <algorithm>
#include <filesystem>

namespace {

// A font that is there on most systems, if none is given: Dear ImGui's own one is small.
std::string find_font() {
  for (const char* place :
       {"/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", "/usr/share/fonts/TTF/DejaVuSans.ttf",
        "/System/Library/Fonts/Supplemental/Arial.ttf", "C:/Windows/Fonts/segoeui.ttf"})
    if (std::filesystem::exists(place)) return place;
  return {};
}

void style(float scale) {
  ImGui::StyleColorsDark();
  ImGuiStyle& style = ImGui::GetStyle();
  style.WindowRounding = 0;
  style.FrameRounding = 4;
  style.GrabRounding = 4;
  style.WindowBorderSize = 0;
  style.ItemSpacing = {8, 7};
  style.Colors[ImGuiCol_WindowBg] = {0.12f, 0.12f, 0.13f, 1};
  style.Colors[ImGuiCol_PlotHistogram] = {0.29f, 0.56f, 0.89f, 1};
  style.Colors[ImGuiCol_PlotLines] = {0.55f, 0.78f, 0.55f, 1};
  style.ScaleAllSizes(scale);
}

// Where a version of Dear ImGui takes the render pass.
void init(ImGui_ImplVulkan_InitInfo& info, VkRenderPass pass) {
#if IMGUI_VERSION_NUM >= 19240
  info.PipelineInfoMain.RenderPass = pass;
  ImGui_ImplVulkan_Init(&info);
#elif IMGUI_VERSION_NUM >= 19030
  info.RenderPass = pass;
  ImGui_ImplVulkan_Init(&info);
#else
  info.MSAASamples = VK_SAMPLE_COUNT_1_BIT;
  ImGui_ImplVulkan_Init(&info, pass);
#endif
}

}  // namespace

Gui::Gui(Host& host, const Window& window, const std::string& font) : host_(host) {
  const VkDescriptorPoolSize size{VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER, 8};
  VkDescriptorPoolCreateInfo pools{VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO};
  pools.flags = VK_DESCRIPTOR_POOL_CREATE_FREE_DESCRIPTOR_SET_BIT;
  pools.maxSets = size.descriptorCount;
  pools.poolSizeCount = 1;
  pools.pPoolSizes = &size;
  check(vkCreateDescriptorPool(host.device, &pools, nullptr, &pool_), "vkCreateDescriptorPool");

  IMGUI_CHECKVERSION();
  ImGui::CreateContext();
  ImGuiIO& io = ImGui::GetIO();
  io.IniFilename = nullptr;
  float across = 1, down = 1;
  glfwGetWindowContentScale(window.window(), &across, &down);
  // Dear ImGui counts as the mouse does; where that is not in pixels, it enlarges what it draws.
  scale_ = std::max(across / float(window.pixels()), 1.0f);
  const std::string file = font.empty() ? find_font() : font;
  if (file.empty() || !io.Fonts->AddFontFromFileTTF(file.c_str(), 16 * scale_)) io.Fonts->AddFontDefault();
  style(scale_);

  ImGui_ImplGlfw_InitForVulkan(window.window(), true);
  ImGui_ImplVulkan_InitInfo info{};
  info.Instance = host.instance;
  info.PhysicalDevice = host.physical;
  info.Device = host.device;
  info.QueueFamily = host.family;
  info.Queue = host.queue;
  info.DescriptorPool = pool_;
  info.MinImageCount = 2;
  info.ImageCount = window.images();
  info.CheckVkResultFn = [](VkResult result) { check(result, "Dear ImGui"); };
  init(info, window.pass());
}

Gui::~Gui() {
  ImGui_ImplVulkan_Shutdown();
  ImGui_ImplGlfw_Shutdown();
  ImGui::DestroyContext();
  vkDestroyDescriptorPool(host_.device, pool_, nullptr);
}

// From its version 1.90 on the back end uploads fonts itself, by the queue: no other thread submits
// meanwhile.
void Gui::begin([[maybe_unused]] VkCommandBuffer commands) {
#if IMGUI_VERSION_NUM < 19000
  if (!has_fonts_) has_fonts_ = ImGui_ImplVulkan_CreateFontsTexture(commands);
#endif
  const std::lock_guard lock(host_.queue_lock);
  ImGui_ImplVulkan_NewFrame();
  ImGui_ImplGlfw_NewFrame();
  ImGui::NewFrame();
}

void Gui::draw(VkCommandBuffer commands) {
  ImGui::Render();
  const std::lock_guard lock(host_.queue_lock);
  ImGui_ImplVulkan_RenderDrawData(ImGui::GetDrawData(), commands);
}
