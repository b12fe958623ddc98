#include "fovea/vit.hpp"

#include <map>

#include "core/check.h"
#include "fovea/stacks.hpp"
#include "models/vit/config.h"
#include "models/vit/file.h"
#include "models/vit/weights.h"

namespace fovea {

struct Embeddings {
  State prefix;     // (1, 1 or 2, embedding): class token, then distillation token
  State positions;  // (tokens, embedding)
  Linear patches;   // channels * patch * patch -> embedding
};

// Classifier on the class token. DeiT's teacher variant takes the mean with one on the distillation token.
struct Heads {
  Linear classify;
  std::optional<Linear> distilled;
};

struct VisionTransformer::Impl {
  // A plan with the tensors to read and write.
  struct Compiled {
    std::unique_ptr<Graph> graph;
    Tensor pixels;
    ViTTensors tensors;
    Plan plan;
  };

  Impl(Device& owner, const std::string& directory, Use use);
  Tensor embed(Tensor pixels) const;
  Tensor classify(Tensor tokens) const;
  ViTTensors forward(Tensor pixels, const ViTRequest& request, const Dropout& dropout = {}) const;
  Parameters parameters();
  Compiled& compiled(int64_t batch, const ViTRequest& request);

  Device& device;
  ViTConfig config;
  std::optional<Embeddings> embeddings;
  std::vector<EncoderLayer> layers;
  std::optional<LayerNorm> last;
  std::optional<Heads> heads;
  std::map<std::tuple<int64_t, bool, bool>, Compiled> plans;
};

namespace {

// What every layer is loaded with.
struct Source {
  Device& device;
  const ViTWeights& weights;
  const ViTConfig& config;
  Use use;
};

Linear linear(const Source& from, const std::string& name, int64_t out, int64_t in) {
  return Linear{from.device,
                out,
                in,
                from.weights.read(name + ".weight", {out, in}),
                from.weights.read(name + ".bias", {out}),
                from.use};
}

LayerNorm layer_norm(const Source& from, const std::string& name) {
  return LayerNorm{from.device, from.weights.read(name + ".weight", {from.config.embedding}),
                   from.weights.read(name + ".bias", {from.config.embedding}), from.config.eps};
}

Embeddings load_embeddings(const Source& from) {
  const auto& [device, weights, config, use] = from;
  const int64_t width = config.embedding, patch = config.patch, prefix = config.distillation ? 2 : 1;
  std::vector<float> tokens = weights.read("embeddings.cls_token", {1, 1, width});
  if (config.distillation) {
    const std::vector<float> second = weights.read("embeddings.distillation_token", {1, 1, width});
    tokens.insert(tokens.end(), second.begin(), second.end());
  }
  const std::vector<float> positions =
      weights.read("embeddings.position_embeddings", {1, config.tokens(), width});
  const std::string projection = "embeddings.patch_embeddings.projection";
  Embeddings embeddings{State(device, {1, prefix, width}), State(device, {config.tokens(), width}),
                        // A convolution whose stride is its size is a product with the flattened kernel.
                        Linear{device, width, config.channels * patch * patch,
                               weights.read(projection + ".weight", {width, config.channels, patch, patch}),
                               weights.read(projection + ".bias", {width}), use}};
  embeddings.prefix.write(tokens);
  embeddings.positions.write(positions);
  return embeddings;
}

// The rows of Q, then K, then V as one matrix.
Linear load_qkv(const Source& from, const std::string& name, int64_t width) {
  std::vector<float> matrix, bias;
  for (const char* part : {".query", ".key", ".value"}) {
    const std::vector<float> rows = from.weights.read(name + part + ".weight", {width, width});
    const std::vector<float> shift = from.weights.read_if(name + part + ".bias", {width});
    matrix.insert(matrix.end(), rows.begin(), rows.end());
    bias.insert(bias.end(), shift.begin(), shift.end());
  }
  return Linear(from.device, 3 * width, width, matrix, bias, from.use);
}

EncoderLayer load_layer(const Source& from, int64_t index) {
  const std::string name = concat("encoder.layer.", index);
  const int64_t width = from.config.embedding, hidden = from.config.hidden;
  // Braces: read in this order, so that the first tensor that does not fit is the one named.
  return EncoderLayer{
      layer_norm(from, name + ".layernorm_before"),
      SelfAttention{load_qkv(from, name + ".attention.attention", width),
                    linear(from, name + ".attention.output.dense", width, width), from.config.heads},
      layer_norm(from, name + ".layernorm_after"),
      FeedForward{linear(from, name + ".intermediate.dense", hidden, width),
                  linear(from, name + ".output.dense", width, hidden), from.config.activation}};
}

std::optional<Heads> load_heads(const Source& from) {
  const std::string name = from.weights.classifier();
  if (name.empty()) return std::nullopt;
  const int64_t labels = int64_t(from.config.labels.size()), width = from.config.embedding;
  Heads heads{linear(from, name, labels, width), {}};
  if (name == "cls_classifier") heads.distilled = linear(from, "distillation_classifier", labels, width);
  return heads;
}

}  // namespace

VisionTransformer::Impl::Impl(Device& owner, const std::string& directory, Use use) : device(owner) {
  const ViTWeights weights(directory);
  config = read_vit_config(directory, weights);
  const Source from{device, weights, config, use};
  embeddings = load_embeddings(from);
  for (int64_t layer = 0; layer < config.depth; ++layer) layers.push_back(load_layer(from, layer));
  last = layer_norm(from, "layernorm");
  heads = load_heads(from);
}

Parameters VisionTransformer::Impl::parameters() {
  const std::string base = config.distillation ? "deit." : "vit.";
  Parameters all{{base + "embeddings.prefix", &embeddings->prefix, false},
                 {base + "embeddings.position_embeddings", &embeddings->positions, false}};
  embeddings->patches.parameters(base + "embeddings.patch_embeddings.projection", all);
  for (size_t i = 0; i < layers.size(); ++i) layers[i].parameters(concat(base, "encoder.layer.", i), all);
  last->parameters(base + "layernorm", all);
  if (!heads) return all;
  heads->classify.parameters(heads->distilled ? "cls_classifier" : "classifier", all);
  if (heads->distilled) heads->distilled->parameters("distillation_classifier", all);
  return all;
}

Tensor VisionTransformer::Impl::embed(Tensor pixels) const {
  Graph& graph = *pixels.graph;
  const int64_t batch = pixels.shape()[0];
  const Tensor seen = embeddings->patches(patches(pixels, config.patch));  // (batch, patches, embedding)
  const Tensor prefix = graph.use(embeddings->prefix, "prefix");
  const Tensor tokens = concat({expand(prefix, prefix.shape().with(0, batch)), seen}, 1);
  return add(tokens, graph.use(embeddings->positions, "positions"));  // (batch, tokens, embedding)
}

Tensor VisionTransformer::Impl::classify(Tensor tokens) const {
  const int64_t batch = tokens.shape()[0];
  const auto token = [&](int64_t index) {  // (batch, embedding)
    return reshape(slice(tokens, 1, index, 1), {batch, config.embedding});
  };
  const Tensor logits = heads->classify(token(0));  // (batch, labels)
  if (!heads->distilled) return logits;
  return scale(add((*heads->distilled)(token(1)), logits), 0.5f);
}

ViTTensors VisionTransformer::Impl::forward(Tensor pixels, const ViTRequest& request,
                                            const Dropout& dropout) const {
  const Shape& shape = pixels.shape();
  FOVEA_CHECK(shape.rank() == 4 && shape == Shape({shape[0], config.channels, config.height, config.width}),
              "vit: pixels ", shape, ", the model takes (batch, ", config.channels, ", ", config.height, ", ",
              config.width, ")");
  ViTTensors result;
  Tensor x = dropout(embed(pixels));  // (batch, tokens, embedding)
  if (request.hidden_states) result.hidden_states.push_back(x);
  for (const EncoderLayer& layer : layers) {
    const SelfAttention::Result made = layer(x, {.weights = request.attentions, .dropout = dropout});
    x = made.out;
    if (request.hidden_states) result.hidden_states.push_back(x);
    if (request.attentions) result.attentions.push_back(made.weights);
  }
  result.embedding = (*last)(x);
  if (heads) result.logits = classify(result.embedding);
  return result;
}

VisionTransformer::Impl::Compiled& VisionTransformer::Impl::compiled(int64_t batch,
                                                                     const ViTRequest& request) {
  const auto key = std::tuple(batch, request.hidden_states, request.attentions);
  if (const auto found = plans.find(key); found != plans.end()) return found->second;
  auto graph = std::make_unique<Graph>();
  const Tensor pixels =
      graph->input({batch, config.channels, config.height, config.width}, DType::f32, "pixels");
  const ViTTensors tensors = forward(pixels, request);
  std::vector<Tensor> outputs{tensors.logits ? tensors.logits : tensors.embedding};
  outputs.insert(outputs.end(), tensors.hidden_states.begin(), tensors.hidden_states.end());
  outputs.insert(outputs.end(), tensors.attentions.begin(), tensors.attentions.end());
  Plan plan(device, *graph, outputs);
  return plans.emplace(key, Compiled{std::move(graph), pixels, tensors, std::move(plan)}).first->second;
}

VisionTransformer::VisionTransformer(Device& device, const std::string& directory, Use use)
    : impl_(std::make_unique<Impl>(device, directory, use)) {}
VisionTransformer::~VisionTransformer() = default;
VisionTransformer::VisionTransformer(VisionTransformer&&) noexcept = default;
VisionTransformer& VisionTransformer::operator=(VisionTransformer&&) noexcept = default;

const ViTConfig& VisionTransformer::config() const { return impl_->config; }

ViTTensors VisionTransformer::operator()(Tensor pixels, const ViTRequest& request,
                                         const Dropout& dropout) const {
  return impl_->forward(pixels, request, dropout);
}

Parameters VisionTransformer::parameters() { return impl_->parameters(); }
void VisionTransformer::save(const std::string& directory, Storage storage) {
  save_vit(directory, impl_->config, impl_->parameters(), storage);
}

ViTResult VisionTransformer::run(std::span<const float> pixels, int64_t batch, const ViTRequest& request) {
  FOVEA_CHECK(batch >= 1, "vit: a batch of ", batch);
  Impl::Compiled& made = impl_->compiled(batch, request);
  made.plan.write(made.pixels, pixels);
  made.plan.run();
  ViTResult result;
  if (made.tensors.logits) {
    result.logits = made.plan.read(made.tensors.logits);
  } else {
    result.embedding = made.plan.read(made.tensors.embedding);
  }
  for (Tensor hidden : made.tensors.hidden_states) result.hidden_states.push_back(made.plan.read(hidden));
  for (Tensor weights : made.tensors.attentions) result.attentions.push_back(made.plan.read(weights));
  return result;
}

}  // namespace fovea
