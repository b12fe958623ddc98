#include "gpu/kernel.h"

#include <catch2/catch_test_macros.hpp>

#include "gpu/environment.h"
#include "support/check.h"

using namespace fovea;
using namespace fovea::test;

TEST_CASE("a kernel is made once for its constants") {
  Gpu& gpu = device().gpu();
  const uint32_t lanes = gpu.limits().subgroup;
  const Kernel& kernel = gpu.kernel("scale", lanes);
  CHECK(&kernel == &gpu.kernel("scale", lanes));
  CHECK(kernel.name == "scale");
  CHECK(kernel.lanes == lanes);
  const Kernel& wider = gpu.kernel("scale", 2 * lanes);
  CHECK(&wider != &kernel);
  CHECK(wider.pipeline != kernel.pipeline);
  CHECK(wider.layout == kernel.layout);
  CHECK(wider.interface == kernel.interface);
  CHECK(names_of(kernel.interface->operands) == "x, y");
}

TEST_CASE("a kernel that cannot be is an error that names it") {
  Gpu& gpu = device().gpu();
  check_rejects([&] { gpu.kernel("softmin", 8); }, {"softmin", "no shader"});
  check_rejects([&] { gpu.kernel("scale", 0); }, {"scale", "0 lanes"});
  const uint32_t most = gpu.limits().max_workgroup_lanes;
  check_rejects([&] { gpu.kernel("scale", most + 1); },
                {"scale", std::to_string(most), std::to_string(most + 1)});
}

TEST_CASE("workgroups of any width compute the same") {
  Gpu& gpu = device().gpu();
  const uint32_t subgroup = gpu.physical().subgroup;
  const std::vector<float> values = random_values(2003, 5);
  std::vector<float> want = values;
  for (float& value : want) value *= -3;
  const Buffer x(gpu, values.size() * 4, MemoryKind::device, "x");
  const Buffer y(gpu, values.size() * 4, MemoryKind::device, "y");
  write_floats(gpu, x, values);
  for (const uint32_t lanes :
       {1u, 3u, subgroup - 1, subgroup, subgroup + 1, 3 * subgroup, gpu.limits().max_workgroup_lanes}) {
    gpu.memory().fill_zero(y);
    const Commands commands(gpu);
    commands.begin();
    Recorder recorder(gpu, commands.handle());
    recorder.enter();
    record_scale(gpu, recorder, {&x, 0, x.bytes()}, {&y, 0, y.bytes()}, -3, lanes);
    recorder.leave();
    commands.end();
    gpu.wait(gpu.submit({commands.handle()}));
    INFO("lanes " << lanes);
    CHECK(read_floats(gpu, y) == want);
  }
  CHECK(device().validation_messages().empty());
}
