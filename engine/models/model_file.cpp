#include "models/model_file.h"

#include <cmath>

#include "core/check.h"
#include "io/safetensors.h"

namespace fovea {
namespace {

// A parameter under its names in the file: rows in as many equal parts as there are names.
void append(const Parameter& parameter, const std::vector<std::string>& names, std::vector<FileTensor>& to) {
  const std::vector<float> values = parameter.state->read();
  const Shape& shape = parameter.state->shape();
  const int64_t parts = int64_t(names.size());
  FOVEA_CHECK(shape[0] % parts == 0, "save: ", parameter.name, " ", shape, " is not ", parts, " equal parts");
  const size_t count = values.size() / names.size();
  for (size_t i = 0; i < names.size(); ++i) {
    const auto begin = values.begin() + int64_t(i * count);
    to.push_back({names[i], shape.with(0, shape[0] / parts), {begin, begin + int64_t(count)}});
  }
}

}  // namespace

std::vector<FileTensor> file_tensors(const Parameters& parameters, const std::vector<FileName>& names) {
  std::vector<FileTensor> tensors;
  for (const Parameter& parameter : parameters) {
    FOVEA_CHECK(parameter.state->layout() == Layout::rows, "save: ", parameter.name,
                " lies in panels; make the model for training");
    std::vector<std::string> theirs{parameter.name};
    for (const FileName& name : names) {
      const std::string ours = concat(".", name.ours, ".");
      const size_t at = parameter.name.find(ours);
      if (at == std::string::npos) continue;
      theirs.clear();
      for (const char* their : name.theirs)
        theirs.push_back(std::string(parameter.name).replace(at + 1, ours.size() - 2, their));
      break;
    }
    append(parameter, theirs, tensors);
  }
  return tensors;
}

void write_tensors(const std::filesystem::path& path, const std::vector<FileTensor>& tensors,
                   Storage storage) {
  std::vector<NamedTensor> named;
  for (const FileTensor& tensor : tensors) named.push_back({tensor.name, tensor.shape, tensor.values});
  write_safetensors(path, named, {{"format", "pt"}}, storage);
}

void FreshTensors::normal(const std::string& name, const Shape& shape, double deviation) {
  Random random = stream();
  std::vector<float> values(shape.elements());
  for (float& value : values) {
    double z = random.normal();
    while (std::abs(z) > 2) z = random.normal();
    value = float(z * deviation);
  }
  tensors_.push_back({name, shape, std::move(values)});
}

void FreshTensors::linear(const std::string& name, int64_t out, int64_t in) {
  Random random = stream();
  const double limit = std::sqrt(6.0 / double(in + out));
  std::vector<float> values(size_t(out * in));
  for (float& value : values) value = float((2 * random.uniform() - 1) * limit);
  tensors_.push_back({name + ".weight", {out, in}, std::move(values)});
  constant(name + ".bias", {out}, 0);
}

void FreshTensors::norm(const std::string& name, int64_t width) {
  constant(name + ".weight", {width}, 1);
  constant(name + ".bias", {width}, 0);
}

void FreshTensors::constant(const std::string& name, const Shape& shape, float value) {
  tensors_.push_back({name, shape, std::vector<float>(shape.elements(), value)});
}

}  // namespace fovea
