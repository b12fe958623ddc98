#include "models/vit/weights.h"

#include <algorithm>

#include "core/check.h"
#include "core/extents.h"
#include "io/json.h"

namespace fovea {

ViTWeights::ViTWeights(const std::string& directory)
    : path_(std::filesystem::path(directory) / "model.safetensors"), file_(path_), names_(file_.names()) {
  for (const char* prefix : {"vit.", "deit."})
    if (has_any(prefix)) prefix_ = prefix;
}

int64_t ViTWeights::layers() const {
  int64_t count = 0;
  while (has_any(concat(prefix_, "encoder.layer.", count, "."))) ++count;
  return count;
}

std::string ViTWeights::classifier() const {
  if (has_any("cls_classifier.") || has_any("distillation_classifier.")) return "cls_classifier";
  return has_any("classifier.") ? "classifier" : "";
}

std::string ViTWeights::where(const std::string& name) const {
  return concat(file(), ": tensor ", in_quotes(full(name)));
}

bool ViTWeights::has_any(const std::string& start) const {
  const auto found = std::ranges::lower_bound(names_, start);
  return found != names_.end() && found->starts_with(start);
}

std::string ViTWeights::full(const std::string& name) const {
  return name.find("classifier") != std::string::npos ? name : prefix_ + name;
}

std::vector<float> ViTWeights::read(const std::string& name, const Extents& expected) const {
  const Extents found = shape(name);
  FOVEA_CHECK(found == expected, where(name), ": expected shape ", extents_text(expected), ", got ",
              extents_text(found));
  return file_.read_f32(full(name), Shape(expected));
}

std::vector<float> ViTWeights::read_if(const std::string& name, const Extents& expected) const {
  return has(name) ? read(name, expected) : std::vector<float>();
}

}  // namespace fovea
