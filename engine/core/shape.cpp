#include <algorithm>
#include <ostream>

#include "core/check.h"
#include "core/extents.h"

namespace fovea {

const char* name(DType dtype) { return dtype == DType::f32 ? "f32" : "u32"; }

Shape::Shape(std::initializer_list<int64_t> extents) : Shape(std::span(extents.begin(), extents.size())) {}

Shape::Shape(std::span<const int64_t> extents) {
  FOVEA_CHECK(extents.size() <= kMaxRank, "shape: ", extents.size(), " axes, at most ", kMaxRank,
              " are supported");
  uint64_t elements = 1;
  for (int64_t extent : extents) {
    FOVEA_CHECK(extent >= 1, "shape: extents must be positive, got ", extent);
    FOVEA_CHECK(uint64_t(extent) <= UINT32_MAX / elements, "shape: ", elements, " x ", extent,
                " elements, shaders index at most ", UINT32_MAX);
    elements *= uint64_t(extent);
    extents_[rank_++] = extent;
  }
}

int64_t Shape::operator[](int axis) const { return extents_[normal_axis("shape", axis, rank_)]; }

uint64_t Shape::elements() const {
  uint64_t elements = 1;
  for (int64_t extent : *this) elements *= uint64_t(extent);
  return elements;
}

Shape Shape::with(int axis, int64_t extent) const {
  std::array<int64_t, kMaxRank> extents = extents_;
  extents[normal_axis("shape", axis, rank_)] = extent;
  return Shape(std::span<const int64_t>(extents.data(), rank_));
}

Shape Shape::slice(int first_axis, int end_axis) const {
  FOVEA_CHECK(0 <= first_axis && first_axis <= end_axis && end_axis <= rank_, "shape: axes ", first_axis,
              " to ", end_axis, " of ", *this);
  return Shape(std::span(begin() + first_axis, begin() + end_axis));
}

Shape Shape::appended(int64_t extent) const {
  FOVEA_CHECK(rank_ < kMaxRank, "shape: one more axis than ", kMaxRank, " on ", *this);
  std::array<int64_t, kMaxRank> extents = extents_;
  extents[rank_] = extent;
  return Shape(std::span<const int64_t>(extents.data(), rank_ + 1));
}

bool Shape::operator==(const Shape& other) const {
  return std::equal(begin(), end(), other.begin(), other.end());
}

std::optional<int64_t> product_within(std::initializer_list<int64_t> factors, int64_t most) {
  int64_t product = 1;
  for (const int64_t factor : factors) {
    if (factor > 0 && product > most / factor) return std::nullopt;
    product *= factor;
  }
  return product;
}

std::string extents_text(std::span<const int64_t> extents) {
  std::string text;
  for (const int64_t extent : extents) text += concat(text.empty() ? "" : ", ", extent);
  return "(" + text + ")";
}

std::string to_string(const Shape& shape) { return extents_text({shape.begin(), shape.end()}); }

std::ostream& operator<<(std::ostream& out, const Shape& shape) { return out << to_string(shape); }

int normal_axis(const char* op, int axis, int rank) {
  FOVEA_CHECK(-rank <= axis && axis < rank, op, ": axis ", axis, " of a tensor with ", rank, " axes");
  return axis < 0 ? axis + rank : axis;
}

}  // namespace fovea
