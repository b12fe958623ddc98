// Recorder: writes dispatches and copies into a command buffer, with a barrier only where byte ranges
// conflict.
#pragma once

#include <volk.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gpu/commands.h"
#include "gpu/kernel.h"
#include "gpu/memory.h"

namespace fovea {

class Gpu;

// Workgroups along x, y, z.
struct Groups {
  uint32_t x = 1, y = 1, z = 1;
};

// Where an operand lies. The name is the shader's; the null Span: absent, address 0.
struct Operand {
  const char* name;
  Span span;
};

// A kernel over a grid of workgroups. Operands and constants go by their names in the shader, in any order,
// and all of them must be given.
struct Dispatch {
  std::string kernel;  // shaders/<kernel>.comp
  Groups groups = {};
  uint32_t lanes = 0;  // of a workgroup; 0: one subgroup
  std::vector<Constant> constants = {};
  std::vector<Operand> reads = {}, writes = {};  // what is read and written is among the writes
  std::vector<Span> behind = {};                 // read or written through addresses in a table
};

// What one recorded command touches: decides whether it must wait for commands before it.
struct Access {
  std::span<const Span> reads, writes;
  std::span<const Span> behind = {};  // read or written through addresses in a table
};

// The accesses since the last barrier. Pure bookkeeping, tested without a GPU.
class Hazards {
 public:
  // True when the access must not overlap in time with one noted before: then all earlier ones are forgotten,
  // as a barrier goes in front. The access is noted in any case.
  bool conflicts(const Access& access);
  void clear();

 private:
  struct Range {
    const Buffer* buffer;
    uint64_t begin, end;
  };
  static bool overlap(const std::vector<Range>& noted, std::span<const Span> spans);
  static void note(std::vector<Range>& noted, std::span<const Span> spans);
  std::vector<Range> reads_, writes_;
};

class Recorder {
 public:
  // timestamps: a pool with two queries a labelled step, or null.
  Recorder(Gpu& gpu, VkCommandBuffer commands, VkQueryPool timestamps = VK_NULL_HANDLE);
  Recorder(Gpu& gpu, std::vector<KernelWish>& wishes);  // records nothing: notes which kernels it would need

  void enter();                             // waits for everything before: host, transfer and compute
  void leave();                             // makes all writes visible to host, transfer and compute after it
  void begin_step(std::string_view label);  // debug label and timestamps around what follows
  void end_step();
  // params: the bytes of the shader's params struct. An Error if the shader takes anything else than is
  // given.
  void dispatch(const Dispatch& what, std::span<const std::byte> params);
  void copy(const Span& from, const Span& to);  // equal bytes
  void fill_zero(const Span& span);             // from a whole word on
  // The texels of a host's image, row by row; see HostImage for what is waited for.
  void copy(const HostImage& from, const Span& to);
  void copy(const Span& from, const HostImage& to);

  uint32_t dispatches() const { return dispatches_; }
  uint32_t barriers() const { return barriers_; }  // between commands: not those of enter and leave

 private:
  void order(const Access& access);
  void barrier(VkPipelineStageFlags also_before, VkPipelineStageFlags also_after) const;
  void stamp(uint32_t query) const;
  void turn(const HostImage& image, VkImageLayout copied, bool back) const;

  Gpu& gpu_;
  VkCommandBuffer commands_;
  VkQueryPool timestamps_;
  Hazards hazards_;
  uint32_t dispatches_ = 0, barriers_ = 0, steps_ = 0;
  const Kernel* bound_ = nullptr;
  bool labels_ = false;
  std::vector<KernelWish>* wishes_ = nullptr;
};

}  // namespace fovea
