#include "fovea/vit.hpp"

#include <algorithm>
#include <map>

#include "core/check.h"
#include "io/safetensors.h"
#include "models/layers.h"
#include "models/load.h"
#include "models/vit/config.h"
#include "models/vit/picture.h"

namespace fovea {
namespace {

constexpr const char* kWeights = "model.safetensors";

std::filesystem::path weights_of(const std::string& directory) {
  return std::filesystem::path(directory) / kWeights;
}

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

}  // namespace

struct VisionTransformer::Impl {
  // A plan with the tensors to read and write.
  struct Compiled {
    std::unique_ptr<Graph> graph;
    Tensor pixels;
    ViTTensors tensors;
    Plan plan;
    bool in_job = false;

    ViTResult read() const;
  };

  Impl(Device& owner, const ModelFiles& files, Use use, const LoadOptions& load);
  Tensor embed(Tensor pixels) const;
  Tensor classify(Tensor tokens) const;
  ViTTensors forward(Tensor pixels, const ViTRequest& request, const Dropout& dropout = {}) const;
  Parameters parameters();
  void save(const std::string& directory, Storage storage);
  Compiled& compiled(int64_t batch, const ViTRequest& request);
  std::string name(const std::string& part) const { return usual_layout(config).prefix + part; }

  Device& device;
  Preprocessor steps;           // of preprocessor_config.json
  std::exception_ptr no_steps;  // why it has none; a model without pictures does not need them
  ViTConfig config;
  ViTLayout layout;  // of the file that it was loaded from
  std::optional<Embeddings> embeddings;
  std::optional<Encoder> encoder;
  std::optional<Heads> heads;
  std::map<std::tuple<int64_t, bool, bool>, Compiled> plans;
};

VisionTransformer::Impl::Impl(Device& owner, const ModelFiles& files, Use use, const LoadOptions& load)
    : device(owner) {
  const SafeTensors file(files.open(kWeights));
  layout = layout_of(file);
  config = read_vit_config(files, file, layout);
  try {
    steps = Preprocessor::for_model(files, config.width, config.height);
  } catch (const Error&) {
    no_steps = std::current_exception();
  }
  const TensorTable table = vit_table(config, layout);
  const TensorSource tensors(table, file, load);
  const LayerSource from{.device = device, .tensors = tensors, .use = use, .eps = config.eps};
  const int64_t width = config.embedding, prefix = config.distillation ? 2 : 1;
  embeddings = Embeddings{make_state(from, name("embeddings.prefix"), {1, prefix, width}),
                          make_state(from, name("embeddings.position_embeddings"), {config.tokens(), width}),
                          make_linear(from, name("embeddings.patch_embeddings.projection"))};
  encoder.emplace(make_encoder_layers(from, name("encoder.layer"), config.depth,
                                      {.heads = config.heads, .activation = config.activation}),
                  make_norm(from, name("layernorm")));
  if (layout.classifier.empty()) return;
  heads = Heads{make_linear(from, layout.classifier), {}};
  if (layout.classifier == "cls_classifier") heads->distilled = make_linear(from, "distillation_classifier");
}

Parameters VisionTransformer::Impl::parameters() {
  Parameters all{{name("embeddings.prefix"), &embeddings->prefix, false},
                 {name("embeddings.position_embeddings"), &embeddings->positions, false}};
  embeddings->patches.parameters(name("embeddings.patch_embeddings.projection"), all);
  encoder->parameters(name("encoder.layer"), all, name("layernorm"));
  if (!heads) return all;
  heads->classify.parameters(layout.classifier, all);
  if (heads->distilled) heads->distilled->parameters("distillation_classifier", all);
  return all;
}

void VisionTransformer::Impl::save(const std::string& directory, Storage storage) {
  const Parameters all = parameters();
  const ViTLayout written{usual_layout(config).prefix, layout.classifier};
  std::filesystem::create_directories(directory);
  save_tensors(weights_of(directory), vit_table(config, written), all, storage);
  const bool qkv_bias = std::ranges::any_of(
      all, [](const Parameter& parameter) { return parameter.name.ends_with(".qkv.bias"); });
  write_vit_config(directory, config, qkv_bias);
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
  const Tensor x = dropout(embed(pixels));  // (batch, tokens, embedding)
  LayerOptions layers{.weights = request.attentions, .dropout = dropout};
  if (request.query) layers.which = {.rows = 1, .at = request.query};
  Encoder::Result encoded = (*encoder)(x, {.layers = layers, .hidden_states = request.hidden_states});
  result.hidden_states = std::move(encoded.hidden_states);
  result.attentions = std::move(encoded.weights);
  result.embedding = encoded.out;
  if (heads) result.logits = classify(result.embedding);
  return result;
}

VisionTransformer::Impl::Compiled& VisionTransformer::Impl::compiled(int64_t batch,
                                                                     const ViTRequest& request) {
  FOVEA_CHECK(batch >= 1, "vit: a batch of ", batch);
  FOVEA_CHECK(!request.query, "vit: a run asks for attentions of one token, which only operator() has");
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

ViTResult VisionTransformer::Impl::Compiled::read() const {
  ViTResult result;
  if (tensors.logits) {
    result.logits = plan.read(tensors.logits);
  } else {
    result.embedding = plan.read(tensors.embedding);
  }
  for (Tensor hidden : tensors.hidden_states) result.hidden_states.push_back(plan.read(hidden));
  for (Tensor weights : tensors.attentions) result.attentions.push_back(plan.read(weights));
  return result;
}

VisionTransformer::VisionTransformer(Device& device, const ModelFiles& files, Use use,
                                     const LoadOptions& load)
    : impl_(load_model(load, [&] { return std::make_unique<Impl>(device, files, use, load); })) {}
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
  impl_->save(directory, storage);
}

void write_fresh_vit(const std::string& directory, const ViTConfig& config, uint64_t seed) {
  check_vit_sizes("write_fresh_vit", config);
  std::filesystem::create_directories(directory);
  write_fresh_tensors(weights_of(directory), vit_table(config, usual_layout(config)), seed);
  write_vit_config(directory, config, true);
}

ViTResult VisionTransformer::run(std::span<const float> pixels, int64_t batch, const ViTRequest& request) {
  Impl::Compiled& made = impl_->compiled(batch, request);
  FOVEA_CHECK(!made.in_job, "vit: a job with a batch of ", batch, " is on its way");
  made.plan.write(made.pixels, pixels);
  made.plan.run();
  return made.read();
}

void VisionTransformer::prepare(int64_t batch, const ViTRequest& request) {
  Impl::Compiled& made = impl_->compiled(batch, request);
  FOVEA_CHECK(!made.in_job, "vit: a job with a batch of ", batch, " is on its way");
  made.plan.run();  // a driver may compile only now
  made.plan.profile();
}

ViTPicture VisionTransformer::picture(const HostImage& image, const ViTPictureOptions& options) {
  if (!options.preprocessor && impl_->no_steps) std::rethrow_exception(impl_->no_steps);
  const Preprocessor& steps = options.preprocessor ? *options.preprocessor : impl_->steps;
  return ViTPicture(std::make_unique<ViTPicture::Impl>(impl_->device, *this, steps, image, options));
}

void VisionTransformer::trim() {
  std::erase_if(impl_->plans, [](const auto& each) { return !each.second.in_job; });
}

struct ViTJob::Impl {
  explicit Impl(VisionTransformer::Impl::Compiled& of) : made(of), job(of.plan) { made.in_job = true; }
  ~Impl() { made.in_job = false; }

