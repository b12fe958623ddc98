#include "gpu/staging.h"

#include <algorithm>
#include <cstring>

#include "gpu/gpu.h"

namespace fovea {
namespace {

constexpr uint64_t kRingBytes = 4u << 20;
constexpr uint64_t kHalfBytes = kRingBytes / 2;

}  // namespace

Staging::Staging(Gpu& gpu)
    : gpu_(gpu), buffer_(gpu, kRingBytes, MemoryKind::ring, "staging ring"), halves_{Half(gpu), Half(gpu)} {}

Staging::~Staging() {
  try {
    drain();
  } catch (const Error&) {
    // A lost device copies nothing any more.
  }
}

std::byte* Staging::place(size_t half) const { return buffer_.mapped() + half * kHalfBytes; }

Staging::Half& Staging::open() {
  Half& half = halves_[turn_];
  if (half.recorder) return half;
  gpu_.queue().wait(half.submitted);
  half.commands.begin();
  half.recorder.emplace(gpu_, half.commands.handle());
  half.recorder->enter();
  half.filled = 0;
  return half;
}

void Staging::close() {
  Half& half = halves_[turn_];
  if (!half.recorder) return;
  half.recorder->leave();
  half.recorder.reset();
  half.commands.end();
  half.submitted = gpu_.queue().submit({half.commands.handle()});
  turn_ = 1 - turn_;
}

void Staging::write(const Buffer& to, uint64_t offset, std::span<const std::byte> bytes) {
  const std::lock_guard lock(mutex_);
  while (!bytes.empty()) {
    Half& half = open();
    const uint64_t piece = std::min<uint64_t>(kHalfBytes - half.filled, bytes.size());
    std::memcpy(place(turn_) + half.filled, bytes.data(), piece);
    half.recorder->copy({&buffer_, turn_ * kHalfBytes + half.filled, piece}, {&to, offset, piece});
    half.filled += (piece + 3) / 4 * 4;
    offset += piece;
    bytes = bytes.subspan(piece);
    if (half.filled >= kHalfBytes) close();
  }
}

void Staging::copy(const Span& from, const Span& to) {
  const std::lock_guard lock(mutex_);
  open().recorder->copy(from, to);
}

void Staging::fill_zero(const Buffer& buffer) {
  const std::lock_guard lock(mutex_);
  open().recorder->fill_zero({&buffer, 0, buffer.bytes()});
}

void Staging::flush() {
  const std::lock_guard lock(mutex_);
  close();
}

void Staging::drain() {
  const std::lock_guard lock(mutex_);
  close();
  for (const Half& half : halves_) gpu_.queue().wait(half.submitted);
}

void Staging::read(const Buffer& from, uint64_t offset, std::span<std::byte> bytes) {
  const std::lock_guard lock(mutex_);
  close();
  std::array<std::span<std::byte>, 2> pending;  // where the content of each half goes
  const auto collect = [&](size_t h) {
    if (pending[h].empty()) return;
    gpu_.queue().wait(halves_[h].submitted);
    std::memcpy(pending[h].data(), place(h), pending[h].size());
    pending[h] = {};
  };
  while (!bytes.empty()) {
    const size_t h = turn_;
    collect(h);
    pending[h] = bytes.first(std::min<uint64_t>(kHalfBytes, bytes.size()));
    open().recorder->copy({&from, offset, pending[h].size()}, {&buffer_, h * kHalfBytes, pending[h].size()});
    close();
    offset += pending[h].size();
    bytes = bytes.subspan(pending[h].size());
  }
  collect(turn_);
  collect(1 - turn_);
}

}  // namespace fovea
