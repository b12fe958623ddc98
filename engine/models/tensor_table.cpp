#include "models/tensor_table.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "core/check.h"
#include "core/extents.h"
#include "core/random.h"
#include "io/json.h"
#include "io/safetensors.h"
#include "models/load.h"

namespace fovea {
namespace {

// (rows, columns) -> (columns, rows)
std::vector<float> transposed(const std::vector<float>& values, int64_t rows, int64_t columns) {
  std::vector<float> turned(values.size());
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < columns; ++c) turned[size_t(c * rows + r)] = values[size_t(r * columns + c)];
  return turned;
}

// As a number that no setting can overflow.
double elements_of(const TensorRow& row) {
  double elements = 1;
  for (const int64_t extent : row.shape) elements *= double(extent);
  return elements;
}

// As the network has it: (out, in).
Shape network_shape(const TensorRow& row) {
  const Shape shape(row.shape);
  return row.transposed ? Shape{shape[1], shape[0]} : shape;
}

std::vector<float> beginning(const TensorRow& row, Random random) {
  const Shape shape = network_shape(row);
  std::vector<float> values(shape.elements(), float(row.beginning.value));
  if (row.beginning.kind == Beginning::Kind::constant) return values;
  if (row.beginning.kind == Beginning::Kind::normal) {
    for (float& value : values) {
      double z = random.normal();
      while (std::abs(z) > 2) z = random.normal();
      value = float(z * row.beginning.value);
    }
  } else {
    const bool glorot = row.beginning.kind == Beginning::Kind::glorot;
    const double limit = glorot ? std::sqrt(6.0 / double(shape[0] + shape[1])) : row.beginning.value;
    values = uniform_values(values.size(), limit, random);
  }
  return row.transposed ? transposed(values, shape[0], shape[1]) : values;
}

struct Saved {
  std::string in_file;
  Shape shape;
  std::vector<float> values;
};

void write(const std::filesystem::path& path, const std::vector<Saved>& tensors, Storage storage) {
  std::vector<NamedTensor> named;
  for (const Saved& tensor : tensors) named.push_back({tensor.in_file, tensor.shape, tensor.values});
  write_safetensors(path, named, {{"format", "pt"}}, storage);
}

// A tensor of the network as the parts that the file has of it.
void append_parts(const TensorTable& table, const Parameter& tensor, std::vector<Saved>& to) {
  FOVEA_CHECK(tensor.state->layout() == Layout::rows, "save: ", tensor.name,
              " lies in panels; make the model for training");
  const std::vector<float> values = tensor.state->read();
  size_t begin = 0;
  for (const TensorRow* row : table.rows_of(tensor.name)) {
    const Shape shape = network_shape(*row);
    const size_t end = begin + shape.elements();
    FOVEA_CHECK(end <= values.size(), "save: ", tensor.name, " ", tensor.state->shape(), " ends before ",
                in_quotes(row->in_file), " ", extents_text(row->shape));
    std::vector<float> part(values.begin() + int64_t(begin), values.begin() + int64_t(end));
    if (row->transposed) part = transposed(part, shape[0], shape[1]);
    to.push_back({row->in_file, Shape(row->shape), std::move(part)});
    begin = end;
  }
  FOVEA_CHECK(begin == values.size(), "save: ", tensor.name, " has ", values.size(),
              " elements, its rows of the table ", begin);
}

}  // namespace

void TensorTable::linear(const std::string& name, const std::vector<std::string>& in_file,
                         const Product& product) {
  const auto& [out, in, optional_bias, transposed, fresh_bias] = product;
  const int64_t parts = int64_t(in_file.size());
  FOVEA_CHECK(parts > 0 && out % parts == 0, "tensor table: ", name, " has ", out, " rows in ", parts,
              " equal parts");
  const int64_t rows = out / parts;
  for (const std::string& part : in_file) {
    add({.name = name + ".weight",
         .in_file = part + suffixes_.weight,
         .shape = transposed ? std::vector{in, rows} : std::vector{rows, in},
         .beginning = {Beginning::Kind::glorot},
         .transposed = transposed});
    add({.name = name + ".bias",
         .in_file = part + suffixes_.bias,
         .shape = {rows},
         .beginning = {.kind = fresh_bias ? Beginning::Kind::constant : Beginning::Kind::absent},
         .optional = optional_bias});
  }
}