  VisionTransformer::Impl::Compiled& made;
  PlanJob job;
  bool done = false, cancelled = false;
};

ViTJob VisionTransformer::start(std::span<const float> pixels, int64_t batch, const ViTRequest& request) {
  Impl::Compiled& made = impl_->compiled(batch, request);
  FOVEA_CHECK(!made.in_job, "vit: a job with a batch of ", batch, " is on its way");
  made.plan.write(made.pixels, pixels);
  return ViTJob(std::make_unique<ViTJob::Impl>(made));
}

ViTJob::ViTJob(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ViTJob::~ViTJob() = default;
ViTJob::ViTJob(ViTJob&&) noexcept = default;
ViTJob& ViTJob::operator=(ViTJob&&) noexcept = default;
bool ViTJob::tick(double milliseconds) { return impl_->done = impl_->job.tick(milliseconds); }
double ViTJob::progress() const { return impl_->job.progress(); }

void ViTJob::cancel() {
  impl_->cancelled = true;
  impl_->job.cancel();
}

ViTResult ViTJob::result() {
  FOVEA_CHECK_AS(cancelled, !impl_->cancelled, "vit: the job was cancelled");
  FOVEA_CHECK_AS(not_ready, impl_->done, "vit: the job is on its way");
  return impl_->made.read();
}

}  // namespace fovea
