#include <catch2/catch_test_macros.hpp>
#include <optional>

#include "fovea/job.hpp"
#include "fovea/ops.hpp"
#include "gpu/gpu.h"
#include "support/check.h"
#include "support/host_memory.h"

using namespace fovea;
using namespace fovea::test;

namespace {

constexpr uint32_t kGeneral = VK_IMAGE_LAYOUT_GENERAL, kRead = VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL,
                   kTarget = VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL,
                   kSource = VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL, kUndefined = VK_IMAGE_LAYOUT_UNDEFINED;

// A host with a device of its own that Fovea adopts, with mapped memory and without.
template <class Work>
void with_host(const Work& work) {
  for (const std::vector<std::string>& off : {std::vector<std::string>{}, {"mapped"}}) {
    INFO((off.empty() ? "mapped" : "staged"));
    Host host;
    {
      Device adopted(host.offer(), {.disable = off});
      HostMemory memory(host, adopted);
      work(host, adopted, memory);
    }
    host.destroy_device();
    CHECK(host.messages == std::vector<std::string>{});
  }
}

// y = (2 a + b) 3, of odd sizes, and sum = a + b.
struct Sums {
  explicit Sums(Device& device) {
    a = graph.input({kRows, kColumns});
    b = graph.input({kRows, kColumns});
    y = scale(add(scale(a, 2), b), 3);
    sum = add(a, b);
    plan.emplace(device, graph, std::vector{y, sum});
  }
  static std::vector<float> made(const std::vector<float>& a, const std::vector<float>& b, bool sum) {
    std::vector<float> result;
    for (size_t i = 0; i < a.size(); ++i) result.push_back(sum ? a[i] + b[i] : (2 * a[i] + b[i]) * 3);
    return result;
  }
  static constexpr int64_t kRows = 3, kColumns = 53, kCount = kRows * kColumns;
  Graph graph;
  Tensor a, b, y, sum;
  std::optional<Plan> plan;
};

// A copy of texels: every word of `in` comes out, through a step.
struct Texels {
  Texels(Device& device, const Shape& shape, bool of_images = false) {
    in = graph.input(shape, DType::u32);
    out = pad(in, 0, 1, 0);  // a row of zeros in front
    PlanOptions options;
    if (of_images) options.images = {in, out};
    plan.emplace(device, graph, std::vector{out}, options);
  }
  Graph graph;
  Tensor in, out;
  std::optional<Plan> plan;
};

std::vector<float> whole_numbers(uint32_t seed) {
  std::vector<float> values;
  for (const uint32_t id : random_ids(Sums::kCount, seed, 1000)) values.push_back(float(id));
  return values;
}

}  // namespace

TEST_CASE("a plan reads and writes a host's buffers where they lie") {
  with_host([](const Host&, Device& adopted, HostMemory& memory) {
    Sums sums(adopted);
    const std::vector<float> a = whole_numbers(1), b = whole_numbers(2), other = whole_numbers(3);
    const HostBuffer host_a = memory.buffer(a, 48), host_y = memory.buffer(std::vector<float>(a.size()), 16);
    sums.plan->write(sums.a, other);
    sums.plan->write(sums.b, b);
    sums.plan->bind(sums.a, host_a);
    sums.plan->bind(sums.y, host_y);
    for (int replay = 0; replay < 3; ++replay) sums.plan->run();
    CHECK(memory.values(host_y) == Sums::made(a, b, false));
    CHECK(sums.plan->read(sums.sum) == Sums::made(a, b, true));
    check_rejects([&] { sums.plan->write(sums.a, a); }, {"plan", "write", "(3, 53)", "bound"});
    check_rejects([&] { sums.plan->read(sums.y); }, {"plan", "read", "(3, 53)", "bound"});
    // Around what was written the buffer is as it was.
    const std::vector<uint32_t> all = memory.words({host_y.handle, 0, host_y.bytes + 32});
    for (size_t i = 0; i < 4; ++i) CHECK((all[i] == 0x5a5a5a5a && all[all.size() - 1 - i] == 0x5a5a5a5a));

    // Back in the plan's own memory, which still holds what was written.
    sums.plan->bind(sums.a, HostBuffer{});
    sums.plan->bind(sums.y, HostBuffer{});
    sums.plan->run();
    CHECK(sums.plan->read(sums.y) == Sums::made(other, b, false));
  });
}

