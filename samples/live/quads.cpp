#include "quads.h"

#include <array>

namespace {

constexpr uint32_t kVertex[] = {
#include "quad.vert.inc"
};
constexpr uint32_t kFragment[] = {
#include "quad.frag.inc"
};

struct Push {
  float left, top, right, bottom, alpha;
};
constexpr VkShaderStageFlags kStages = VK_SHADER_STAGE_VERTEX_BIT | VK_SHADER_STAGE_FRAGMENT_BIT;

VkPipelineShaderStageCreateInfo stage(VkDevice device, VkShaderStageFlagBits flag,
                                      std::span<const uint32_t> words) {
  VkShaderModuleCreateInfo module{VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO};
  module.codeSize = words.size_bytes();
  module.pCode = words.data();
  VkPipelineShaderStageCreateInfo info{VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO};
  info.stage = flag;
  info.pName = "main";
  check(vkCreateShaderModule(device, &module, nullptr, &info.module), "vkCreateShaderModule");
  return info;
}

}  // namespace

Quads::Quads(const Host& host, VkRenderPass pass, std::span<const Texture* const> textures) : host_(host) {
  VkSamplerCreateInfo samplers{VK_STRUCTURE_TYPE_SAMPLER_CREATE_INFO};
  samplers.magFilter = samplers.minFilter = VK_FILTER_LINEAR;
  samplers.addressModeU = samplers.addressModeV = VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_EDGE;
  check(vkCreateSampler(host.device, &samplers, nullptr, &sampler_), "vkCreateSampler");
  make_sets(textures);
  make_pipeline(pass);
}

Quads::~Quads() {
  vkDestroyPipeline(host_.device, pipeline_, nullptr);
  vkDestroyPipelineLayout(host_.device, layout_, nullptr);
  vkDestroyDescriptorPool(host_.device, pool_, nullptr);
  vkDestroyDescriptorSetLayout(host_.device, set_layout_, nullptr);
  vkDestroySampler(host_.device, sampler_, nullptr);
}

void Quads::make_sets(std::span<const Texture* const> textures) {
  VkDescriptorSetLayoutBinding binding{};
  binding.descriptorType = VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER;
  binding.descriptorCount = 1;
  binding.stageFlags = VK_SHADER_STAGE_FRAGMENT_BIT;
  VkDescriptorSetLayoutCreateInfo layouts{VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO};
  layouts.bindingCount = 1;
  layouts.pBindings = &binding;
  check(vkCreateDescriptorSetLayout(host_.device, &layouts, nullptr, &set_layout_),
        "vkCreateDescriptorSetLayout");

  const uint32_t count = uint32_t(textures.size());
  const VkDescriptorPoolSize size{binding.descriptorType, count};
  VkDescriptorPoolCreateInfo pools{VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO};
  pools.maxSets = count;
  pools.poolSizeCount = 1;
  pools.pPoolSizes = &size;
  check(vkCreateDescriptorPool(host_.device, &pools, nullptr, &pool_), "vkCreateDescriptorPool");
  const std::vector<VkDescriptorSetLayout> all(count, set_layout_);
  sets_.resize(count);
  VkDescriptorSetAllocateInfo info{VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO};
  info.descriptorPool = pool_;
  info.descriptorSetCount = count;
  info.pSetLayouts = all.data();
  check(vkAllocateDescriptorSets(host_.device, &info, sets_.data()), "vkAllocateDescriptorSets");
  for (size_t i = 0; i < count; ++i) {
    const VkDescriptorImageInfo image{sampler_, textures[i]->view, VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL};
    VkWriteDescriptorSet write{VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET};
    write.dstSet = sets_[i];
    write.descriptorCount = 1;
    write.descriptorType = binding.descriptorType;
    write.pImageInfo = &image;
    vkUpdateDescriptorSets(host_.device, 1, &write, 0, nullptr);
  }
}

