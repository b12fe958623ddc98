#include "gpu/recorder.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <utility>

#include "core/check.h"
#include "gpu/gpu.h"
#include "gpu/texels.h"

namespace fovea {
namespace {

void check_span(const std::string& what, const Span& span) {
  if (span.buffer == nullptr) return;
  const uint64_t all = span.buffer->bytes();
  FOVEA_CHECK(span.offset <= all && span.bytes <= all - span.offset, what, ": bytes ", span.offset, " to ",
              span.offset + span.bytes, " of a buffer of ", all);
}

void check_texels(const HostImage& image, const Span& span) {
  const uint64_t bytes = uint64_t(image.width) * image.height * words_of(image.format) * kElementBytes;
  FOVEA_CHECK(span.buffer && span.bytes == bytes, "copy: an image of ", bytes, " bytes with ", span.bytes);
  check_span("copy", span);
}

VkBufferImageCopy whole(const HostImage& image, const Span& span) {
  VkBufferImageCopy region = {};
  region.bufferOffset = span.offset;
  region.imageSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1};
  region.imageExtent = {image.width, image.height, 1};
  return region;
}

// What a dispatch gives, held against what its shader takes.
class Match {
 public:
  Match(const Kernel& kernel, const Dispatch& what, std::span<const std::byte> params)
      : kernel_(kernel), interface_(*kernel.interface), given_(interface_.operands.size(), false) {
    for (const Operand& each : what.reads) take(each, false);
    for (const Operand& each : what.writes) take(each, true);
    for (size_t i = 0; i < given_.size(); ++i)
      FOVEA_CHECK(given_[i], "kernel ", kernel.name, ": operand ", interface_.operands[i].name,
                  " is missing, the shader takes ", names_of(interface_.operands));
    FOVEA_CHECK(params.size() == interface_.params_bytes, "kernel ", kernel.name, ": ", params.size(),
                " bytes of params, the shader's struct has ", interface_.params_bytes);
    if (!params.empty()) std::memcpy(push_.data() + interface_.params_offset, params.data(), params.size());
  }

  const std::byte* push() const { return push_.data(); }
  std::span<const Span> reads() const { return reads_; }
  std::span<const Span> writes() const { return writes_; }

 private:
  void take(const Operand& operand, bool written) {
    const auto& all = interface_.operands;
    const auto of =
        std::find_if(all.begin(), all.end(), [&](const auto& each) { return each.name == operand.name; });
    FOVEA_CHECK(of != all.end(), "kernel ", kernel_.name, ": operand ", operand.name,
                " is none of the shader's: ", names_of(all));
    const size_t i = size_t(of - all.begin());
    FOVEA_CHECK(!given_[i], "kernel ", kernel_.name, ": operand ", operand.name, " is given twice");
    FOVEA_CHECK(!interface_.writes_known || of->written == written, "kernel ", kernel_.name, ": operand ",
                operand.name,
                written ? " is among the writes, the shader only reads it"
                        : " is among the reads, the shader writes it");
    check_span(concat("kernel ", kernel_.name, ": operand ", operand.name), operand.span);
    given_[i] = true;
    (written ? writes_ : reads_).push_back(operand.span);
    const uint64_t address = operand.span.address();
    std::memcpy(push_.data() + of->offset, &address, sizeof(address));
  }

  const Kernel& kernel_;
  const Interface& interface_;
  std::vector<bool> given_;
  std::array<std::byte, kPushBytes> push_ = {};
  std::vector<Span> reads_, writes_;
};

}  // namespace

bool Hazards::overlap(const std::vector<Range>& noted, std::span<const Span> spans) {
  for (const Span& span : spans) {
    if (span.buffer == nullptr || span.bytes == 0) continue;
    for (const Range& range : noted) {
      if (range.buffer == span.buffer && range.begin < span.offset + span.bytes && span.offset < range.end)
        return true;
    }
  }
  return false;
}

void Hazards::note(std::vector<Range>& noted, std::span<const Span> spans) {
  for (const Span& span : spans) {
    if (span.buffer != nullptr && span.bytes > 0)
      noted.push_back({span.buffer, span.offset, span.offset + span.bytes});
  }
}