TEST_CASE("another buffer of a host takes the place of the first") {
  with_host([](const Host&, Device& adopted, HostMemory& memory) {
    Sums sums(adopted);
    const std::vector<float> b = whole_numbers(2);
    sums.plan->write(sums.b, b);
    const HostBuffer ring = memory.buffer(std::vector<uint32_t>(2 * 1024));
    const std::vector<float> frames[] = {whole_numbers(4), whole_numbers(5)};
    const HostBuffer inputs[] = {memory.buffer(frames[0]), memory.buffer(frames[1])};
    for (size_t frame = 0; frame < 4; ++frame) {
      const HostBuffer y{ring.handle, 1024 * (frame % 2), Sums::kCount * sizeof(float)};
      sums.plan->bind(sums.a, inputs[frame % 2]);
      sums.plan->bind(sums.y, y);
      sums.plan->submit();
      CHECK(memory.values(y) == Sums::made(frames[frame % 2], b, false));
    }
  });
}

TEST_CASE("a plan's texels are copied from and to a host's images") {
  const std::pair<uint32_t, uint32_t> layouts[] = {{kGeneral, kGeneral}, {kRead, kRead}, {kTarget, kSource}};
  with_host([&](const Host&, Device& adopted, HostMemory& memory) {
    for (const TexelFormat format : {TexelFormat::rgba8, TexelFormat::bgra8, TexelFormat::rgba8_srgb,
                                     TexelFormat::bgra8_srgb, TexelFormat::rgba16f}) {
      INFO(name(format));
      const bool wide = format == TexelFormat::rgba16f;
      Texels texels(adopted, wide ? Shape{5, 7, 2} : Shape{5, 7});
      // Halves that are numbers: below 0x7c00.
      std::vector<uint32_t> words = random_ids(wide ? 70 : 35, 7, UINT32_MAX);
      for (uint32_t& word : words) word &= wide ? 0x3bff3bff : UINT32_MAX;
      std::vector<uint32_t> wanted(wide ? 14 : 7);
      wanted.insert(wanted.end(), words.begin(), words.end());
      for (const auto& [before, after] : layouts) {
        INFO("layouts " << before << ", " << after);
        const HostImage in = memory.image(
            {.format = format, .width = 7, .height = 5, .before = before, .after = after}, words);
        HostImage out =
            memory.image({.format = format, .width = 7, .height = 6, .before = after, .after = before});
        texels.plan->bind(texels.in, in);
        texels.plan->bind(texels.out, out);
        texels.plan->run();
        CHECK(texels.plan->barriers() == 2);  // between a copy, a dispatch and a copy
        CHECK(memory.words(out) == wanted);
        CHECK(memory.words(in) == words);  // as it was, in the layout that was asked for
        memory.turn(in);
        out.before = kUndefined;  // what it holds is not needed
        texels.plan->bind(texels.out, out);
        texels.plan->run();
        CHECK(memory.words(out) == wanted);
      }
    }
  });
}

TEST_CASE("images go in with the first slice and come out with the last") {
  with_host([](const Host&, Device& adopted, HostMemory& memory) {
    Graph graph;
    const Tensor in = graph.input({5, 7}, DType::u32);
    Tensor out = in;
    for (int step = 0; step < 6; ++step) out = pad(out, step % 2, 1, 0);
    Plan plan(adopted, graph, {out});
    const std::vector<uint32_t> words = random_ids(35, 8, UINT32_MAX);
    std::vector<uint32_t> wanted(8 * 10);
    for (size_t i = 0; i < 35; ++i) wanted[(i / 7 + 3) * 10 + i % 7 + 3] = words[i];
    for (const uint32_t slice : {1u, 4u, plan.steps()}) {
      const HostImage from =
          memory.image({.width = 7, .height = 5, .before = kRead, .after = kTarget}, words);
      const HostImage to = memory.image({.width = 10, .height = 8, .before = kUndefined, .after = kRead});
      plan.bind(in, from);
      plan.bind(out, to);
      Commands commands(adopted.gpu());
      for (uint32_t first = 0; first < plan.steps(); first += slice) {
        commands.begin();
        plan.record(commands.handle(), first, std::min(slice, plan.steps() - first));
        commands.end();
        memory.submit(commands.handle());
      }
      CHECK(memory.words(to) == wanted);
    }
    const HostImage from = memory.image({.width = 7, .height = 5, .before = kRead, .after = kRead}, words);
    const HostImage to = memory.image({.width = 10, .height = 8, .before = kUndefined, .after = kRead});
    plan.bind(in, from);
    plan.bind(out, to);
    PlanJob job(plan);
    while (!job.tick(0)) continue;
    CHECK(memory.words(to) == wanted);
    CHECK(memory.words(from) == words);
  });
}

