#include "gpu/recorder.h"

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <functional>
#include <random>

#include "gpu/environment.h"
#include "gpu/profile.h"
#include "support/check.h"

using namespace fovea;
using namespace fovea::test;

namespace {

// Stand-ins: Hazards only compares the addresses of buffers.
const Buffer* fake(uintptr_t number) { return reinterpret_cast<const Buffer*>(number * 4096); }

// What each byte of three buffers saw since the last barrier.
class ByteModel {
 public:
  bool conflicts(const Access& access) {
    bool found = false;
    each(access.reads, [&](Byte& byte) { found |= byte.written; });
    each(access.writes, [&](Byte& byte) { found |= byte.written || byte.read; });
    if (found) bytes_ = {};
    each(access.reads, [](Byte& byte) { byte.read = true; });
    each(access.writes, [](Byte& byte) { byte.written = true; });
    return found;
  }

 private:
  struct Byte {
    bool read = false, written = false;
  };
  void each(std::span<const Span> spans, const std::function<void(Byte&)>& action) {
    for (const Span& span : spans) {
      if (!span.buffer) continue;
      const size_t buffer = reinterpret_cast<uintptr_t>(span.buffer) / 4096 - 1;
      for (uint64_t i = span.offset; i < span.offset + span.bytes; ++i) action(bytes_[buffer][i]);
    }
  }
  std::array<std::array<Byte, 32>, 3> bytes_{};
};

// Records, submits and waits; returns the number of barriers.
uint32_t run(Gpu& gpu, const std::function<void(Recorder&)>& work) {
  const Commands commands(gpu);
  commands.begin();
  Recorder recorder(gpu, commands.handle());
  recorder.enter();
  work(recorder);
  recorder.leave();
  commands.end();
  gpu.wait(gpu.submit({commands.handle()}));
  return recorder.barriers();
}

struct Buffers {
  explicit Buffers(Gpu& gpu)
      : a(gpu, kBytes, MemoryKind::device, "a"),
        b(gpu, kBytes, MemoryKind::device, "b"),
        c(gpu, kBytes, MemoryKind::device, "c") {
    write_floats(gpu, a, std::vector<float>(kFloats, 1));
    write_floats(gpu, b, std::vector<float>(kFloats, 3));
    write_floats(gpu, c, std::vector<float>(kFloats, 5));
  }
  static constexpr uint64_t kFloats = 1000, kBytes = 4 * kFloats;
  Buffer a, b, c;
};

Span all(const Buffer& buffer) { return {&buffer, 0, buffer.bytes()}; }

}  // namespace

TEST_CASE("any two accesses conflict just when a byte that one writes is touched by both") {
  for (uint64_t begin = 0; begin < 4; ++begin) {
    for (uint64_t end = begin; end < 5; ++end) {
      for (uint64_t from = 0; from < 4; ++from) {
        for (uint64_t to = from; to < 5; ++to) {
          for (int kinds = 0; kinds < 8; ++kinds) {
            const Span first{fake(1), begin, end - begin}, second{fake(kinds & 4 ? 2 : 1), from, to - from};
            const std::span<const Span> one(&first, 1), two(&second, 1);
            const Access before = kinds & 1 ? Access{{}, one} : Access{one, {}};
            const Access after = kinds & 2 ? Access{{}, two} : Access{two, {}};
            Hazards hazards;
            ByteModel model;
            REQUIRE(hazards.conflicts(before) == model.conflicts(before));
            REQUIRE(hazards.conflicts(after) == model.conflicts(after));
          }
        }
      }
    }
  }
}

TEST_CASE("random sequences of accesses agree with a model of every byte") {
  std::mt19937 random(7);
  const auto below = [&](uint32_t n) { return random() % n; };
  uint32_t conflicts = 0;
  for (int sequence = 0; sequence < 2000; ++sequence) {
    Hazards hazards;
    ByteModel model;
    for (int command = 0; command < 12; ++command) {
      std::array<Span, 5> spans;
      for (Span& span : spans) {
        const uint32_t offset = below(32);
        span = {below(8) ? fake(1 + below(3)) : nullptr, offset, below(32 - offset + 1)};
        if (below(2)) span.bytes = std::min<uint64_t>(span.bytes, 4);
      }
      const size_t reads = below(4);
      const Access access{std::span(spans).first(reads), std::span(spans).subspan(reads, 1 + below(2))};
      const bool found = hazards.conflicts(access);
      conflicts += found;
      REQUIRE(found == model.conflicts(access));
    }
  }
  CHECK(conflicts > 2000);
  CHECK(conflicts < 20000);
}

