#include "fovea/diacritizer.hpp"

#include <algorithm>
#include <map>

#include "core/check.h"
#include "fovea/plan.hpp"
#include "fovea/scores.hpp"
#include "io/config.h"
#include "io/json.h"
#include "io/safetensors.h"
#include "models/layers.h"
#include "models/load.h"
#include "text/utf8.h"

namespace fovea {
namespace {

constexpr int64_t kLengthStep = 16;  // lines are padded to multiples, so that few plans serve all

int64_t extent(const SafeTensors& file, const std::string& name, size_t axis) {
  const std::vector<int64_t> shape = file.shape(name);
  FOVEA_CHECK(shape.size() == 2, file.where(name), ": ", shape.size(), " axes, expected 2");
  FOVEA_CHECK(shape[axis] >= 1 && shape[axis] <= 1 << 20, file.where(name), ": an extent of ", shape[axis],
              ", 1 to ", 1 << 20, " are possible");
  return shape[axis];
}

DiacritizerConfig load_config(const ModelFiles& files, const SafeTensors& file) {
  const JsonFile vocabulary = JsonFile::load(files.open("vocabulary.json"));
  DiacritizerConfig c{.tokens = vocabulary.require_strings("tokens"),
                      .labels = vocabulary.require_strings("labels")};
  std::map<std::string, size_t> places;
  for (size_t i = 0; i < c.tokens.size(); ++i) {
    const auto [place, fresh] = places.emplace(c.tokens[i], i);
    FOVEA_CHECK(fresh, vocabulary.file(), ": ", in_quotes(c.tokens[i]), " is token ", place->second,
                " and token ", i);
  }
  FOVEA_CHECK(std::ranges::find(c.tokens, "<UNK>") != c.tokens.end(), vocabulary.file(), ": none of ",
              c.tokens.size(), " tokens is <UNK>");
  c.embedding = extent(file, "embedding.weight", 1);
  c.width = extent(file, "lstm.weight_hh_l0", 1);
  c.hidden = extent(file, "attention.W.weight", 0);
  for (c.layers = 1; file.has(concat("lstm.weight_ih_l", c.layers));) ++c.layers;
  return c;
}

RnnConfig rnn_config(const DiacritizerConfig& c) {
  return {.cell = Cell::lstm, .in = c.embedding, .width = c.width, .layers = c.layers, .bidirectional = true};
}

TensorTable table_of(const DiacritizerConfig& c) {
  TensorTable table;
  const auto add = [&](const std::string& name, const std::string& in_file, std::vector<int64_t> shape) {
    table.add({.name = name, .in_file = in_file, .shape = std::move(shape)});
  };
  const int64_t labels = int64_t(c.labels.size()), out = 2 * c.width;
  add("embedding.weight", "embedding.weight", {int64_t(c.tokens.size()), c.embedding});
  add_rnn(table, "lstm", rnn_config(c));
  add("attention.queries.weight", "attention.W.weight", {c.hidden, out});
  add("attention.keys.weight", "attention.U.weight", {c.hidden, out});
  add("attention.w", "attention.v.weight", {1, c.hidden});
  add("classifier.weight", "classifier.weight", {labels, out});
  add("classifier.bias", "classifier.bias", {labels});
  return table;
}

// Lines of up to `tokens` characters, one at a time.
struct LinePlan {
  LinePlan(Device& device, const Diacritizer& model, int64_t tokens)
      : ids(graph.input({1, tokens}, DType::u32, "ids")),
        lengths(graph.input({1}, DType::u32, "lengths")),
        made(model(ids, lengths)),
        plan(device, graph, {made.hidden, made.weights, made.logits}) {}

