// The names are those of transformers' GPT2LMHeadModel.
#include "fovea/gpt2.hpp"

#include "core/check.h"
#include "decode/sessions.h"
#include "io/config.h"
#include "io/safetensors.h"
#include "models/layers.h"
#include "models/load.h"

namespace fovea {
namespace {

constexpr Bounds<int64_t> kCount{1, 1 << 20};

Gpt2Config load_config(const JsonFile& file) {
  FOVEA_CHECK(file.require_string("model_type") == "gpt2", file.file(), ": model_type \"",
              file.require_string("model_type"), "\", known is gpt2");
  for (const char* other : {"scale_attn_by_inverse_layer_idx", "add_cross_attention"})
    FOVEA_CHECK(!file.get_bool(other, false), file.file(), ": ", other, " is true, known is false");
  FOVEA_CHECK(file.get_bool("scale_attn_weights", true), file.file(),
              ": scale_attn_weights is false, known is true");
  Gpt2Config c;
  c.vocab = file.require_int("vocab_size", kCount);
  c.width = file.require_int("n_embd", kCount);
  c.heads = file.require_int("n_head", kCount);
  check_heads(file.file(), {"n_embd", c.width}, {"n_head", c.heads});
  c.hidden = file.get_int("n_inner", 4 * c.width, kCount);
  c.depth = file.require_int("n_layer", {1, 1024});
  c.positions = file.require_int("n_positions", kCount);
  c.activation = transformers_activation(concat(file.file(), ": activation_function"),
                                         file.get_string("activation_function", "gelu_new"));
  c.eps = float(file.get_float("layer_norm_epsilon", 1e-5, {0, 1}));
  c.eos = uint32_t(file.get_int("eos_token_id", 50256, {0, c.vocab - 1}));
  return c;
}

// A GPT2LMHeadModel puts "transformer." in front of the names of a GPT2Model.
TensorTable table_of(const Gpt2Config& c, const TensorFile& file) {
  const std::string base = file.has_any("transformer.") ? "transformer." : "";
  TensorTable table;
  table.add({.name = "wte.weight", .in_file = base + "wte.weight", .shape = {c.vocab, c.width}});
  table.add({.name = "wpe.weight", .in_file = base + "wpe.weight", .shape = {c.positions, c.width}});
  if (file.has("lm_head.weight"))  // else the output is tied to the tokens
    table.add({.name = "lm_head.weight", .in_file = "lm_head.weight", .shape = {c.vocab, c.width}});
  for (int64_t i = 0; i < c.depth; ++i) {
    const std::string ours = concat("h.", i), theirs = concat(base, "h.", i);
    const auto product = [&](const char* part, const char* in_file, int64_t out, int64_t in) {
      table.linear(concat(ours, ".", part), {concat(theirs, ".", in_file)},
                   {.out = out, .in = in, .transposed = true});  // Conv1D
    };
    table.norm(ours + ".attention_norm", theirs + ".ln_1", c.width);
    product("attention.qkv", "attn.c_attn", 3 * c.width, c.width);
    product("attention.out", "attn.c_proj", c.width, c.width);
    table.norm(ours + ".feed_forward_norm", theirs + ".ln_2", c.width);
    product("feed_forward.up", "mlp.c_fc", c.hidden, c.width);
    product("feed_forward.down", "mlp.c_proj", c.width, c.hidden);
  }
  table.norm("ln_f", base + "ln_f", c.width);
  return table;
}

class Network : public Decoder {
 public:
  Network(const LayerSource& from, const Gpt2Config& config, bool tied)
      : config_(config),
        embedding_({.tokens = make_state(from, "wte.weight", {config.vocab, config.width}),
                    .positions = make_state(from, "wpe.weight", {config.positions, config.width})}),
        layers_(make_decoder_layers(from, "h", config.depth,
                                    {.heads = config.heads, .activation = config.activation}),
                make_norm(from, "ln_f")),
        head_(from.device, config.vocab, config.width,
              from.tensors.read(tied ? "wte.weight" : "lm_head.weight").values, {}) {}

  const Gpt2Config& config() const { return config_; }
  Tensor operator()(Tensor ids) const { return head_(layers_(embedding_(ids)).out); }

  DecoderFacts facts() const override {
    return {.vocab = config_.vocab,
            .positions = config_.positions,
            .depth = config_.depth,
            .heads = config_.heads,
            .start = config_.eos,
            .eos = config_.eos,
            .pad = config_.eos};
  }
  DecoderMemory memory(Device& device, const StepState& search, int64_t keys) const override {
    return layers_.memory(device, search, keys);
  }
  void begin(Tensor ids, Tensor, const StepState&, DecoderMemory& memory) const override {
    layers_.prefill(embedding_(ids), memory);
  }
  Next step(Graph& graph, const StepState& search, DecoderMemory& memory, int64_t) const override {
    const StepTokens reads = step_tokens(graph, search);
    const Tensor x = embedding_.step(reads.tokens, reads.place);  // (rows, width)
    return {.logits = head_(layers_.step(x, search, memory).out), .weights = {}};
  }

 private:
  Gpt2Config config_;
  Embedding embedding_;
  DecoderStack layers_;
  Linear head_;
};

Network load_network(Device& device, const ModelFiles& files, const LoadOptions& load) {
  const Gpt2Config config = load_config(JsonFile::load(files.open("config.json")));
  const SafeTensors file(files.open("model.safetensors"));
  const TensorTable table = table_of(config, file);
  const TensorSource tensors(table, file, load);
  return Network({.device = device, .tensors = tensors, .eps = config.eps}, config,
                 !file.has("lm_head.weight"));
}

}  // namespace

struct Gpt2::Impl {
  Impl(Device& device, const ModelFiles& files, const LoadOptions& load)
      : network(load_network(device, files, load)), sessions(device, network) {}

  Network network;
  DecodeSessions sessions;
};

Gpt2::Gpt2(Device& device, const ModelFiles& files, const LoadOptions& load)
    : impl_(load_model(load, [&] { return std::make_unique<Impl>(device, files, load); })) {}
Gpt2::~Gpt2() = default;
Gpt2::Gpt2(Gpt2&&) noexcept = default;

const Gpt2Config& Gpt2::config() const { return impl_->network.config(); }
void Gpt2::trim() { impl_->sessions.trim(); }

Tensor Gpt2::operator()(Tensor ids) const { return impl_->network(ids); }

std::vector<std::vector<Continuation>> Gpt2::generate(const std::vector<std::vector<uint32_t>>& prompts,
                                                      const Decoding& decoding) {
  DecodeRequest request{.prompts = prompts, .decoding = decoding};
  for (size_t i = 0; i < prompts.size(); ++i) request.seeds.push_back(seed_of(decoding.seed, i));
  std::vector<std::vector<Continuation>> all;
  for (std::vector<DecodedTarget>& targets : impl_->sessions.decode(request)) {
    all.emplace_back();
    for (DecodedTarget& target : targets)
      all.back().push_back({std::move(target.tokens), std::move(target.log_probs), target.score});
  }
  return all;
}

}  // namespace fovea
