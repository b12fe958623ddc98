// Which shaders a forward pass and a search dispatch, and so which of them a library for inference needs, and
// one for a class of devices: the marks "// training" and "// class" in shaders/*.comp say nothing else.
#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "decode/search.h"
#include "fovea/cells.hpp"
#include "fovea/texels.hpp"
#include "fovea/translator.hpp"
#include "gpu/gpu.h"
#include "gpu/shaders.h"
#include "support/check.h"

using namespace fovea;
using namespace fovea::test;

namespace {

using Names = std::set<std::string>;

// What the driver is handed while one is there, by files of shaders.
class Handed {
 public:
  explicit Handed(Device& device) : table_(const_cast<DeviceTable&>(device.gpu().vk())) {
    for (const Shader& shader : shaders()) files_[shader.words()] = shader.file;
    handed_ = this;
    create_ = table_.vkCreateShaderModule;
    table_.vkCreateShaderModule = create;
  }
  ~Handed() { table_.vkCreateShaderModule = create_; }
  Handed(const Handed&) = delete;
  Names files;

 private:
  static VKAPI_ATTR VkResult VKAPI_CALL create(VkDevice device, const VkShaderModuleCreateInfo* info,
                                               const VkAllocationCallbacks* callbacks,
                                               VkShaderModule* module) {
    const std::vector<uint32_t> words(info->pCode, info->pCode + info->codeSize / sizeof(uint32_t));
    {
      const std::lock_guard lock(handed_->lock_);        // kernels are made on all processors
      handed_->files.insert(handed_->files_.at(words));  // bit for bit what was embedded
    }
    return create_(device, info, callbacks, module);
  }
  static inline Handed* handed_ = nullptr;
  static inline PFN_vkCreateShaderModule create_ = nullptr;

  DeviceTable& table_;
  std::map<std::vector<uint32_t>, std::string> files_;
  std::mutex lock_;
};

void plan(Device& device, const std::function<std::vector<Tensor>(Graph&)>& ops) {
  Graph graph;
  const std::vector<Tensor> outputs = ops(graph);
  const Plan made(device, graph, outputs);
}

void elementwise(Device& device) {
  State generator(device, {4}, DType::u32);
  plan(device, [&](Graph& graph) {
    const Tensor x = graph.input({8, 64}), at = graph.input({8}, DType::u32);
    return std::vector{scale(x, 2),
                       tanh(add(x, fill(graph, {64}, 1))),
                       where(less(x, square(x)), x, exp(x)),
                       concat({pad(x, 0, 1, 1), x}, 0),
                       contiguous(transpose(x)),
                       contiguous(slice(x, 1, 4, 32)),
                       one_hot(at, 9),
                       embedding(x, at),
                       rotary(x),
                       dropout(x, 0.5f, generator),
                       draw(x, generator),
                       advance(graph, generator)};
  });
}

void rows(Device& device) {
  const int64_t held = 4 * device.info().limits.subgroup;
  plan(device, [&](Graph& graph) {
    const auto normed = [&](int64_t width) {
      return layer_norm(graph.input({16, width}), graph.input({width}), graph.input({width}));
    };
    const Tensor x = graph.input({300, 512}), ids = graph.input({300}, DType::u32);
    const TopK few = top_k(x, 3), many = top_k(x, 40);
    const CrossEntropy lost = cross_entropy(x, ids);
    return std::vector{softmax(x),
                       sparsemax(x),
                       log_softmax(x),
                       log_prob(x, ids),
                       argmax(x),
                       few.values,
                       many.values,
                       lost.loss,
                       max(x),
                       mean(x),
                       sum(x, 0),
                       normed(33),
                       normed(held),
                       normed(held + 4),
                       sum(graph.input({300, 7}), 0),
                       sum(graph.input({5000, 512}), 0)};
  });
}

void products(Device& device) {
  plan(device, [&](Graph& graph) {
    const Tensor x = graph.input({16, 32}), w = graph.input({32, 48});
    std::vector<Tensor> outputs = {matmul(x, w)};
    for (const int64_t head_dim : {32, 256}) {
      const Tensor q = graph.input({1, 2, 9, head_dim});
      const Attention attended = attention(q, q, q);
      outputs.push_back(attended.out);
      outputs.push_back(attention_weights(q, q, attended.lse));
    }
    outputs.push_back(additive_scores(graph.input({2, 3, 8}), graph.input({2, 5, 8}), graph.input({8})));
    outputs.push_back(gru(graph.input({3, 2, 24}), graph.input({24, 8}), graph.input({24})).out);
    outputs.push_back(lstm(graph.input({3, 2, 32}), graph.input({32, 8}), graph.input({32})).out);
    return outputs;
  });
}

void images(Device& device) {
  plan(device, [&](Graph& graph) {
    const Tensor x = graph.input({2, 4, 12, 12}), c = graph.input({4});
    const Tensor texels = graph.input({8, 8}, DType::u32), seen = light(graph.input({4, 4}));
    return std::vector{pixels(texels),
                       map_texels(seen, {.width = 8, .height = 8}),
                       conv2d(x, graph.input({8, 4, 3, 3})),
                       max_pool2d(x),
                       avg_pool2d(x),
                       patches(x, 4),
                       batch_norm(x, c, c),
                       batch_norm(x, c, c, {.mean = c, .variance = c})};
  });
}

void searches(Device& device) {
  Translator translator(device, FOVEA_SOURCE_DIR "/samples/models/translate-en-fr");
  const std::vector<std::string> lines = {"Go."};
  translator.translate(lines, {.decoding = Decoding{.beams = 2, .max_length = 3}});
  translator.translate(lines,
                       {.decoding = Decoding{.max_length = 3, .top_k = 4, .seed = 1}, .attention = true});
  const Search recurrent(device, 2, 2, 5, 0);  // of a model that keeps rows, not keys and values
  plan(device, [&](Graph& graph) { return std::vector{origin_rows(graph.input({4, 8}), recurrent)}; });
  translator.score(std::vector<std::pair<std::string, std::string>>{{"Go.", "Va."}});
}

// Of a whole device and of one without what the best kernels of CPU drivers need.
Names files_in_use() {
  Names files;
  for (const std::vector<std::string>& disabled :
       {std::vector<std::string>{}, {"subgroup", "quad", "int64"}}) {
    Device device(DeviceOptions{.disable = disabled});
    Handed handed(device);
    elementwise(device);
    rows(device);
    products(device);
    images(device);
    searches(device);
    files.merge(handed.files);
  }
  return files;
}

}  // namespace

TEST_CASE("shaders that inference dispatches are those without a mark, all of them and no others") {
  const KernelClass kernels = device().info().limits.kernels;
  if (device().info().name.find("SwiftShader") != std::string::npos)
    SKIP("its kernels take minutes to compile");
  const Names not_of_plans = {"copy", "peak"};  // of tools/bench
  Names unmarked;
  for (const Shader& shader : shaders()) {
    const bool selftest = std::string(shader.file).starts_with("selftest");  // of Device
    if (shader.training || selftest || not_of_plans.contains(shader.file)) continue;
    if (!shader.kernels || *shader.kernels == kernels) unmarked.insert(shader.file);
  }
  CHECK(files_in_use() == unmarked);
}
