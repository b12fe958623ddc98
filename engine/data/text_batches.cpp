#include <algorithm>

#include "core/check.h"
#include "core/random.h"
#include "data/epoch.h"
#include "data/text_shapes.h"
#include "fovea/data.hpp"

namespace fovea {
namespace {

// The pairs of one batch: their shape, and where they are among the pairs of that shape.
struct Place {
  size_t shape, first;
};
struct Epoch {
  std::vector<std::vector<uint32_t>> pairs;  // of each shape
  std::vector<Place> batches;
};

void check_options(const TextOptions& options) {
  const auto check = [](const char* name, int64_t value) {
    FOVEA_CHECK(value >= 1 && value <= 1 << 24, "text: ", name, ": ", value, ", 1 to ", 1 << 24,
                " are possible");
  };
  check("tokens", options.tokens);
  check("multiple", options.multiple);
  check("shapes", options.shapes);
  check("longest", options.longest);
}

}  // namespace

struct TextBatches::Impl {
  Impl(std::vector<EncodedPair> given_pairs, const TextOptions& given);
  Lengths lengths(const EncodedPair& pair) const;
  Epoch plan(uint64_t epoch) const;
  void place(const EncodedPair& pair, int64_t row, TextBatch& made) const;

  std::vector<EncodedPair> pairs;
  TextOptions options;
  std::vector<TextShape> shapes;
  std::vector<std::vector<uint32_t>> members;  // pairs of each shape, as given
  int64_t left_out = 0, batches = 0;
  EpochCache<Epoch> epochs;
};

TextBatches::Impl::Impl(std::vector<EncodedPair> given_pairs, const TextOptions& given)
    : pairs(std::move(given_pairs)), options(given) {
  check_options(options);
  FOVEA_CHECK(pairs.size() < UINT32_MAX, "text: ", pairs.size(), " pairs, below ", UINT32_MAX,
              " are possible");
  std::vector<Lengths> kept;
  std::vector<uint32_t> which;
  for (size_t i = 0; i < pairs.size(); ++i) {
    const Lengths pair = lengths(pairs[i]);
    if (std::max(pair.source, pair.target) > options.longest) continue;
    kept.push_back(pair);
    which.push_back(uint32_t(i));
  }
  FOVEA_CHECK(!kept.empty(), "text: of ", pairs.size(), " pairs none has at most ", options.longest,
              " tokens");
  left_out = int64_t(pairs.size() - kept.size());
  shapes = choose_shapes(kept, options);
  members.resize(shapes.size());
  for (size_t i = 0; i < kept.size(); ++i) members[shape_of(kept[i], shapes)].push_back(which[i]);
  for (size_t shape = shapes.size(); shape-- > 0;)  // pairs may all fit better elsewhere
    if (members[shape].empty()) {
      members.erase(members.begin() + int64_t(shape));
      shapes.erase(shapes.begin() + int64_t(shape));
    }
  batches = int64_t(plan(0).batches.size());
}

// At least 1 each, as shapes have.
Lengths TextBatches::Impl::lengths(const EncodedPair& pair) const {
  return {std::max<int64_t>(int64_t(pair.source.size()) + options.source_end, 1),
          int64_t(pair.target.size()) + 1};
}

Epoch TextBatches::Impl::plan(uint64_t epoch) const {
  Epoch made{members, {}};
  for (size_t shape = 0; shape < shapes.size(); ++shape) {
    if (options.shuffle) shuffle(made.pairs[shape], Random(options.seed, {kRandomOrder, epoch, shape}));
    for (size_t first = 0; first < members[shape].size(); first += size_t(shapes[shape].rows))
      made.batches.push_back({shape, first});
  }
  if (options.shuffle) shuffle(made.batches, Random(options.seed, {kRandomOrder, epoch}));
  return made;
}

void TextBatches::Impl::place(const EncodedPair& pair, int64_t row, TextBatch& made) const {
  const auto source =
      std::copy(pair.source.begin(), pair.source.end(), made.source.begin() + row * made.shape.source_length);
  if (options.source_end) *source = options.end;
  made.lengths[size_t(row)] = uint32_t(pair.source.size() + options.source_end);
  const int64_t at = row * made.shape.target_length;
  made.inputs[size_t(at)] = options.start;
  std::copy(pair.target.begin(), pair.target.end(), made.inputs.begin() + at + 1);
  *std::copy(pair.target.begin(), pair.target.end(), made.labels.begin() + at) = options.end;
  made.tokens += int64_t(pair.target.size()) + 1;
}

TextBatches::TextBatches(std::vector<EncodedPair> pairs, const TextOptions& options)
    : impl_(std::make_unique<Impl>(std::move(pairs), options)) {}
TextBatches::~TextBatches() = default;
TextBatches::TextBatches(TextBatches&&) noexcept = default;

const std::vector<TextShape>& TextBatches::shapes() const { return impl_->shapes; }
int64_t TextBatches::left_out() const { return impl_->left_out; }
int64_t TextBatches::batches() const { return impl_->batches; }

TextBatch TextBatches::batch(uint64_t index) const {
  const uint64_t number = index / uint64_t(impl_->batches);
  const auto epoch =
      impl_->epochs.get(impl_->options.shuffle ? number : 0, [&] { return impl_->plan(number); });
  const Place place = epoch->batches[size_t(index % uint64_t(impl_->batches))];
  const std::vector<uint32_t>& pairs = epoch->pairs[place.shape];
  TextBatch made{.shape = impl_->shapes[place.shape]};
  const auto& [rows, source_length, target_length] = made.shape;
  made.count = std::min(rows, int64_t(pairs.size() - place.first));
  made.source.assign(size_t(rows * source_length), impl_->options.pad);
  made.lengths.assign(size_t(rows), 0);
  made.inputs.assign(size_t(rows * target_length), impl_->options.pad);
  made.labels.assign(size_t(rows * target_length), kIgnored);
  for (int64_t row = 0; row < made.count; ++row) {
    made.pairs.push_back(pairs[place.first + size_t(row)]);
    impl_->place(impl_->pairs[made.pairs.back()], row, made);
  }
  return made;
}

}  // namespace fovea
