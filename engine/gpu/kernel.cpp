#include "gpu/kernel.h"

#include "core/check.h"
#include "gpu/gpu.h"

namespace fovea {
namespace {

// Owns a shader module while its pipeline is made.
class Module {
 public:
  Module(Gpu& gpu, std::span<const uint32_t> words) : gpu_(gpu) {
    VkShaderModuleCreateInfo info = {VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO};
    info.codeSize = words.size_bytes();
    info.pCode = words.data();
    check_vk(gpu.vk().vkCreateShaderModule(gpu.device(), &info, nullptr, &handle_), "vkCreateShaderModule");
  }
  ~Module() { gpu_.vk().vkDestroyShaderModule(gpu_.device(), handle_, nullptr); }
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;
  VkShaderModule handle() const { return handle_; }

 private:
  Gpu& gpu_;
  VkShaderModule handle_ = VK_NULL_HANDLE;
};

}  // namespace

Kernels::Kernels(Gpu& gpu) : gpu_(gpu) {
  VkPushConstantRange push = {VK_SHADER_STAGE_COMPUTE_BIT, 0, kPushBytes};
  VkPipelineLayoutCreateInfo info = {VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO};
  info.pushConstantRangeCount = 1;
  info.pPushConstantRanges = &push;
  check_vk(gpu.vk().vkCreatePipelineLayout(gpu.device(), &info, nullptr, &layout_), "vkCreatePipelineLayout");
}

Kernels::~Kernels() {
  for (const auto& [key, kernel] : kernels_)
    gpu_.vk().vkDestroyPipeline(gpu_.device(), kernel.pipeline, nullptr);
  gpu_.vk().vkDestroyPipelineLayout(gpu_.device(), layout_, nullptr);
}

const Kernel& Kernels::get(const std::string& name, std::span<const uint32_t> constants) {
  std::pair<std::string, std::vector<uint32_t>> key(name, {constants.begin(), constants.end()});
  const std::lock_guard lock(mutex_);
  const auto at = kernels_.find(key);
  if (at != kernels_.end()) return at->second;
  Kernel kernel = {name, make(name, constants), layout_, constants[0]};
  return kernels_.emplace(std::move(key), std::move(kernel)).first->second;
}

VkPipeline Kernels::make(const std::string& name, std::span<const uint32_t> constants) {
  const std::span<const uint32_t> words = shader_words(name);
  FOVEA_CHECK(!words.empty(), "kernel ", name, ": there is no shader of that name");
  FOVEA_CHECK(!constants.empty(), "kernel ", name, ": the number of lanes (constant 0) is missing");
  const uint32_t lanes = constants[0];
  FOVEA_CHECK(lanes >= 1 && lanes <= gpu_.limits().max_workgroup_lanes, "kernel ", name, ": ", lanes,
              " lanes a workgroup, the device allows 1 to ", gpu_.limits().max_workgroup_lanes);

  std::vector<VkSpecializationMapEntry> entries;
  for (uint32_t id = 0; id < constants.size(); ++id) entries.push_back({id, id * 4, 4});
  const VkSpecializationInfo specialization = {static_cast<uint32_t>(entries.size()), entries.data(),
                                               constants.size_bytes(), constants.data()};
  const Module module(gpu_, words);
  VkPipelineShaderStageRequiredSubgroupSizeCreateInfo required = {
      VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_REQUIRED_SUBGROUP_SIZE_CREATE_INFO};
  // The hardware's size, even where Limits::subgroup is 1 because subgroup operations are not to be used.
  required.requiredSubgroupSize = gpu_.physical().subgroup;
  VkComputePipelineCreateInfo info = {VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO};
  info.stage = {VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO};
  info.stage.stage = VK_SHADER_STAGE_COMPUTE_BIT;
  info.stage.module = module.handle();
  info.stage.pName = "main";
  info.stage.pSpecializationInfo = &specialization;
  if (gpu_.physical().pins_subgroup) info.stage.pNext = &required;
  if (lanes >= gpu_.physical().subgroup && lanes % gpu_.physical().subgroup == 0) {
    info.stage.flags = VK_PIPELINE_SHADER_STAGE_CREATE_REQUIRE_FULL_SUBGROUPS_BIT;
  }
  info.layout = layout_;
  VkPipeline pipeline = VK_NULL_HANDLE;
  const VkResult result =
      gpu_.vk().vkCreateComputePipelines(gpu_.device(), VK_NULL_HANDLE, 1, &info, nullptr, &pipeline);
  check_vk(result, concat("kernel ", name, ": vkCreateComputePipelines").c_str());
  gpu_.name_object(VK_OBJECT_TYPE_PIPELINE, reinterpret_cast<uint64_t>(pipeline), name.c_str());
  return pipeline;
}

}  // namespace fovea
