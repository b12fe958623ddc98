// hello: two matrices and their product, on whatever Vulkan device there is.
//
//   hello
//
// Prints the product and where it was computed:
//     4.0   5.0
//    10.0  11.0
//   computed on llvmpipe (LLVM 15.0.6, 256 bits)
#include <array>
#include <cstdio>
#include <exception>
#include <fovea/fovea.hpp>

int main() try {
  fovea::Device device;  // the best GPU, or the one that FOVEA_DEVICE names

  // A graph describes work; nothing runs yet.
  fovea::Graph graph;
  const fovea::Tensor a = graph.input({2, 3}, fovea::DType::f32, "a");
  const fovea::Tensor b = graph.input({3, 2}, fovea::DType::f32, "b");
  const fovea::Tensor y = fovea::matmul(a, b);  // (2, 2)

  // A plan is the graph compiled for the device and recorded, once.
  fovea::Plan plan(device, graph, {y});

  // Now it can run as often as there are new values. Values lie row by row.
  plan.write(a, std::array{1.0f, 2.0f, 3.0f,  //
                           4.0f, 5.0f, 6.0f});
  plan.write(b, std::array{1.0f, 0.0f,  //
                           0.0f, 1.0f,  //
                           1.0f, 1.0f});
  plan.run();

  const std::vector<float> values = plan.read(y);
  for (size_t row = 0; row < 2; ++row) std::printf("%6.1f%6.1f\n", values[2 * row], values[2 * row + 1]);
  std::printf("computed on %s\n", device.info().name.c_str());
} catch (const std::exception& error) {
  std::fprintf(stderr, "hello: %s\n", error.what());  // such as no Vulkan device, or sizes that do not fit
  return 1;
}