void TensorTable::norm(const std::string& name, const std::string& in_file, int64_t width) {
  add({.name = name + ".weight",
       .in_file = in_file + suffixes_.norm_weight,
       .shape = {width},
       .beginning = {.value = 1}});
  add({.name = name + ".bias", .in_file = in_file + suffixes_.norm_bias, .shape = {width}});
}

std::vector<const TensorRow*> TensorTable::rows_of(const std::string& name) const {
  std::vector<const TensorRow*> found;
  for (const TensorRow& row : rows_)
    if (row.name == name) found.push_back(&row);
  FOVEA_CHECK(!found.empty(), "tensor table: no row of ", name, " among ", rows_.size());
  return found;
}

TensorSource::TensorSource(const TensorTable& table, const TensorFile& file, const LoadOptions& load)
    : table_(table), file_(file), load_(load) {
  for (const TensorRow& row : table.rows())
    if (file.has(row.in_file)) all_ += elements_of(row);
}

bool TensorSource::has(const std::string& name) const {
  return std::ranges::any_of(table_.rows_of(name),
                             [&](const TensorRow* row) { return !row->optional || file_.has(row->in_file); });
}

TensorSource::Host TensorSource::read(const std::string& name) const {
  report_progress(load_, all_ > 0 ? done_ / all_ : 0);
  const bool again = !read_.insert(name).second;
  Host made;
  for (const TensorRow* row : table_.rows_of(name)) {
    if (!row->optional || file_.has(row->in_file)) {
      if (!again) done_ += elements_of(*row);
      const std::vector<int64_t> found = file_.shape(row->in_file);
      FOVEA_CHECK(found == row->shape, file_.where(row->in_file), ": expected shape ",
                  extents_text(row->shape), ", got ", extents_text(found));
    }
    const Shape shape = network_shape(*row), in_file(row->shape);
    std::vector<float> part = row->optional && !file_.has(row->in_file)
                                  ? std::vector<float>(in_file.elements(), 0.0f)
                                  : file_.read_f32(row->in_file, in_file);
    if (row->transposed) part = transposed(part, in_file[0], in_file[1]);
    made.shape = made.values.empty() ? shape : made.shape.with(0, made.shape[0] + shape[0]);
    made.values.insert(made.values.end(), part.begin(), part.end());
  }
  return made;
}

void save_tensors(const std::filesystem::path& path, const TensorTable& table, const Parameters& tensors,
                  Storage storage) {
  std::vector<Saved> saved;
  std::set<std::string> names;
  for (const Parameter& tensor : tensors) {
    append_parts(table, tensor, saved);
    names.insert(tensor.name);
  }
  for (const TensorRow& row : table.rows())
    FOVEA_CHECK(row.optional || names.contains(row.name), "save: ", in_quotes(row.in_file), " is a part of ",
                row.name, ", which the network does not have");
  write(path, saved, storage);
}

void write_fresh_tensors(const std::filesystem::path& path, const TensorTable& table, uint64_t seed) {
  std::vector<Saved> fresh;
  for (size_t place = 0; place < table.rows().size(); ++place) {
    const TensorRow& row = table.rows()[place];
    if (row.beginning.kind != Beginning::Kind::absent)
      fresh.push_back(
          {row.in_file, Shape(row.shape), beginning(row, Random(seed, {kRandomWeights, uint64_t(place)}))});
  }
  write(path, fresh, Storage::f32);
}

}  // namespace fovea
