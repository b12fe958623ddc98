#include "shaders/attention_grad.h"

#include "ops/attention.h"
#include "ops/copy.h"
#include "ops/tiles.h"

namespace fovea {
namespace {

bool lie_alike(Tensor a, Tensor b) {
  const AttentionStrides left = attention_strides(a), right = attention_strides(b);
  return left.batch == right.batch && left.head == right.head && left.token == right.token;
}

// What the kernels have in common: 7 operands that they read. Their last input and their outputs differ.
struct GradLaunch {
  AttentionGradOf of;
  AttentionGradParams params;
  uint32_t batch, heads, head_dim;
  bool causal, has_lengths, has_bias;
  bool only_bias = false;

  void operator()(Launch& launch) const {
    const uint32_t own = of == AttentionGradOf::q ? params.tokens : params.keys;
    const AttentionGradTiles tiles = choose_attention_grad_tiles(launch.limits(), of, own, head_dim);
    Dispatch what{.kernel = tiles.kernel,
                  .groups = {uint32_t(ceil_div(own, tiles.own)), heads, batch},
                  .lanes = tiles.lanes,
                  .constants = {{"kHeadDim", head_dim},
                                {"kCausal", causal},
                                {"kHasLengths", has_lengths},
                                {"kHasBias", has_bias}},
                  .reads = {{"q", launch.in(0)},
                            {"k", launch.in(1)},
                            {"v", launch.in(2)},
                            {"lengths", launch.in(3)},
                            {"bias", launch.in(4)},
                            {"dout", launch.in(5)},
                            {"lse", launch.in(6)}}};
    what.constants.insert(what.constants.end(), tiles.constants.begin(), tiles.constants.end());
    if (of == AttentionGradOf::q) {
      what.reads.push_back({"y", launch.in(7)});
      what.writes = {{"dq", launch.out(0)}, {"rows", launch.out(1)}};
    } else {
      what.constants.push_back({"kOnlyBias", only_bias});
      what.reads.push_back({"rows", launch.in(7)});
      what.writes = {{"dk", launch.out(0)}, {"dv", only_bias ? Span{} : launch.out(1)}};
    }
    launch.dispatch(what, params);
  }
};

}  // namespace

std::vector<Tensor> attention_grad(const AttentionCall& of, Tensor dout) {
  Graph& graph = *of.q.graph;
  const AttentionOptions& options = of.options;
  const Shape shape = of.q.shape();
  const int64_t batch = shape[0], heads = shape[1], tokens = shape[2], keys = of.k.shape()[2];
  const int64_t head_dim = shape[3];
  dout = dense("attention_grad", dout);
  if (graph.value(dout.id).offset % 4 != 0) dout = dense_copy(dout);
  // One set of strides stands for both: of one product or two, they lie alike.
  const bool alike = lie_alike(of.k, of.v);
  Tensor k = alike ? of.k : dense_copy(of.k), v = alike ? of.v : dense_copy(of.v);

  GradLaunch launch{.of = AttentionGradOf::q,
                    .params = {.tokens = uint32_t(tokens),
                               .keys = uint32_t(keys),
                               .scale = options.scale,
                               .q = attention_strides(of.q),
                               .kv = attention_strides(k),
                               .bias = options.bias ? attention_strides(options.bias) : AttentionStrides{}},
                    .batch = uint32_t(batch),
                    .heads = uint32_t(heads),
                    .head_dim = uint32_t(head_dim),
                    .causal = options.causal,
                    .has_lengths = bool(options.lengths),
                    .has_bias = bool(options.bias)};
  const std::string detail = concat("tokens ", tokens, ", keys ", keys);
  std::vector<Tensor> operands = {of.q, k, v, options.lengths, options.bias, dout, of.lse, of.out};
  const std::vector<Tensor> of_q = graph.add_all({.op = "attention_grad_q",
                                                  .detail = detail,
                                                  .inputs = operands,
                                                  .shape = {batch, tokens, heads, head_dim},
                                                  .more = {{.shape = {batch, heads, tokens, 2}}},
                                                  .launch = launch});
  launch.of = AttentionGradOf::kv;
  operands.back() = of_q[1];
  const std::vector<Tensor> of_kv = graph.add_all({.op = "attention_grad_kv",
                                                   .detail = detail,
                                                   .inputs = operands,
                                                   .shape = {batch, keys, heads, head_dim},
                                                   .more = {{.shape = {batch, keys, heads, head_dim}}},
                                                   .launch = launch});
  Tensor dbias;
  if (options.bias) {
    launch.only_bias = true;
    dbias = graph.add({.op = "attention_grad_bias",
                       .detail = detail,
                       .inputs = operands,
                       .shape = {batch, heads, tokens, keys},
                       .launch = launch});
  }
  const auto by_head = [](Tensor x) { return permute(x, {0, 2, 1, 3}); };
  return {by_head(of_q[0]), by_head(of_kv[0]), by_head(of_kv[1]), Tensor(), dbias};
}

}  // namespace fovea
