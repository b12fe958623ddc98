#include "gpu/memory.h"

#include <catch2/catch_test_macros.hpp>

#include "gpu/environment.h"
#include "support/check.h"
#include "support/submissions.h"

using namespace fovea;
using namespace fovea::test;

namespace {

std::vector<std::byte> pattern(uint64_t bytes, uint32_t seed) {
  std::vector<std::byte> result(bytes);
  for (uint64_t i = 0; i < bytes; ++i)
    result[i] = static_cast<std::byte>((i * 131 + seed * 29 + (i >> 9)) % 251);
  return result;
}

// Writes a part of a buffer that held something else; exactly that part changes.
void check_round_trip(Gpu& gpu, const Buffer& buffer, uint64_t offset, uint64_t bytes) {
  Memory& memory = gpu.memory();
  std::vector<std::byte> want = pattern(buffer.bytes(), 1);
  const std::vector<std::byte> part = pattern(bytes, 2);
  memory.write(buffer, 0, want);
  memory.write(buffer, offset, part);
  std::copy(part.begin(), part.end(), want.begin() + static_cast<int64_t>(offset));

  std::vector<std::byte> got(buffer.bytes());
  memory.read(buffer, 0, got);
  CHECK(got == want);
  std::vector<std::byte> again(bytes);
  memory.read(buffer, offset, again);
  CHECK(again == part);
}

void check_memory(Device& device) {
  Gpu& gpu = device.gpu();
  for (const uint64_t bytes : {1, 2, 3, 4, 5, 63, 64, 65, 1009}) {
    const Buffer buffer(gpu, bytes + 11, MemoryKind::device, "round trip");
    CHECK(buffer.address() % 64 == 0);
    CHECK((buffer.mapped() != nullptr) == gpu.memory().device_is_mapped());
    for (const uint64_t offset : {0, 1, 3, 7, 11}) check_round_trip(gpu, buffer, offset, bytes);
  }
  const Buffer large(gpu, (9u << 20) + 13, MemoryKind::device, "large");  // several pieces of the ring
  check_round_trip(gpu, large, 5, (9u << 20) + 1);
  check_round_trip(gpu, large, 0, 2u << 20);
  check_round_trip(gpu, large, 3, (4u << 20) + 1);

  for (const uint64_t bytes : {1, 7, 4096, 4099}) {
    const Buffer buffer(gpu, bytes, MemoryKind::device, "zeros");
    gpu.memory().write(buffer, 0, pattern(bytes, 3));
    gpu.memory().fill_zero(buffer);
    std::vector<std::byte> got(bytes, std::byte{1});
    gpu.memory().read(buffer, 0, got);
    CHECK(got == std::vector<std::byte>(bytes));
  }
  CHECK(device.validation_messages().empty());
}

}  // namespace

TEST_CASE("what is written to memory is read back") {
  Device device;
  check_memory(device);
  CHECK(device.memory().used == 0);
}

TEST_CASE("what is written through the staging ring is read back") {
  Device device({.disable = {"mapped"}});
  CHECK(!device.gpu().memory().device_is_mapped());
  check_memory(device);
  CHECK(device.memory().used == 0);  // the ring itself is not counted
}

TEST_CASE("kernels see staged writes, and staged reads see kernels' writes") {
  Device device({.disable = {"mapped"}});
  Gpu& gpu = device.gpu();
  const std::vector<float> values = random_values(3001, 4);
  const Buffer x(gpu, values.size() * 4, MemoryKind::device, "x"),
      y(gpu, values.size() * 4, MemoryKind::device, "y");
  write_floats(gpu, x, values);
  const Commands commands(gpu);
  commands.begin();
  Recorder recorder(gpu, commands.handle());
  recorder.enter();
  record_scale(gpu, recorder, {&x, 0, x.bytes()}, {&y, 0, y.bytes()}, 2);
  recorder.leave();
  commands.end();
  gpu.submit({commands.handle()});  // read() comes after what was submitted
  std::vector<float> want = values;
  for (float& value : want) value *= 2;
  CHECK(read_floats(gpu, y) == want);
  CHECK(device.validation_messages().empty());
}

TEST_CASE("staging buffers are mapped") {
  Gpu& gpu = device().gpu();
  const Buffer staging(gpu, 1000, MemoryKind::staging, "staging");
  REQUIRE(staging.mapped() != nullptr);
  check_round_trip(gpu, staging, 1, 900);
}

