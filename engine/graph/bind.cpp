// Inputs and outputs of a plan in a host's memory: what replaces their own, and what is copied around the
// steps.
#include <algorithm>

#include "core/check.h"
#include "gpu/texels.h"
#include "graph/arena.h"
#include "graph/plan_impl.h"

namespace fovea {
namespace {

constexpr uint64_t kAligned = 16;  // bytes that kernels read at a time

bool overlap(const Binding& a, const Binding& b) {
  return a.lent && b.lent && a.lent->handle() == b.lent->handle() && a.first < b.end && b.first < a.end;
}

// All of its base, row by row.
bool whole(const Value& value, const Value& base) {
  if (value.offset != 0 || value.shape.elements() != base.shape.elements()) return false;
  const Strides dense = contiguous_strides(value.shape);
  for (int axis = 0; axis < value.shape.rank(); ++axis)
    if (value.shape[axis] > 1 && value.strides[size_t(axis)] != dense[size_t(axis)]) return false;
  return base.layout == Layout::rows;
}

Shape shape_of(const HostImage& image) {
  const Shape texels{image.height, image.width};
  const uint32_t words = words_of(image.format);
  return words == 1 ? texels : texels.appended(words);
}

void check_layouts(const HostImage& image, bool read) {
  constexpr uint32_t kUndefined = VK_IMAGE_LAYOUT_UNDEFINED, kFresh = VK_IMAGE_LAYOUT_PREINITIALIZED;
  FOVEA_CHECK(!read || image.before != kUndefined, "bind: an image that is read, of layout UNDEFINED before");
  FOVEA_CHECK(image.after != kUndefined && image.after != kFresh,
              "bind: an image of layout UNDEFINED or PREINITIALIZED after");
}

}  // namespace

const Binding* Plan::Impl::binding_of(ValueId id) const {
  const auto of = [&](const Binding& each) { return each.value == values[id].base; };
  const auto found = std::find_if(bindings.begin(), bindings.end(), of);
  return found == bindings.end() ? nullptr : &*found;
}

bool Plan::Impl::of_image(ValueId id) const {
  return std::find(images.begin(), images.end(), values[id].base) != images.end();
}

void Plan::Impl::check_own(const char* what, ValueId id) const {
  FOVEA_CHECK(!binding_of(id), "plan: ", what, " of ", values[id].shape,
              ", which is bound to a host's memory");
  FOVEA_CHECK(!of_image(id), "plan: ", what, " of ", values[id].shape, ", which is for images alone");
}

// The base of an input or output that may be bound.
ValueId Plan::Impl::bindable(Tensor tensor) const {
  FOVEA_CHECK(tensor.id < values.size(), "bind: a tensor of another graph");
  const Value& value = values[tensor.id];
  const ValueId base = value.base;
  const bool output =
      std::any_of(outputs.begin(), outputs.end(), [&](ValueId each) { return values[each].base == base; });
  FOVEA_CHECK(values[base].input || output, "bind: ", value.shape, ", which is neither input nor output");
  FOVEA_CHECK(!values[base].state, "bind: ", value.shape, ", which lies in a State");
  FOVEA_CHECK(whole(value, values[base]), "bind: ", value.shape, ", which is a part or another order of ",
              values[base].shape);
  return base;
}

void Plan::Impl::unbind(ValueId base) {
  if (const Binding* known = binding_of(base)) {
    places[base] = known->own;
    bindings.erase(bindings.begin() + (known - bindings.data()));
  }
  stale = true;
}

void Plan::Impl::bind(ValueId base, const HostBuffer& buffer) {
  const Value& value = values[base];
  FOVEA_CHECK(buffer.bytes == value.bytes, "bind: a buffer of ", buffer.bytes, " bytes to ", value.shape,
              ", which takes ", value.bytes);
  FOVEA_CHECK(buffer.offset % kAligned == 0, "bind: bytes from ", buffer.offset,
              " on of a buffer, no multiple of ", kAligned);
  Binding made{
      .value = base, .own = {}, .lent = {}, .first = buffer.offset, .end = buffer.offset + buffer.bytes};
  made.lent = std::make_unique<Buffer>(gpu, buffer.handle, made.end);
  FOVEA_CHECK(made.lent->address() % kAligned == 0, "bind: a buffer at address ", made.lent->address(),
              ", no multiple of ", kAligned);
  for (const Binding& other : bindings) {
    const bool written = !value.input || !values[other.value].input;
    FOVEA_CHECK(other.value == base || !written || !overlap(made, other), "bind: ", value.shape, " at bytes ",
                made.first, " to ", made.end, " of a buffer, where ", values[other.value].shape, " lies at ",
                other.first, " to ", other.end);
  }
  unbind(base);
  made.own = places[base];
  places[base] = {made.lent.get(), buffer.offset, buffer.bytes};
  bindings.push_back(std::move(made));
}

void Plan::Impl::bind(ValueId base, const HostImage& image, const Shape& shape) {
  FOVEA_CHECK(values[base].dtype == DType::u32, "bind: an image to ", shape, ", which holds ",
              name(values[base].dtype), ", texels are u32");
  FOVEA_CHECK(image.width > 0 && image.height > 0 && shape_of(image) == shape, "bind: an image of ",
              image.width, " x ", image.height, " texels of ", name(image.format), " to ", shape);
  check_layouts(image, values[base].input);
  unbind(base);
  bindings.push_back({.value = base, .own = places[base], .lent = {}, .image = image});
}

// The parts of io in [begin, end) that the host reads and writes by way of staging.
std::vector<Span> Plan::Impl::staged(uint64_t begin, uint64_t end) const {
  std::vector<Span> holes;
  for (const Binding& each : bindings) holes.push_back(each.own);
  std::sort(holes.begin(), holes.end(), [](const Span& a, const Span& b) { return a.offset < b.offset; });
  std::vector<Span> result;
  for (const Span& hole : holes) {
    if (hole.offset < begin || hole.offset >= end) continue;
    if (hole.offset > begin) result.push_back({io.get(), begin, hole.offset - begin});
    begin = hole.offset + arena_aligned(hole.bytes);
  }
  if (begin < end) result.push_back({io.get(), begin, end - begin});
  return result;
}

void Plan::Impl::copy_in(Recorder& recorder) {
  for (const Binding& each : bindings)
    if (touches_images && each.image.handle && values[each.value].input) recorder.copy(each.image, each.own);
  if (!staging) return;
  for (const Span& part : staged(0, input_bytes))
    recorder.copy({staging.get(), part.offset, part.bytes}, part);
}

void Plan::Impl::copy_out(Recorder& recorder) {
  for (const Binding& each : bindings)
    if (touches_images && each.image.handle && !values[each.value].input) recorder.copy(each.own, each.image);
  if (!staging) return;
  for (const Span& part : staged(input_bytes, staged_bytes))
    recorder.copy(part, {staging.get(), part.offset, part.bytes});
}

void Plan::Impl::prepare(uint32_t times) {
  for (const Binding& each : bindings)
    FOVEA_CHECK(times == 1 || !each.image.handle || each.image.before == each.image.after, "plan: ", times,
                " replays of an image that has layout ", each.image.before, " before and ", each.image.after,
                " after each");
  if (stale) record_anew(VK_NULL_HANDLE);
}

void Plan::bind(Tensor tensor, const HostBuffer& buffer) {
  const ValueId base = impl_->bindable(tensor);
  if (buffer.handle == VkBuffer{}) return impl_->unbind(base);
  impl_->bind(base, buffer);
}

void Plan::bind(Tensor tensor, const HostImage& image) {
  const ValueId base = impl_->bindable(tensor);
  if (image.handle == VkImage{}) return impl_->unbind(base);
  impl_->bind(base, image, impl_->values[tensor.id].shape);
}

}  // namespace fovea
