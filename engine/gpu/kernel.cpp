#include "gpu/kernel.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

#include "core/check.h"
#include "gpu/gpu.h"
#include "gpu/shaders.h"

namespace fovea {
namespace {

// Owns a shader module while its pipeline is made.
class Module {
 public:
  Module(Gpu& gpu, std::span<const uint32_t> words) : gpu_(gpu) {
    VkShaderModuleCreateInfo info = {VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO};
    info.codeSize = words.size_bytes();
    info.pCode = words.data();
    check_vk(gpu.vk().vkCreateShaderModule(gpu.device(), &info, gpu.allocation(), &handle_),
             "vkCreateShaderModule");
  }
  ~Module() { gpu_.vk().vkDestroyShaderModule(gpu_.device(), handle_, gpu_.allocation()); }
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;
  VkShaderModule handle() const { return handle_; }

 private:
  Gpu& gpu_;
  VkShaderModule handle_ = VK_NULL_HANDLE;
};

void check_lanes(const std::string& name, const Interface& interface, uint32_t lanes, const Limits& limits) {
  FOVEA_CHECK(lanes >= 1 && lanes <= limits.max_workgroup_lanes, "kernel ", name, ": ", lanes,
              " lanes a workgroup, the device allows 1 to ", limits.max_workgroup_lanes);
  FOVEA_CHECK(interface.fixed_lanes == 0 || interface.fixed_lanes == lanes, "kernel ", name, ": ", lanes,
              " lanes a workgroup, the shader is built for ", interface.fixed_lanes);
}

// The number of lanes, then the constants in the shader's order.
std::vector<uint32_t> values_of(const std::string& name, const Interface& interface, uint32_t lanes,
                                std::span<const Constant> constants) {
  constexpr size_t kUnset = SIZE_MAX;
  std::vector<size_t> given_as(interface.constants.size(), kUnset);
  for (size_t i = 0; i < constants.size(); ++i) {
    const auto of = std::find_if(interface.constants.begin(), interface.constants.end(),
                                 [&](const auto& each) { return each.name == constants[i].name; });
    FOVEA_CHECK(of != interface.constants.end(), "kernel ", name, ": constant ", constants[i].name, " = ",
                constants[i].value, " is none of the shader's: ", names_of(interface.constants));
    size_t& place = given_as[size_t(of - interface.constants.begin())];
    FOVEA_CHECK(place == kUnset, "kernel ", name, ": constant ", of->name, " is given twice, as ",
                place == kUnset ? 0 : constants[place].value, " and as ", constants[i].value);
    place = i;
  }
  std::vector<uint32_t> values = {lanes};
  for (size_t i = 0; i < given_as.size(); ++i) {
    FOVEA_CHECK(given_as[i] != kUnset, "kernel ", name, ": constant ", interface.constants[i].name,
                " is missing, the shader has ", names_of(interface.constants));
    values.push_back(constants[given_as[i]].value);
  }
  return values;
}

}  // namespace

Kernels::Kernels(Gpu& gpu, const DeviceOptions& options, VkPipelineCache cache)
    : gpu_(gpu), cache_(gpu, options, cache) {
  VkPushConstantRange push = {VK_SHADER_STAGE_COMPUTE_BIT, 0, kPushBytes};
  VkPipelineLayoutCreateInfo info = {VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO};
  info.pushConstantRangeCount = 1;
  info.pPushConstantRanges = &push;
  check_vk(gpu.vk().vkCreatePipelineLayout(gpu.device(), &info, gpu.allocation(), &layout_),
           "vkCreatePipelineLayout");
}

Kernels::~Kernels() {
  cache_.save();
  for (const auto& [key, kernel] : kernels_)
    gpu_.vk().vkDestroyPipeline(gpu_.device(), kernel.get().pipeline, gpu_.allocation());
  gpu_.vk().vkDestroyPipelineLayout(gpu_.device(), layout_, gpu_.allocation());
}

// What the map has for a key, or what is made now: by the first who asks, without the lock, while others who
// ask for the same wait. The map keeps what the result refers to.
template <class Map, class Make>
const auto& Kernels::found_or_made(Map& map, const typename Map::key_type& key, const Make& make) {
  std::shared_lock reading(mutex_);
  if (const auto at = map.find(key); at != map.end()) {
    const auto made = at->second;
    reading.unlock();
    return made.get();
  }
  reading.unlock();
  std::promise<decltype(make())> promise;
  std::unique_lock lock(mutex_);
  const auto [at, is_new] = map.try_emplace(key);
  if (is_new) at->second = promise.get_future();
  const auto future = at->second;
  lock.unlock();
  if (!is_new) return future.get();
  try {
    promise.set_value(make());
  } catch (...) {
    promise.set_exception(std::current_exception());
    lock.lock();
    map.erase(key);  // a later call tries again
  }
  return future.get();
}

const Interface& Kernels::interface_of(const std::string& name) {
  return found_or_made(interfaces_, name, [&] {
    const Shader* shader = find_shader(name);
    FOVEA_CHECK(shader != nullptr, "kernel ", name, ": there is no shader of that name");
    return reflect(name, shader->words());
  });
}

const Kernel& Kernels::get(const std::string& name, uint32_t lanes, std::span<const Constant> constants) {
  const Interface& interface = interface_of(name);
  check_lanes(name, interface, lanes, gpu_.limits());
  const Key key(name, values_of(name, interface, lanes, constants));
  return found_or_made(kernels_, key, [&]() -> Kernel {
    return {name, make(name, interface, key.second), layout_, lanes, &interface};
  });
}

void Kernels::make_all(const std::vector<KernelWish>& wishes) {
  std::map<Key, const KernelWish*> missing;
  for (const KernelWish& wish : wishes) {
    const Interface& interface = interface_of(wish.name);
    const Key key(wish.name, values_of(wish.name, interface, wish.lanes, wish.constants));
    const std::shared_lock lock(mutex_);
    if (!kernels_.contains(key)) missing.emplace(key, &wish);
  }
  std::vector<const KernelWish*> open;
  for (const auto& [key, wish] : missing) open.push_back(wish);
  std::atomic<size_t> next = 0;
  const auto work = [&] {
    for (size_t i = next++; i < open.size(); i = next++)
      get(open[i]->name, open[i]->lanes, open[i]->constants);
  };
  const size_t threads = std::min<size_t>(std::max(std::thread::hardware_concurrency(), 1u), open.size());
  std::vector<std::future<void>> others;
  for (size_t t = 1; t < threads; ++t) others.push_back(std::async(std::launch::async, work));
  work();
  for (std::future<void>& other : others) other.get();
}

VkPipeline Kernels::make(const std::string& name, const Interface& interface,
                         std::span<const uint32_t> values) {
  std::vector<VkSpecializationMapEntry> entries = {{0, 0, 4}};
  for (const Interface::Constant& each : interface.constants)
    entries.push_back({each.id, static_cast<uint32_t>(4 * entries.size()), 4});
  const VkSpecializationInfo specialization = {static_cast<uint32_t>(entries.size()), entries.data(),
                                               values.size_bytes(), values.data()};
  const Module module(gpu_, find_shader(name)->words());
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
  if (gpu_.physical().pins_subgroup && gpu_.usable("subgroup_size")) info.stage.pNext = &required;
  const uint32_t lanes = values[0];
  if (gpu_.usable("full_subgroups") && lanes % gpu_.physical().subgroup == 0) {
    info.stage.flags = VK_PIPELINE_SHADER_STAGE_CREATE_REQUIRE_FULL_SUBGROUPS_BIT;
  }
  info.layout = layout_;
  VkPipeline pipeline = VK_NULL_HANDLE;
  const VkResult result = gpu_.vk().vkCreateComputePipelines(gpu_.device(), cache_.handle(), 1, &info,
                                                             gpu_.allocation(), &pipeline);
  check_vk(result, concat("kernel ", name, ": vkCreateComputePipelines").c_str());
  gpu_.name_object(VK_OBJECT_TYPE_PIPELINE, reinterpret_cast<uint64_t>(pipeline), name.c_str());
  return pipeline;
}

}  // namespace fovea