TEST_CASE("cleared hazards are forgotten") {
  Hazards hazards;
  const Span span{fake(1), 0, 4};
  const Access write{{}, std::span(&span, 1)};
  CHECK(!hazards.conflicts(write));
  CHECK(hazards.conflicts(write));
  hazards.clear();
  CHECK(!hazards.conflicts(write));
}

TEST_CASE("independent dispatches have no barrier between them") {
  Gpu& gpu = device().gpu();
  const Buffers buffers(gpu);
  const uint32_t barriers = run(gpu, [&](Recorder& recorder) {
    record_scale(gpu, recorder, all(buffers.a), all(buffers.b), 2);
    record_scale(gpu, recorder, all(buffers.a), all(buffers.c), 3);  // reads may overlap
  });
  CHECK(barriers == 0);
  CHECK(read_floats(gpu, buffers.b) == std::vector<float>(Buffers::kFloats, 2));
  CHECK(read_floats(gpu, buffers.c) == std::vector<float>(Buffers::kFloats, 3));
  CHECK(device().validation_messages().empty());
}

TEST_CASE("disjoint halves of one buffer have no barrier between them") {
  Gpu& gpu = device().gpu();
  const Buffers buffers(gpu);
  const Span low{&buffers.a, 0, 2000}, high{&buffers.a, 2000, 2000};
  const uint32_t barriers = run(gpu, [&](Recorder& recorder) {
    record_scale(gpu, recorder, low, low, 2);
    record_scale(gpu, recorder, high, high, 4);
  });
  CHECK(barriers == 0);
  std::vector<float> want(Buffers::kFloats, 2);
  std::fill(want.begin() + 500, want.end(), 4.0f);
  CHECK(read_floats(gpu, buffers.a) == want);
  CHECK(device().validation_messages().empty());
}

TEST_CASE("a chain of n dispatches has n - 1 barriers") {
  Gpu& gpu = device().gpu();
  const Buffers buffers(gpu);
  const uint32_t in_place = run(gpu, [&](Recorder& recorder) {
    for (int i = 0; i < 9; ++i) record_scale(gpu, recorder, all(buffers.a), all(buffers.a), 2);
  });
  CHECK(in_place == 8);
  CHECK(read_floats(gpu, buffers.a) == std::vector<float>(Buffers::kFloats, 512));

  const uint32_t ping_pong = run(gpu, [&](Recorder& recorder) {
    for (int i = 0; i < 6; ++i) {
      record_scale(gpu, recorder, all(i % 2 ? buffers.c : buffers.b), all(i % 2 ? buffers.b : buffers.c), 2);
    }
  });
  CHECK(ping_pong == 5);
  CHECK(read_floats(gpu, buffers.b) == std::vector<float>(Buffers::kFloats, 3 * 64));
  CHECK(device().validation_messages().empty());
}

TEST_CASE("each kind of conflict has a barrier, and one barrier serves all that follow") {
  Gpu& gpu = device().gpu();
  const Buffers buffers(gpu);
  const Buffer d(gpu, Buffers::kBytes, MemoryKind::device, "d");
  const uint32_t write_after_read = run(gpu, [&](Recorder& recorder) {
    record_scale(gpu, recorder, all(buffers.a), all(buffers.b), 2);
    record_scale(gpu, recorder, all(buffers.c), all(buffers.a), 2);
  });
  CHECK(write_after_read == 1);
  const uint32_t write_after_write = run(gpu, [&](Recorder& recorder) {
    record_scale(gpu, recorder, all(buffers.a), all(buffers.c), 3);
    record_scale(gpu, recorder, all(buffers.b), all(buffers.c), 4);
  });
  CHECK(write_after_write == 1);
  CHECK(read_floats(gpu, buffers.c) == std::vector<float>(Buffers::kFloats, 8));
  const uint32_t shared = run(gpu, [&](Recorder& recorder) {
    record_scale(gpu, recorder, all(buffers.a), all(buffers.b), 2);
    record_scale(gpu, recorder, all(buffers.a), all(buffers.c), 2);
    record_scale(gpu, recorder, all(buffers.b), all(d), 2);
    record_scale(gpu, recorder, all(buffers.c), all(buffers.a), 2);
  });
  CHECK(shared == 1);
  CHECK(device().validation_messages().empty());
}

TEST_CASE("copies are ordered with dispatches") {
  Gpu& gpu = device().gpu();
  const Buffers buffers(gpu);
  const uint32_t barriers = run(gpu, [&](Recorder& recorder) {
    recorder.copy({&buffers.a, 0, 400}, {&buffers.b, 400, 400});
    recorder.copy({&buffers.c, 0, 400}, {&buffers.b, 800, 400});
    record_scale(gpu, recorder, all(buffers.b), all(buffers.a), 2);
    recorder.copy({&buffers.a, 0, 2000}, {&buffers.a, 2000, 2000});
  });
  CHECK(barriers == 2);
  std::vector<float> want(Buffers::kFloats, 6);
  for (const size_t at : {100, 600}) {
    std::fill_n(want.begin() + static_cast<int64_t>(at), 100, 2.0f);
    std::fill_n(want.begin() + static_cast<int64_t>(at) + 100, 100, 10.0f);
  }
  CHECK(read_floats(gpu, buffers.a) == want);
  CHECK(device().validation_messages().empty());
}

