#include <algorithm>

#include "core/check.h"
#include "fovea/stacks.hpp"
#include "nn/heads.h"
#include "ops/attention_step.h"
#include "ops/decoder_layer_step.h"

namespace fovea {

CrossAttention::CrossAttention(Linear q, Linear kv, Linear out, AttentionHeads heads)
    : q_(std::move(q)), kv_(std::move(kv)), out_(std::move(out)), heads_(std::move(heads)) {
  FOVEA_CHECK(!heads_.relative && !heads_.rotary,
              "attention: positions of heads that attend to another sequence");
}

Tensor CrossAttention::memory(Tensor encoded) const { return kv_(encoded); }

SelfAttention::Result CrossAttention::operator()(Tensor x, Tensor residual, Tensor memory,
                                                 const LayerOptions& options) const {
  const Tensor q = split_heads(q_(x), 0, 1, heads_.count);  // (batch, heads, tokens, head_dim)
  const Tensor k = split_heads(memory, 0, 2, heads_.count), v = split_heads(memory, 1, 2, heads_.count);
  SelfAttention::Result result = attend_heads(heads_, {q, k, v}, options);
  result.out = added(&out_, result.out, residual, options.dropout);
  return result;
}

void CrossAttention::parameters(const std::string& name, Parameters& to) {
  q_.parameters(name + ".q", to);
  kv_.parameters(name + ".kv", to);
  out_.parameters(name + ".out", to);
  heads_.parameters(name, to);
}

SelfAttention::Result CrossAttention::step(Tensor x, Tensor residual, Tensor memory, Tensor lengths,
                                           const StepState& search, bool weights) const {
  const int64_t batch = search.params.batch, beams = search.params.beams, width = x.shape().back();
  if (beams == 1 || weights) {
    const AttentionStep attended = attention_step(q_(x), search, memory, lengths, step_heads(heads_));
    return {.out = out_(attended.out, {.residual = residual}), .weights = attended.weights};
  }
  // The beams of a sentence are the tokens of one tile: they share each load of K and V.
  const Shape folded{batch, beams, width}, rows = x.shape();
  const Tensor out =
      (*this)(reshape(x, folded), reshape(residual, folded), memory, {.attention = {.lengths = lengths}}).out;
  return {.out = reshape(out, rows), .weights = {}};
}

namespace {

// The weights of a layer in the order in which decoder_layer_step reads them: of each part the norm, then two
// products. K and V of what was encoded are made once a sentence, not in a step.
Parameters step_parameters(DecoderLayer::Parts& parts) {
  Parameters all;
  parts.attention_norm.parameters("attention_norm", all);
  parts.attention.parameters("attention", all);
  parts.cross_norm->parameters("cross_norm", all);
  parts.cross->parameters("cross", all);
  std::erase_if(all, [](const Parameter& p) { return p.name.starts_with("cross.kv."); });
  parts.feed_forward_norm.parameters("feed_forward_norm", all);
  parts.feed_forward.parameters("feed_forward", all);
  return all;
}

// All heads of the layer, whose width they have, compare by scaled dot products.
bool is_plain(DecoderLayer::Parts& parts) {
  const AttentionHeads &own = parts.attention.heads(), &cross = parts.cross->heads();
  Parameters norm;
  parts.attention_norm.parameters("norm", norm);
  const int64_t width = norm.front().state->shape().back();
  return !own.relative && !own.additive && !own.rotary && !cross.additive && own.count == cross.count &&
         parts.attention.inner() == width && parts.cross->inner() == width;
}

bool is_bias(const Parameters& all, size_t i) { return i < all.size() && all[i].name.ends_with(".bias"); }

// Makes the weights parts of one State, where the fused step pays; null: it does not.
std::unique_ptr<DecoderLayerState> fuse(Device& device, DecoderLayer::Parts& parts) {
  if (!parts.cross || !is_plain(parts)) return nullptr;
  const Parameters all = step_parameters(parts);
  const auto up = std::ranges::find(all, "feed_forward.up.weight", &Parameter::name);
  const Shape& shape = up->state->shape();  // (width, hidden), in panels
  const bool packed = up->state->layout() == Layout::panels;
  if (!packed || !has_decoder_layer_step(device.info().limits, shape[0], shape[1])) return nullptr;
  uint64_t elements = 0;
  std::vector<uint64_t> places;
  for (size_t i = 0; i < all.size(); ++i) {
    const State& own = *all[i].state;
    places.push_back(elements);
    elements += own.bytes() / kElementBytes;
    if (own.layout() == Layout::panels && !is_bias(all, i + 1)) elements += uint64_t(own.shape()[1]);
  }
  State whole(device, {int64_t(elements)});  // zeros where a product has no bias
  std::vector<State> parts_of_whole;
  for (size_t i = 0; i < all.size(); ++i) {
    parts_of_whole.emplace_back(whole, places[i], all[i].state->shape(), all[i].state->layout());
    parts_of_whole.back().write(*all[i].state);
  }
  for (size_t i = 0; i < all.size(); ++i) *all[i].state = std::move(parts_of_whole[i]);
  return std::make_unique<DecoderLayerState>(DecoderLayerState{
      std::move(whole), parts.attention.heads().count, shape[1], parts.feed_forward.activation(),
      parts.place == NormPlace::before, parts.attention_norm.eps()});
}

}  // namespace

DecoderLayer::DecoderLayer(Device& device, Parts parts) : parts_(std::move(parts)) {
  FOVEA_CHECK(parts_.cross.has_value() == parts_.cross_norm.has_value(), "decoder layer: ",
              parts_.cross ? "attention to what was encoded without" : "no attention to what was encoded but",
              " its normalisation");
  fused_ = fuse(device, parts_);
}
DecoderLayer::~DecoderLayer() = default;
DecoderLayer::DecoderLayer(DecoderLayer&&) noexcept = default;

DecoderLayer::Result DecoderLayer::operator()(Tensor x, Tensor encoded, const LayerOptions& options) const {
  const Parts& p = parts_;
  FOVEA_CHECK(bool(encoded) == p.cross.has_value(), "decoder layer: ", encoded ? "" : "nothing ", "encoded ",
              encoded ? to_string(encoded.shape()) : "", " for a layer that attends to ",
              p.cross ? "it" : "its own tokens");
  LayerOptions before = options, to_encoded = options;
  before.attention = {.causal = true};
  to_encoded.cache = nullptr;
  if (p.cross) before.head_mask = row_of_mask(options.head_mask, 0);
  if (p.cross) to_encoded.head_mask = row_of_mask(options.head_mask, 1);
  Result result;
  Tensor h = normalised(p.place, p.attention_norm, x, [&](Tensor y) {
    const SelfAttention::Result made = p.attention(y, x, before);
    result.self_weights = made.weights;
    return made.out;  // (batch, tokens, width), as all below
  });
  if (p.cross)
    h = normalised(p.place, *p.cross_norm, h, [&](Tensor y) {
      const SelfAttention::Result made = (*p.cross)(y, h, encoded, to_encoded);
      result.weights = made.weights;
      return made.out;
    });
  result.out = normalised(p.place, p.feed_forward_norm, h,
                          [&](Tensor y) { return p.feed_forward(y, h, options.dropout); });
  return result;
}

SelfAttention::Result DecoderLayer::step(Tensor x, const StepState& search, const LayerMemory& at,
                                         bool weights) const {
  const Parts& p = parts_;
  if (fused_ && !weights)
    return {.out = decoder_layer_step(x, search, *fused_, at.cache, at.encoded, at.lengths), .weights = {}};
  SelfAttention::Result result;
  Tensor h = normalised(p.place, p.attention_norm, x, [&](Tensor y) {
    return p.attention.step(y, x, at.cache, search);  // (rows, width), as all below
  });
  if (p.cross)
    h = normalised(p.place, *p.cross_norm, h, [&](Tensor y) {
      result = p.cross->step(y, h, at.encoded, at.lengths, search, weights);
      return result.out;
    });
  result.out = normalised(p.place, p.feed_forward_norm, h, [&](Tensor y) { return p.feed_forward(y, h); });
  return result;
}

void DecoderLayer::parameters(const std::string& name, Parameters& to) {
  parts_.attention_norm.parameters(name + ".attention_norm", to);
  parts_.attention.parameters(name + ".attention", to);
  if (parts_.cross) parts_.cross_norm->parameters(name + ".cross_norm", to);
  if (parts_.cross) parts_.cross->parameters(name + ".cross", to);
  parts_.feed_forward_norm.parameters(name + ".feed_forward_norm", to);
  parts_.feed_forward.parameters(name + ".feed_forward", to);
}

uint64_t DecoderMemory::bytes() const {
  uint64_t bytes = 0;
  for (const std::vector<State>* states : {&caches, &encoded, &recurrent})
    for (const State& state : *states) bytes += state.bytes();
  return bytes;
}

DecoderStack::DecoderStack(std::vector<DecoderLayer> layers, std::optional<LayerNorm> last)
    : layers_(std::move(layers)), last_(std::move(last)) {}

DecoderStack::Result DecoderStack::operator()(Tensor x, Tensor encoded, const LayerOptions& options) const {
  Result result;
  LayerOptions of_layer = options;
  for (size_t i = 0; i < layers_.size(); ++i) {
    const CrossAttention* cross = layers_[i].cross();
    of_layer.head_mask = row_of_mask(options.head_mask, int64_t(i));
    const DecoderLayer::Result made =
        layers_[i](x, cross && encoded ? cross->memory(encoded) : encoded, of_layer);
    x = made.out;  // (batch, tokens, width)
    if (options.weights) result.weights.push_back(made.weights);
    if (options.weights) result.self_weights.push_back(made.self_weights);
  }
  result.out = last_ ? (*last_)(x) : x;
  return result;
}

DecoderMemory DecoderStack::memory(Device& device, const StepState& search, int64_t keys) const {
  const int64_t batch = search.params.batch, steps = search.params.steps;
  DecoderMemory made;
  for (const DecoderLayer& layer : layers_) {
    made.caches.emplace_back(device, Shape{2, search.rows(), steps, layer.inner()});
    if (layer.cross()) made.encoded.emplace_back(device, Shape{batch, keys, 2 * layer.cross()->inner()});
  }
  if (!made.encoded.empty()) made.lengths.emplace(device, Shape{batch}, DType::u32);
  return made;
}

void DecoderStack::keep_encoded(Tensor encoded, Tensor lengths, DecoderMemory& memory) const {
  for (size_t i = 0; i < layers_.size(); ++i)
    assign(memory.encoded.at(i), layers_[i].cross()->memory(encoded));
  assign(*memory.lengths, lengths);
}

void DecoderStack::prefill(Tensor x, DecoderMemory& memory) const {
  for (size_t i = 0; i < layers_.size(); ++i) x = layers_[i](x, {}, {.cache = &memory.caches[i]}).out;
}

bool DecoderStack::takes_places() const {
  return std::ranges::all_of(layers_, [](const DecoderLayer& layer) { return layer.takes_places(); });
}

DecoderStack::Result DecoderStack::step(Tensor x, const StepState& search, DecoderMemory& memory,
                                        int64_t weights_of) const {
  Graph& graph = *x.graph;
  Result result;
  const Tensor lengths = memory.lengths ? graph.use(*memory.lengths, "lengths") : Tensor();
  for (size_t i = 0; i < layers_.size(); ++i) {
    const bool weights = int64_t(i) == weights_of;
    const Tensor encoded = layers_[i].cross() ? graph.use(memory.encoded[i], "encoded") : Tensor();
    const SelfAttention::Result made =
        layers_[i].step(x, search, {memory.caches[i], encoded, lengths}, weights);
    x = made.out;  // (rows, width)
    if (weights) result.weights.push_back(made.weights);
  }
  result.out = last_ ? (*last_)(x) : x;
  return result;
}

void DecoderStack::parameters(const std::string& name, Parameters& to, const std::string& last) {
  for (size_t i = 0; i < layers_.size(); ++i) layers_[i].parameters(concat(name, ".", i), to);
  FOVEA_CHECK(!last_ || !last.empty(), "parameters: the last normalisation of ", name, " has no name");
  if (last_) last_->parameters(last, to);
}

}  // namespace fovea