TEST_CASE("a buffer larger than the device allows is an error with both numbers") {
  Gpu& gpu = device().gpu();
  const uint64_t most = gpu.limits().max_buffer_bytes;
  check_rejects([&] { Buffer(gpu, most + 1, MemoryKind::device, "arena"); },
                {"arena", std::to_string(most), std::to_string(most + 1)});
  check_rejects([&] { Buffer(gpu, 0, MemoryKind::device, "arena"); }, {"arena", "0 bytes"});
}

TEST_CASE("copies outside a buffer are rejected") {
  Gpu& gpu = device().gpu();
  const Buffer buffer(gpu, 100, MemoryKind::device, "small");
  std::vector<std::byte> bytes(51);
  check_rejects([&] { gpu.memory().write(buffer, 50, bytes); }, {"write", "51", "50", "100"});
  check_rejects([&] { gpu.memory().read(buffer, UINT64_MAX, bytes); }, {"read", "51", "100"});
  gpu.memory().write(buffer, 100, {});
  check_rejects([&] { gpu.memory().copy({&buffer, 60, 41}, {&buffer, 0, 41}); }, {"copy", "41", "60", "100"});
}

TEST_CASE("live buffers are counted, and nothing remains") {
  Device device;
  CHECK(device.memory().used == 0);
  {
    const Buffer a(device.gpu(), 1000, MemoryKind::device, "a"),
        b(device.gpu(), 234, MemoryKind::staging, "b");
    CHECK(device.memory().used == 1234);
    check_rejects([&] { Buffer(device.gpu(), 0, MemoryKind::device, "c"); }, {"c"});
    CHECK(device.memory().used == 1234);
  }
  CHECK(device.memory().used == 0);
}

TEST_CASE("what is held covers what is used, and the largest is remembered") {
  Device device;
  CHECK(device.memory().used == 0);
  uint64_t held = 0;
  {
    const Buffer a(device.gpu(), 50 << 20, MemoryKind::device, "a");
    const MemoryUse use = device.memory();
    CHECK(use.used == 50 << 20);
    CHECK(use.held >= use.used);
    CHECK(use.largest == use.held);
    held = use.held;
  }
  CHECK(device.memory().used == 0);
  CHECK(device.memory().held < held);
  CHECK(device.memory().largest == held);
}

TEST_CASE("more than the memory limit is an error with its code, and the device goes on") {
  Device device({.memory_limit = 40 << 20, .memory_block = 4 << 20});
  const Buffer a(device.gpu(), 8 << 20, MemoryKind::device, "a");
  try {
    const Buffer b(device.gpu(), 48 << 20, MemoryKind::device, "b");
    FAIL("made beyond the limit");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::out_of_memory);
    CHECK(std::string(error.what()).find("memory_limit is 41943040") != std::string::npos);
  }
  const Buffer c(device.gpu(), 8 << 20, MemoryKind::device, "c");
  CHECK(device.memory().held <= 40 << 20);
  CHECK(device.memory().used == 16 << 20);
}

TEST_CASE("trim gives the staging ring back, and it comes again") {
  Device device({.disable = {"mapped"}});
  Gpu& gpu = device.gpu();
  const Buffer buffer(gpu, 1000, MemoryKind::device, "buffer");
  device.trim();  // the self-test has copied too
  const uint64_t before = device.memory().held;
  check_round_trip(gpu, buffer, 0, 1000);
  CHECK(device.memory().held > before);
  device.trim();
  CHECK(device.memory().held == before);
  CHECK(device.memory().used == 1000);
  check_round_trip(gpu, buffer, 3, 500);
  CHECK(device.memory().used == 1000);
}

TEST_CASE("writes through the ring gather into few submissions") {
  Device device({.disable = {"mapped"}});
  Gpu& gpu = device.gpu();
  const Buffer buffer(gpu, 100 * 4096, MemoryKind::device, "buffer");
  gpu.memory().fill_zero(buffer);
  SubmissionCount count(device);
  std::vector<float> values = random_values(100 * 1024, 6);
  for (uint64_t i = 0; i < 100; ++i)
    gpu.memory().write(buffer, i * 4096, std::as_bytes(std::span(values).subspan(i * 1024, 1024)));
  CHECK(read_floats(gpu, buffer) == values);
  CHECK(count.value() <= 3);
  CHECK(device.validation_messages().empty());
}