TEST_CASE("the recorder rejects what does not fit") {
  Gpu& gpu = device().gpu();
  const Buffers buffers(gpu);
  const Commands commands(gpu);
  commands.begin();
  Recorder recorder(gpu, commands.handle());
  const std::vector<std::byte> params(8);
  const auto scale = [&](const Groups& groups, const Span& from, size_t bytes) {
    recorder.dispatch(
        {.kernel = "scale", .groups = groups, .reads = {{"x", from}}, .writes = {{"y", all(buffers.b)}}},
        std::span(params).first(bytes));
  };
  const uint32_t most = gpu.limits().max_groups[1];
  check_rejects([&] { scale({1, most + 1, 1}, all(buffers.a), 8); },
                {"scale", "along y", std::to_string(most), std::to_string(most + 1)});
  check_rejects([&] { scale({0, 1, 1}, all(buffers.a), 8); }, {"scale", "0 workgroups", "along x"});
  check_rejects([&] { scale({}, all(buffers.a), 7); }, {"scale", "7 bytes", "8"});
  check_rejects([&] { scale({}, {&buffers.a, 3000, 1004}, 8); }, {"scale", "3000", "4004", "4000"});
  check_rejects([&] { recorder.copy(Span{&buffers.a, 0, 8}, Span{&buffers.b, 0, 4}); }, {"copy", "8", "4"});
  check_rejects([&] { recorder.copy(Span{&buffers.a, 0, 8}, Span{&buffers.a, 4, 8}); }, {"copy", "overlap"});
  check_rejects([&] { recorder.copy(Span{}, Span{&buffers.a, 4, 8}); }, {"copy", "absent"});
  CHECK(recorder.dispatches() == 0);
  CHECK(recorder.barriers() == 0);
  commands.end();
}

TEST_CASE("an absent span is address 0 and conflicts with nothing") {
  Gpu& gpu = device().gpu();
  const Buffers buffers(gpu);
  const Commands commands(gpu);  // recorded, never submitted: the kernel would read the absent operand
  commands.begin();
  Recorder recorder(gpu, commands.handle());
  const Span absent, a = all(buffers.a), b = all(buffers.b);
  CHECK(absent.address() == 0);
  const std::vector<std::byte> params(8);
  const auto scale = [&](const Span& from, const Span& to) {
    recorder.dispatch({.kernel = "scale", .reads = {{"x", from}}, .writes = {{"y", to}}}, params);
  };
  scale(absent, b);
  scale(a, absent);
  scale(absent, absent);
  CHECK(recorder.dispatches() == 3);
  CHECK(recorder.barriers() == 0);
  commands.end();
}

TEST_CASE("every step has its time") {
  Gpu& gpu = device().gpu();
  const Buffers buffers(gpu);
  const Timestamps timestamps(gpu, 3);
  const Commands commands(gpu);
  commands.begin();
  timestamps.reset(commands.handle());
  Recorder recorder(gpu, commands.handle(), timestamps.pool());
  recorder.enter();
  for (int step = 0; step < 2; ++step) {
    recorder.begin_step("scale");
    for (int i = 0; i < 20; ++i) record_scale(gpu, recorder, all(buffers.a), all(buffers.a), 1);
    recorder.end_step();
  }
  recorder.leave();
  commands.end();
  gpu.wait(gpu.submit({commands.handle()}));
  const std::vector<double> times = timestamps.milliseconds();
  REQUIRE(times.size() == 3);
  for (int step = 0; step < 2; ++step) {
    CHECK((times[step] > 0) == (timestamps.pool() != VK_NULL_HANDLE));
    CHECK(times[step] < 60000);
  }
  CHECK(times[2] == 0);  // never recorded
  CHECK(device().validation_messages().empty());
}

TEST_CASE("without timestamps all times are 0") {
  Device quiet({.disable = {"timestamps", "debug_labels"}});
  const Timestamps timestamps(quiet.gpu(), 2);
  CHECK(timestamps.pool() == VK_NULL_HANDLE);
  CHECK(timestamps.milliseconds() == std::vector<double>{0, 0});
  CHECK(timestamps.fault().empty());
  CHECK(quiet.gpu().nanoseconds_per_tick() == 0);
  CHECK(Timestamps(device().gpu(), 0).milliseconds().empty());
}