void Quads::make_pipeline(VkRenderPass pass) {
  const VkPushConstantRange push{kStages, 0, sizeof(Push)};
  VkPipelineLayoutCreateInfo layouts{VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO};
  layouts.setLayoutCount = 1;
  layouts.pSetLayouts = &set_layout_;
  layouts.pushConstantRangeCount = 1;
  layouts.pPushConstantRanges = &push;
  check(vkCreatePipelineLayout(host_.device, &layouts, nullptr, &layout_), "vkCreatePipelineLayout");

  const std::array stages = {stage(host_.device, VK_SHADER_STAGE_VERTEX_BIT, kVertex),
                             stage(host_.device, VK_SHADER_STAGE_FRAGMENT_BIT, kFragment)};
  const VkPipelineVertexInputStateCreateInfo vertices{
      VK_STRUCTURE_TYPE_PIPELINE_VERTEX_INPUT_STATE_CREATE_INFO};
  VkPipelineInputAssemblyStateCreateInfo assembly{
      VK_STRUCTURE_TYPE_PIPELINE_INPUT_ASSEMBLY_STATE_CREATE_INFO};
  assembly.topology = VK_PRIMITIVE_TOPOLOGY_TRIANGLE_STRIP;
  VkPipelineViewportStateCreateInfo viewport{VK_STRUCTURE_TYPE_PIPELINE_VIEWPORT_STATE_CREATE_INFO};
  viewport.viewportCount = viewport.scissorCount = 1;
  VkPipelineRasterizationStateCreateInfo rasterization{
      VK_STRUCTURE_TYPE_PIPELINE_RASTERIZATION_STATE_CREATE_INFO};
  rasterization.lineWidth = 1;
  VkPipelineMultisampleStateCreateInfo samples{VK_STRUCTURE_TYPE_PIPELINE_MULTISAMPLE_STATE_CREATE_INFO};
  samples.rasterizationSamples = VK_SAMPLE_COUNT_1_BIT;
  VkPipelineColorBlendAttachmentState blend{};
  blend.blendEnable = VK_TRUE;
  blend.srcColorBlendFactor = VK_BLEND_FACTOR_SRC_ALPHA;
  blend.dstColorBlendFactor = VK_BLEND_FACTOR_ONE_MINUS_SRC_ALPHA;
  blend.srcAlphaBlendFactor = VK_BLEND_FACTOR_ZERO;
  blend.dstAlphaBlendFactor = VK_BLEND_FACTOR_ONE;
  blend.colorWriteMask = 0xf;
  VkPipelineColorBlendStateCreateInfo blending{VK_STRUCTURE_TYPE_PIPELINE_COLOR_BLEND_STATE_CREATE_INFO};
  blending.attachmentCount = 1;
  blending.pAttachments = &blend;
  const std::array dynamic = {VK_DYNAMIC_STATE_VIEWPORT, VK_DYNAMIC_STATE_SCISSOR};
  VkPipelineDynamicStateCreateInfo states{VK_STRUCTURE_TYPE_PIPELINE_DYNAMIC_STATE_CREATE_INFO};
  states.dynamicStateCount = uint32_t(dynamic.size());
  states.pDynamicStates = dynamic.data();

  VkGraphicsPipelineCreateInfo info{VK_STRUCTURE_TYPE_GRAPHICS_PIPELINE_CREATE_INFO};
  info.stageCount = uint32_t(stages.size());
  info.pStages = stages.data();
  info.pVertexInputState = &vertices;
  info.pInputAssemblyState = &assembly;
  info.pViewportState = &viewport;
  info.pRasterizationState = &rasterization;
  info.pMultisampleState = &samples;
  info.pColorBlendState = &blending;
  info.pDynamicState = &states;
  info.layout = layout_;
  info.renderPass = pass;
  const VkResult made =
      vkCreateGraphicsPipelines(host_.device, VK_NULL_HANDLE, 1, &info, nullptr, &pipeline_);
  for (const VkPipelineShaderStageCreateInfo& each : stages)
    vkDestroyShaderModule(host_.device, each.module, nullptr);
  check(made, "vkCreateGraphicsPipelines");
}

void Quads::draw(VkCommandBuffer commands, VkExtent2D target, size_t texture, const Rectangle& at,
                 float alpha) const {
  const VkViewport viewport{0, 0, float(target.width), float(target.height), 0, 1};
  const VkRect2D scissor{{0, 0}, target};
  const float x = 2 / viewport.width, y = 2 / viewport.height;
  const Push push{at.left * x - 1, at.top * y - 1, (at.left + at.width) * x - 1, (at.top + at.height) * y - 1,
                  alpha};
  vkCmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_GRAPHICS, pipeline_);
  vkCmdBindDescriptorSets(commands, VK_PIPELINE_BIND_POINT_GRAPHICS, layout_, 0, 1, &sets_[texture], 0,
                          nullptr);
  vkCmdSetViewport(commands, 0, 1, &viewport);
  vkCmdSetScissor(commands, 0, 1, &scissor);
  vkCmdPushConstants(commands, layout_, kStages, 0, sizeof(push), &push);
  vkCmdDraw(commands, 4, 1, 0, 0);
}