TEST_CASE("what is for images alone has no mirror in host memory") {
  with_host([](const Host&, Device& adopted, HostMemory& memory) {
    const auto used = [&](bool of_images) {
      const uint64_t before = adopted.memory().used;
      const Texels texels(adopted, {300, 200}, of_images);
      return adopted.memory().used - before;
    };
    const uint64_t texels_bytes = (300 + 301) * 200 * 4;
    const uint64_t mirror = adopted.gpu().memory().device_is_mapped() ? 0 : texels_bytes;
    CHECK(used(false) - used(true) >= mirror);
    CHECK(used(true) >= texels_bytes);
    CHECK(used(true) < texels_bytes + 1024);

    Texels texels(adopted, {5, 7}, true);
    const std::vector<uint32_t> words = random_ids(35, 9, UINT32_MAX);
    check_rejects([&] { texels.plan->write(texels.in, words); }, {"plan", "write", "(5, 7)", "images alone"});
    check_rejects([&] { texels.plan->read_u32(texels.out); }, {"plan", "read", "(6, 7)", "images alone"});
    const HostImage in = memory.image({.width = 7, .height = 5, .before = kRead, .after = kRead}, words);
    const HostImage out = memory.image({.width = 7, .height = 6, .before = kUndefined, .after = kRead});
    texels.plan->bind(texels.in, in);
    texels.plan->bind(texels.out, out);
    texels.plan->run();
    const std::vector<uint32_t> got = memory.words(out);
    CHECK(std::vector<uint32_t>(got.begin() + 7, got.end()) == words);
  });
}

TEST_CASE("a profile leaves images alone, whatever layout they have by then") {
  with_host([](const Host&, Device& adopted, HostMemory& memory) {
    Texels texels(adopted, {5, 7}, true);
    const std::vector<uint32_t> words = random_ids(35, 9, UINT32_MAX);
    HostImage in = memory.image({.width = 7, .height = 5, .before = kTarget, .after = kTarget}, words);
    const HostImage out = memory.image({.width = 7, .height = 6, .before = kRead, .after = kRead});
    in.before = in.after = kRead;
    texels.plan->bind(texels.in, in);
    texels.plan->bind(texels.out, out);
    CHECK(texels.plan->profile().size() == 1);
    CHECK(memory.words(out) == std::vector<uint32_t>(42, 0x5a5a5a5a));
    in.after = kTarget;
    memory.turn(in);
    texels.plan->run();
    const std::vector<uint32_t> got = memory.words(out);
    CHECK(std::vector<uint32_t>(got.begin() + 7, got.end()) == words);
  });
}

TEST_CASE("a recording waits for the host's commands before it, and those behind it wait for it") {
  with_host([](const Host&, Device& adopted, HostMemory& memory) {
    Texels texels(adopted, {5, 7});
    const HostImage in = memory.image({.width = 7, .height = 5, .before = kTarget, .after = kTarget});
    const HostImage out = memory.image({.width = 7, .height = 6, .before = kSource, .after = kSource});
    texels.plan->bind(texels.in, in);
    texels.plan->bind(texels.out, out);
    Commands commands(adopted.gpu());
    std::vector<HostBuffer> seen;
    commands.begin();
    for (uint32_t frame = 0; frame < 2; ++frame) {  // the second one writes what the first one has read
      memory.record_write(commands.handle(), in, random_ids(35, 40 + frame, UINT32_MAX));
      texels.plan->record(commands.handle());
      seen.push_back(memory.record_read(commands.handle(), out));
    }
    commands.end();
    memory.submit(commands.handle());
    for (uint32_t frame = 0; frame < 2; ++frame) {
      const std::vector<uint32_t> got = memory.words(seen[frame]);
      CHECK(std::vector<uint32_t>(got.begin() + 7, got.end()) == random_ids(35, 40 + frame, UINT32_MAX));
    }
    texels.plan->finished();
  });
}