  Graph graph;
  Tensor ids, lengths;
  Diacritizer::Result made;
  Plan plan;
};

// The first rows and columns of (rows, columns).
std::vector<float> corner(const std::vector<float>& values, size_t columns, size_t rows, size_t wanted) {
  std::vector<float> made;
  for (size_t r = 0; r < rows; ++r)
    made.insert(made.end(), values.begin() + int64_t(r * columns),
                values.begin() + int64_t(r * columns + wanted));
  return made;
}

}  // namespace

struct Diacritizer::Impl {
  Impl(const LayerSource& from, DiacritizerConfig given)
      : device(from.device),
        config(std::move(given)),
        embedding(make_state(from, "embedding.weight")),
        lstm(make_rnn(from, "lstm", rnn_config(config))),
        score(make_unbiased_linear(from, "attention.queries"), make_unbiased_linear(from, "attention.keys"),
              make_state(from, "attention.w", {config.hidden})),
        classifier(make_linear(from, "classifier")) {
    for (size_t i = 0; i < config.tokens.size(); ++i)
      ids.emplace(config.tokens[i], uint32_t(i));  // no two alike
  }
  static std::unique_ptr<Impl> make(Device& device, const ModelFiles& files, const LoadOptions& load) {
    const SafeTensors file(files.open("model.safetensors"));
    DiacritizerConfig config = load_config(files, file);
    const TensorTable table = table_of(config);
    const TensorSource tensors(table, file, load);
    return std::make_unique<Impl>(LayerSource{.device = device, .tensors = tensors}, std::move(config));
  }

  Device& device;
  DiacritizerConfig config;
  std::map<std::string, uint32_t> ids;
  State embedding;
  Rnn lstm;
  AdditiveScore score;
  Linear classifier;
  std::map<int64_t, std::unique_ptr<LinePlan>> plans;  // by tokens
};

Diacritizer::Diacritizer(Device& device, const ModelFiles& files, const LoadOptions& load)
    : impl_(load_model(load, [&] { return Impl::make(device, files, load); })) {}
Diacritizer::~Diacritizer() = default;
Diacritizer::Diacritizer(Diacritizer&&) noexcept = default;

const DiacritizerConfig& Diacritizer::config() const { return impl_->config; }

void Diacritizer::trim() { impl_->plans.clear(); }

Diacritizer::Result Diacritizer::operator()(Tensor ids, Tensor lengths) const {
  FOVEA_CHECK(ids.shape().rank() == 2, "diacritizer: ids ", ids.shape(), " are not (batch, tokens)");
  const Tensor x =
      embedding(ids.graph->use(impl_->embedding, "embedding"), transpose(ids));  // (tokens, batch, embedding)
  const Tensor hidden = permute(impl_->lstm(x, {.lengths = lengths}).out, {1, 0, 2});
  const Attended seen = attend(hidden, hidden, hidden,
                               {.score = impl_->score, .normaliser = {.lengths = lengths}, .weights = true});
  return {.hidden = hidden, .weights = seen.weights, .logits = impl_->classifier(seen.out)};
}

std::vector<uint32_t> Diacritizer::encode(const std::string& line) const {
  check_utf8(line, "diacritizer");
  std::vector<uint32_t> made;
  for (const std::string& character : characters(line)) {
    const auto found = impl_->ids.find(character);
    made.push_back(found == impl_->ids.end() ? impl_->ids.at("<UNK>") : found->second);
  }
  return made;
}

Diacritized Diacritizer::run(const std::string& line) {
  std::vector<uint32_t> ids = encode(line);
  FOVEA_CHECK(!ids.empty(), "diacritizer: an empty line");
  const size_t length = ids.size(), padded = (length + kLengthStep - 1) / kLengthStep * kLengthStep;
  std::unique_ptr<LinePlan>& one = impl_->plans[int64_t(padded)];
  if (!one) one = std::make_unique<LinePlan>(impl_->device, *this, int64_t(padded));
  ids.resize(padded, 0);
  one->plan.write(one->ids, ids);
  one->plan.write(one->lengths, std::vector{uint32_t(length)});
  one->plan.run();
  const size_t width = size_t(2 * config().width), labels = config().labels.size();
  Diacritized made{.text = {},
                   .characters = characters(line),
                   .hidden = corner(one->plan.read(one->made.hidden), width, length, width),
                   .weights = corner(one->plan.read(one->made.weights), padded, length, length),
                   .logits = corner(one->plan.read(one->made.logits), labels, length, labels)};
  for (size_t i = 0; i < length; ++i) {
    const auto first = made.logits.begin() + int64_t(i * labels);
    const auto best = std::max_element(first, first + int64_t(labels));
    made.text += made.characters[i] + config().labels[size_t(best - first)];
  }
  return made;
}

}  // namespace fovea
