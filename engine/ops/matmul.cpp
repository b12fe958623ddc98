#include "shaders/matmul.h"

#include "ops/matrices.h"
#include "ops/tiles.h"

namespace fovea {
namespace {

struct Product {
  Tensor a, b;    // b in panels
  Tensor b_rows;  // the same in rows, for the gradient of a; absent where b came in panels
  Shape shape;    // (.., m, n)
  MatmulOptions options;
};

// What recording needs; nothing of it points into the graph.
struct Recipe {
  Matrices a;
  uint32_t n, b_batch;
  bool bias, residual;
  Activation activation;
};

void launch_matmul(Launch& k, const Recipe& recipe) {
  const Matrices& a = recipe.a;
  const MatmulTiles tiles = choose_matmul_tiles(k.limits(), a.rows, recipe.n, a.columns);
  std::vector<Constant> constants = {{"kHasBias", recipe.bias},
                                     {"kActivation", uint32_t(recipe.activation)},
                                     {"kHasResidual", recipe.residual}};
  constants.insert(constants.end(), tiles.constants.begin(), tiles.constants.end());
  k.dispatch({.kernel = tiles.kernel,
              .groups = {uint32_t(ceil_div(a.rows, tiles.rows)), uint32_t(ceil_div(recipe.n, tiles.columns)),
                         a.batch},
              .lanes = tiles.lanes,
              .constants = constants,
              .reads = {{"a", k.in(0)}, {"b", k.in(1)}, {"bias", k.in(2)}, {"residual", k.in(3)}},
              .writes = {{"y", k.out()}}},
             MatmulParams{a.rows, recipe.n, a.columns, a.batch_stride, a.row_stride, a.column_stride,
                          recipe.b_batch});
}

NodeSpec spec_of(const Product& product);

// da = dy b^T, db = a^T dy; weights that all rows of a share collect the gradients of all of them.
std::vector<Tensor> gradients(const Product& product, Tensor dy) {
  const Shape& b = product.b.shape();
  FOVEA_CHECK(product.b_rows, "matmul: no gradient through panels ", b,
              ": the right operand must lie in rows");
  const Tensor da = matmul(dy, transpose(product.b_rows));
  if (b.rank() > 2) return {da, matmul(transpose(product.a), dy), {}, {}};
  const int64_t m = int64_t(product.shape.elements()) / b[1];
  return {da, matmul(transpose(reshape(product.a, {m, b[0]})), reshape(dy, {m, b[1]})), {}, {}};
}

// bias, then activation, then residual: an epilogue folds in when it does not come too late.
std::optional<NodeSpec> absorb(Product product, const Epilogue& epilogue) {
  MatmulOptions& options = product.options;
  const bool open = !options.residual;
  const bool linear = open && options.activation == Activation::none;
  switch (epilogue.kind) {
    case Epilogue::Kind::bias:
      if (!linear || options.bias || !epilogue.operand.contiguous()) return std::nullopt;
      options.bias = epilogue.operand;
      break;
    case Epilogue::Kind::residual:
      if (!open || !epilogue.operand.contiguous() || epilogue.operand.shape() != product.shape)
        return std::nullopt;
      options.residual = epilogue.operand;
      break;
    case Epilogue::Kind::activation:
      if (!linear) return std::nullopt;
      options.activation = epilogue.activation;
      break;
  }
  return spec_of(product);
}

std::string detail_of(const Matrices& a, const MatmulOptions& options) {
  const bool activated = options.activation != Activation::none;
  return concat("k ", a.columns, options.bias ? " bias" : "", activated ? " " : "",
                activated ? name(options.activation) : "", options.residual ? " residual" : "");
}

NodeSpec spec_of(const Product& product) {
  const MatmulOptions& options = product.options;
  // Shared weights make one matrix of all rows of a; otherwise matrices pair up.
  const bool shared = product.b.shape().rank() == 2;
  const Matrices a = *(shared ? as_one_matrix(product.a) : as_matrices(product.a));
  const uint32_t n = uint32_t(product.shape.back());
  const Recipe recipe{a,
                      n,
                      shared ? 0 : uint32_t(panel_elements(a.columns, n)),
                      bool(options.bias),
                      bool(options.residual),
                      options.activation};
  return {.op = "matmul",
          .detail = detail_of(a, options),
          .inputs = {product.a, product.b, options.bias, options.residual},
          .shape = product.shape,
          .launch = [=](Launch& k) { launch_matmul(k, recipe); },
          .grad = [=](Outputs, Tensor dy) { return gradients(product, dy); },
          .absorb = [=](const Epilogue& epilogue) { return absorb(product, epilogue); }};
}

}  // namespace

// The options are nodes of their own, which the Plan folds back in where no gradient needs what lies between.
Tensor matmul(Tensor a, Tensor b, const MatmulOptions& options) {
  expect_dtype("matmul", a, DType::f32);
  expect_holds("matmul", b, DType::f32);
  const Shape& left = a.shape();
  const Shape& right = b.shape();
  FOVEA_CHECK(left.rank() >= 2 && right.rank() >= 2, "matmul: needs matrices, got ", left, " x ", right);
  FOVEA_CHECK(left[-1] == right[-2], "matmul: inner sizes differ: ", left, " x ", right);
  FOVEA_CHECK(right.rank() == 2 || left.slice(0, left.rank() - 2) == right.slice(0, right.rank() - 2),
              "matmul: batches differ: ", left, " x ", right);
  const bool packed = b.layout() == Layout::panels;
  Product product{a, packed ? b : pack(b), packed ? Tensor() : b, left.with(-1, right[-1]), {}};
  const Tensor x = options.bias, residual = options.residual;
  FOVEA_CHECK(!x || x.shape() == Shape({right[-1]}), "matmul: bias ", x ? x.shape() : Shape(), " for ",
              right[-1], " columns");
  FOVEA_CHECK(!residual || residual.shape() == product.shape, "matmul: residual ",
              residual ? residual.shape() : Shape(), " for ", product.shape);
  const bool fits = right.rank() == 2 ? as_one_matrix(a).has_value() : as_matrices(a).has_value();
  if (!fits) product.a = contiguous(a);
  Tensor y = a.graph->add(spec_of(product));
  if (options.bias) y = add(y, options.bias);
  y = activate(y, options.activation);
  return residual ? add(y, dense("matmul", residual)) : y;
}

}  // namespace fovea