bool Hazards::conflicts(const Access& access) {
  const bool found = overlap(writes_, access.reads) || overlap(writes_, access.writes) ||
                     overlap(reads_, access.writes) || overlap(writes_, access.behind) ||
                     overlap(reads_, access.behind);
  if (found) clear();
  note(reads_, access.reads);
  note(writes_, access.writes);
  note(writes_, access.behind);
  return found;
}

void Hazards::clear() {
  reads_.clear();
  writes_.clear();
}

Recorder::Recorder(Gpu& gpu, VkCommandBuffer commands, VkQueryPool timestamps)
    : gpu_(gpu), commands_(commands), timestamps_(timestamps), labels_(gpu.usable("debug_labels")) {}

Recorder::Recorder(Gpu& gpu, std::vector<KernelWish>& wishes)
    : gpu_(gpu), commands_(VK_NULL_HANDLE), timestamps_(VK_NULL_HANDLE), wishes_(&wishes) {}

// Everything before in these stages, and what they wrote, comes before everything after. One global barrier:
// drivers turn buffer barriers into the same.
void Recorder::barrier(VkPipelineStageFlags also_before, VkPipelineStageFlags also_after) const {
  constexpr VkPipelineStageFlags kOurs =
      VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT;
  VkMemoryBarrier memory = {VK_STRUCTURE_TYPE_MEMORY_BARRIER};
  memory.srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT;
  if (also_before) memory.srcAccessMask |= VK_ACCESS_HOST_WRITE_BIT;
  memory.dstAccessMask = VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT |
                         VK_ACCESS_TRANSFER_READ_BIT | VK_ACCESS_TRANSFER_WRITE_BIT;
  if (also_after) memory.dstAccessMask |= VK_ACCESS_HOST_READ_BIT | VK_ACCESS_HOST_WRITE_BIT;
  if (wishes_) return;
  gpu_.vk().vkCmdPipelineBarrier(commands_, kOurs | also_before, kOurs | also_after, 0, 1, &memory, 0,
                                 nullptr, 0, nullptr);
}

void Recorder::enter() {
  barrier(VK_PIPELINE_STAGE_HOST_BIT, 0);
  hazards_.clear();
}

void Recorder::leave() {
  barrier(0, VK_PIPELINE_STAGE_HOST_BIT);
  hazards_.clear();
}

void Recorder::order(const Access& access) {
  if (!hazards_.conflicts(access)) return;
  barrier(0, 0);
  ++barriers_;
}

// All commands: a step's time then starts where the step before it ended.
void Recorder::stamp(uint32_t query) const {
  if (timestamps_) {
    gpu_.vk().vkCmdWriteTimestamp(commands_, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, timestamps_, query);
  }
}

void Recorder::begin_step(std::string_view label) {
  if (labels_) {
    const std::string text(label);
    VkDebugUtilsLabelEXT info = {VK_STRUCTURE_TYPE_DEBUG_UTILS_LABEL_EXT};
    info.pLabelName = text.c_str();
    gpu_.instance_table().begin_label(commands_, &info);
  }
  stamp(2 * steps_);
}

void Recorder::end_step() {
  stamp(2 * steps_ + 1);
  if (labels_) gpu_.instance_table().end_label(commands_);
  ++steps_;
}

void Recorder::dispatch(const Dispatch& what, std::span<const std::byte> params) {
  const Limits& limits = gpu_.limits();
  const uint32_t lanes = what.lanes > 0 ? what.lanes : limits.subgroup;
  if (wishes_) {
    wishes_->push_back({what.kernel, lanes, what.constants});
    return;
  }
  const Kernel& kernel = gpu_.kernel(what.kernel, lanes, what.constants);
  const std::array<uint32_t, 3> wanted = {what.groups.x, what.groups.y, what.groups.z};
  for (size_t axis = 0; axis < 3; ++axis) {
    FOVEA_CHECK(wanted[axis] >= 1 && wanted[axis] <= limits.max_groups[axis], "kernel ", kernel.name, ": ",
                wanted[axis], " workgroups along ", "xyz"[axis], ", the device allows 1 to ",
                limits.max_groups[axis]);
  }
  for (const Span& span : what.behind) check_span(concat("kernel ", kernel.name, ": behind a table"), span);
  const Match match(kernel, what, params);
  order({match.reads(), match.writes(), what.behind});
  if (bound_ != &kernel) {
    gpu_.vk().vkCmdBindPipeline(commands_, VK_PIPELINE_BIND_POINT_COMPUTE, kernel.pipeline);
    bound_ = &kernel;
  }
  gpu_.vk().vkCmdPushConstants(commands_, kernel.layout, VK_SHADER_STAGE_COMPUTE_BIT, 0,
                               kernel.interface->push_bytes(), match.push());
  gpu_.vk().vkCmdDispatch(commands_, what.groups.x, what.groups.y, what.groups.z);
  ++dispatches_;
}

