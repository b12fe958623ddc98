#include "core/check.h"
#include "fovea/device.hpp"
#include "fovea/graph.hpp"
#include "gpu/gpu.h"

namespace fovea {
namespace {

template <class T>
void write_state(const State& state, DType dtype, Gpu& gpu, std::span<const T> values) {
  FOVEA_CHECK(state.dtype() == dtype, "state: holds ", name(state.dtype()), ", ", name(dtype),
              " was written");
  FOVEA_CHECK(values.size_bytes() == state.bytes(), "state: ", state.shape(), " takes ",
              state.bytes() / sizeof(T), " values, got ", values.size());
  gpu.memory().write(state.buffer(), state.offset() * kElementBytes, std::as_bytes(values));
}

template <class T>
std::vector<T> read_state(const State& state, DType dtype, Gpu& gpu) {
  FOVEA_CHECK(state.dtype() == dtype, "state: holds ", name(state.dtype()), ", ", name(dtype), " was read");
  std::vector<T> values(state.bytes() / sizeof(T));
  gpu.memory().read(state.buffer(), state.offset() * kElementBytes,
                    std::as_writable_bytes(std::span(values)));
  return values;
}

}  // namespace

State::State(Device& device, const Shape& shape, DType dtype, Layout layout)
    : shape_(shape),
      dtype_(dtype),
      layout_(layout),
      gpu_(&device.gpu()),
      owned_(std::make_unique<Buffer>(*gpu_, storage_bytes(shape, layout), MemoryKind::device, "state")),
      buffer_(owned_.get()) {
  gpu_->memory().fill_zero(*owned_);
}

State::State(const State& whole, uint64_t offset, const Shape& shape, Layout layout)
    : shape_(shape),
      dtype_(whole.dtype_),
      layout_(layout),
      gpu_(whole.gpu_),
      buffer_(whole.buffer_),
      offset_(whole.offset_ + offset) {
  constexpr uint64_t kAligned = 16 / kElementBytes;
  FOVEA_CHECK(offset % kAligned == 0, "state: a part that starts at element ", offset, ", no multiple of ",
              kAligned);
  FOVEA_CHECK(offset * kElementBytes + bytes() <= whole.bytes(), "state: a part ", shape, " of ", bytes(),
              " bytes from element ", offset, " on, of ", whole.shape_, " with ", whole.bytes(), " bytes");
}

State::~State() = default;
State::State(State&&) noexcept = default;
State& State::operator=(State&&) noexcept = default;

uint64_t State::bytes() const { return storage_bytes(shape_, layout_); }
void State::write(std::span<const float> values) { write_state(*this, DType::f32, *gpu_, values); }
void State::write(std::span<const uint32_t> values) { write_state(*this, DType::u32, *gpu_, values); }
void State::write(const State& from) {
  FOVEA_CHECK(from.dtype_ == dtype_ && from.bytes() == bytes(), "state: ", shape_, " of ", name(dtype_), ", ",
              bytes(), " bytes, takes no ", from.shape_, " of ", name(from.dtype_), ", ", from.bytes(),
              " bytes");
  gpu_->memory().copy({from.buffer_, from.offset_ * kElementBytes, bytes()},
                      {buffer_, offset_ * kElementBytes, bytes()});
}
std::vector<float> State::read() const { return read_state<float>(*this, DType::f32, *gpu_); }
std::vector<uint32_t> State::read_u32() const { return read_state<uint32_t>(*this, DType::u32, *gpu_); }

}  // namespace fovea