TEST_CASE("two plans of a queue hand an image on without a word of the host") {
  with_host([](const Host&, Device& adopted, HostMemory& memory) {
    Texels first(adopted, {5, 7}), second(adopted, {6, 7});
    const std::vector<uint32_t> words = random_ids(35, 9, UINT32_MAX);
    first.plan->bind(first.in,
                     memory.image({.width = 7, .height = 5, .before = kRead, .after = kRead}, words));
    const HostImage between = memory.image({.width = 7, .height = 6, .before = kRead, .after = kRead});
    first.plan->bind(first.out, between);
    second.plan->bind(second.in, between);
    for (int frame = 0; frame < 3; ++frame) {
      first.plan->submit({.times = 3});
      second.plan->submit();
    }
    std::vector<uint32_t> wanted(14);
    wanted.insert(wanted.end(), words.begin(), words.end());
    CHECK(second.plan->read_u32(second.out) == wanted);
  });
}

TEST_CASE("what cannot be bound is an Error with both sides") {
  Host host;
  {
    Device adopted(host.offer());
    HostMemory memory(host, adopted);
    Sums sums(adopted);
    Texels texels(adopted, {5, 7});
    const HostBuffer buffer = memory.buffer(std::vector<float>(200));
    const auto part = [&](uint64_t offset, uint64_t bytes) {
      return HostBuffer{buffer.handle, offset, bytes};
    };
    check_rejects([&] { sums.plan->bind(sums.a, part(0, 632)); }, {"bind", "632 bytes", "(3, 53)", "636"});
    check_rejects([&] { sums.plan->bind(sums.a, part(4, 636)); }, {"bind", "4", "16"});
    Graph other;
    const Tensor more = other.input({3, 53});
    for (int i = 0; i < 9; ++i) other.input({1});
    check_rejects([&] { sums.plan->bind({&other, 9}, part(0, 4)); }, {"bind", "another graph"});
    check_rejects(
        [&] {
          texels.plan->bind(
              texels.in,
              HostImage{.handle = VkImage(1), .width = 7, .height = 6, .before = kRead, .after = kRead});
        },
        {"bind", "7 x 6", "rgba8", "(5, 7)"});
    const auto image = [&](TexelFormat format, uint32_t before, uint32_t after) {
      return HostImage{VkImage(1), format, 7, 5, before, after};
    };
    check_rejects([&] { texels.plan->bind(texels.in, image(TexelFormat::rgba16f, kRead, kRead)); },
                  {"7 x 5", "rgba16f", "(5, 7)"});
    check_rejects([&] { texels.plan->bind(texels.in, image(TexelFormat::rgba8, kUndefined, kRead)); },
                  {"bind", "UNDEFINED before"});
    check_rejects([&] { texels.plan->bind(texels.in, image(TexelFormat::rgba8, kRead, kUndefined)); },
                  {"bind", "UNDEFINED", "after"});
    check_rejects([&] { sums.plan->bind(sums.a, image(TexelFormat::rgba8, kRead, kRead)); },
                  {"bind", "(3, 53)", "f32", "u32"});
    (void)more;

    Graph graph;
    State state(adopted, {4});
    const Tensor x = graph.input({2, 4}), inner = scale(x, 2), y = slice(scale(inner, 3), 0, 0, 1);
    const Tensor kept = assign(state, reshape(slice(x, 0, 0, 1), {4}));
    Plan plan(adopted, graph, {y, kept});
    check_rejects([&] { plan.bind(inner, part(0, 32)); }, {"bind", "(2, 4)", "neither input nor output"});
    check_rejects([&] { plan.bind(y, part(0, 16)); }, {"bind", "(1, 4)", "part", "(2, 4)"});
    check_rejects([&] { plan.bind(kept, part(0, 16)); }, {"bind", "(4)", "State"});

    // What is written lies apart from all else; what is read may lie together.
    sums.plan->bind(sums.a, part(0, 636));
    sums.plan->bind(sums.b, part(16, 636));
    check_rejects([&] { sums.plan->bind(sums.y, part(160, 636)); }, {"bind", "160 to 796", "0 to 636"});

    const HostImage turned = memory.image({.width = 7, .height = 5, .before = kRead, .after = kGeneral});
    texels.plan->bind(texels.in, turned);
    check_rejects([&] { texels.plan->submit({.times = 2}); }, {"plan", "2 replays", "layout"});
  }
  host.destroy_device();
  CHECK(host.messages == std::vector<std::string>{});
}
