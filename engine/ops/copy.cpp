#include "ops/copy.h"

#include <algorithm>

namespace fovea {
namespace {

// The kernels: elements of these words and bytes.
struct Element {
  const char* kernel;
  int64_t words;
};

// One 64-bit load is one gather for a CPU driver; the four words of a vector would be four.
std::vector<Element> elements_of(const Limits& limits) {
  constexpr Element kWord = {"contiguous_uint", 1};
  if (limits.kernels == KernelClass::cpu && limits.int64) return {{"contiguous_uint64", 2}, kWord};
  return {{"contiguous_uvec4", 4}, {"contiguous_uvec2", 2}, kWord};
}

bool fits(const Element& element, const std::vector<CopyAxis>& axes, uint64_t addresses) {
  const auto whole = [&](int64_t n) { return n % element.words == 0; };
  const CopyAxis& inner = axes.back();
  if (element.words == 1) return true;
  return inner.from == 1 && inner.to == 1 && whole(inner.extent) &&
         addresses % (uint64_t(element.words) * kElementBytes) == 0 &&
         std::all_of(axes.begin(), axes.end() - 1,
                     [&](const CopyAxis& axis) { return whole(axis.from) && whole(axis.to); });
}

// Turns strides and the innermost extent from words into elements.
void count_elements(std::vector<CopyAxis>& axes, int64_t words) {
  axes.back().extent /= words;
  for (auto axis = axes.begin(); axis != axes.end() - 1; ++axis) {
    axis->from /= words;
    axis->to /= words;
  }
}

// The axis to walk. A transpose's lanes write side by side and walk where the source has neighbours: they use
// up its lines. Otherwise the longest walk is best; along the innermost axis a step is as wide as a
// workgroup.
size_t walked_axis(const std::vector<CopyAxis>& axes, int64_t lanes) {
  constexpr int64_t kLine = 16, kEnough = 8;  // words of a line of memory, steps
  const size_t inner = axes.size() - 1;
  size_t best = inner;
  int64_t longest = ceil_div(axes[inner].extent, lanes);
  const bool transposed = axes[inner].from >= kLine;
  for (size_t i = 0; i < inner; ++i) {
    if (transposed && axes[i].from == 1 && axes[i].extent >= kEnough) return i;
    if (axes[i].extent < longest) continue;
    best = i;
    longest = axes[i].extent;
  }
  return best;
}

// Long walks are quick, as long as there are workgroups enough for all of the device.
uint32_t most_steps(const Limits& limits, uint64_t elements) {
  const bool cpu = limits.kernels == KernelClass::cpu;
  const uint64_t groups = cpu ? 64 : 2048, least = cpu ? 8 : 4, most = cpu ? 256 : 16;
  return uint32_t(std::clamp(elements / (limits.subgroup * groups), least, most));
}

}  // namespace

std::vector<CopyAxis> merged_axes(const Shape& shape, const Strides& from, const Strides& to) {
  std::vector<CopyAxis> axes;
  for (int i = 0; i < shape.rank(); ++i) {
    const CopyAxis next{shape[i], from[size_t(i)], to[size_t(i)]};
    if (next.extent == 1) continue;
    const bool one = !axes.empty() && axes.back().from == next.extent * next.from &&
                     axes.back().to == next.extent * next.to;
    if (one) {
      axes.back() = {axes.back().extent * next.extent, next.from, next.to};
    } else {
      axes.push_back(next);
    }
  }
  if (axes.empty()) axes.push_back({1, 1, 1});
  return axes;
}

CopyWay choose_copy(const Limits& limits, std::vector<CopyAxis> axes, uint64_t addresses) {
  const std::vector<Element> all = elements_of(limits);
  const Element& element =
      *std::find_if(all.begin(), all.end(), [&](const Element& each) { return fits(each, axes, addresses); });
  count_elements(axes, element.words);
  uint64_t elements = 1;
  for (const CopyAxis& axis : axes) elements *= uint64_t(axis.extent);

  const size_t walked = walked_axis(axes, limits.subgroup);
  const CopyAxis walk = axes[walked];
  int64_t pace = 1;
  if (walked + 1 == axes.size()) {
    pace = std::min<int64_t>(walk.extent, limits.subgroup);
    axes[walked].extent = pace;
  } else {
    axes.erase(axes.begin() + std::ptrdiff_t(walked));
  }
  const int64_t all_steps = ceil_div(walk.extent, pace);
  const int64_t most = most_steps(limits, elements), steps = ceil_div(all_steps, ceil_div(all_steps, most));

  ContiguousParams params{.lanes = uint32_t(ceil_div(all_steps, steps)),
                          .walk = uint32_t(walk.extent),
                          .steps = uint32_t(steps),
                          .pace = uint32_t(pace),
                          .step_from = uint32_t(pace * walk.from),
                          .step_to = uint32_t(pace * walk.to)};
  const size_t missing = std::size(params.extents) - axes.size();
  std::fill_n(params.extents, missing, 1);
  for (size_t i = 0; i < axes.size(); ++i) {
    params.lanes *= uint32_t(axes[i].extent);
    params.extents[missing + i] = uint32_t(axes[i].extent);
    params.from[missing + i] = uint32_t(axes[i].from);
    params.to[missing + i] = uint32_t(axes[i].to);
  }
  return {element.kernel, uint32_t(axes.size()), params};
}

void copy_strided(Launch& k, const Span& from, const Strides& from_strides, const Span& to,
                  const Strides& to_strides, const Shape& shape) {
  const CopyWay way =
      choose_copy(k.limits(), merged_axes(shape, from_strides, to_strides), from.address() | to.address());
  k.dispatch({.kernel = way.kernel,
              .groups = elements(k, way.params.lanes, 1),
              .constants = {{"kAxes", way.axes}},
              .reads = {{"x", from}},
              .writes = {{"y", to}}},
             way.params);
}

}  // namespace fovea