void Recorder::copy(const Span& from, const Span& to) {
  FOVEA_CHECK(from.buffer && to.buffer, "copy: from or to an absent buffer");
  FOVEA_CHECK(from.bytes == to.bytes, "copy: from ", from.bytes, " bytes to ", to.bytes);
  check_span("copy", from);
  check_span("copy", to);
  const bool apart = from.buffer != to.buffer || from.offset + from.bytes <= to.offset ||
                     to.offset + to.bytes <= from.offset;
  FOVEA_CHECK(apart, "copy: the ranges at ", from.offset, " and ", to.offset, " of ", from.bytes,
              " bytes overlap");
  if (from.bytes == 0 || wishes_) return;
  order({std::span(&from, 1), std::span(&to, 1)});
  const VkBufferCopy region = {from.offset, to.offset, from.bytes};
  gpu_.vk().vkCmdCopyBuffer(commands_, from.buffer->handle(), to.buffer->handle(), 1, &region);
}

// All that a host may do with an image, in whatever stages, is before or behind the copy.
void Recorder::turn(const HostImage& image, VkImageLayout copied, bool back) const {
  const bool read = copied == VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL;
  VkImageMemoryBarrier memory = {VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER};
  memory.srcQueueFamilyIndex = memory.dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED;
  memory.image = image.handle;
  memory.subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1};
  VkPipelineStageFlags from = VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, to = VK_PIPELINE_STAGE_TRANSFER_BIT;
  if (back) {
    memory.oldLayout = copied;
    memory.newLayout = VkImageLayout(image.after);
    memory.srcAccessMask = read ? 0 : VK_ACCESS_TRANSFER_WRITE_BIT;
    memory.dstAccessMask = VK_ACCESS_MEMORY_READ_BIT | VK_ACCESS_MEMORY_WRITE_BIT;
    std::swap(from, to);
  } else {
    memory.oldLayout = VkImageLayout(image.before);
    memory.newLayout = copied;
    memory.srcAccessMask = VK_ACCESS_MEMORY_WRITE_BIT;
    memory.dstAccessMask = read ? VK_ACCESS_TRANSFER_READ_BIT : VK_ACCESS_TRANSFER_WRITE_BIT;
  }
  gpu_.vk().vkCmdPipelineBarrier(commands_, from, to, 0, 0, nullptr, 0, nullptr, 1, &memory);
}

void Recorder::copy(const HostImage& from, const Span& to) {
  check_texels(from, to);
  if (wishes_) return;
  order({{}, std::span(&to, 1)});
  constexpr VkImageLayout kLayout = VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL;
  const VkBufferImageCopy region = whole(from, to);
  turn(from, kLayout, false);
  gpu_.vk().vkCmdCopyImageToBuffer(commands_, from.handle, kLayout, to.buffer->handle(), 1, &region);
  turn(from, kLayout, true);
}

void Recorder::copy(const Span& from, const HostImage& to) {
  check_texels(to, from);
  if (wishes_) return;
  order({std::span(&from, 1), {}});
  constexpr VkImageLayout kLayout = VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL;
  const VkBufferImageCopy region = whole(to, from);
  turn(to, kLayout, false);
  gpu_.vk().vkCmdCopyBufferToImage(commands_, from.buffer->handle(), to.handle, kLayout, 1, &region);
  turn(to, kLayout, true);
}

void Recorder::fill_zero(const Span& span) {
  FOVEA_CHECK(span.buffer, "fill: an absent buffer");
  check_span("fill", span);
  if (wishes_) return;
  order({{}, std::span(&span, 1)});
  gpu_.vk().vkCmdFillBuffer(commands_, span.buffer->handle(), span.offset, (span.bytes + 3) / 4 * 4, 0);
}

}  // namespace fovea
