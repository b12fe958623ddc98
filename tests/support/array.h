// Arrays with shapes, as references for ops that move elements: indices are walked one by one.
#pragma once

#include <functional>
#include <vector>

#include "support/check.h"

namespace fovea::test {

using Index = std::vector<int64_t>;  // one per axis

inline Index index_of(const Shape& shape, uint64_t position) {
  Index index(size_t(shape.rank()));
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    index[size_t(axis)] = int64_t(position % uint64_t(shape[axis]));
    position /= uint64_t(shape[axis]);
  }
  return index;
}

inline uint64_t position_of(const Shape& shape, const Index& index) {
  uint64_t position = 0;
  for (int axis = 0; axis < shape.rank(); ++axis)
    position = position * uint64_t(shape[axis]) + uint64_t(index[size_t(axis)]);
  return position;
}

// T: double, or uint32_t for ids.
template <class T>
struct Array {
  Shape shape;
  std::vector<T> values;  // row by row

  const T& operator[](const Index& index) const { return values.at(position_of(shape, index)); }

  // y[i] = (*this)[where(i)]
  Array picked(const Shape& to, const std::function<Index(const Index&)>& where) const {
    Array y{to, {}};
    for (uint64_t i = 0; i < to.elements(); ++i) y.values.push_back((*this)[where(index_of(to, i))]);
    return y;
  }

  Array permuted(const std::vector<int>& axes) const {
    std::vector<int64_t> extents;
    for (int axis : axes) extents.push_back(shape[axis]);
    return picked(Shape(extents), [&](const Index& i) {
      Index from(i.size());
      for (size_t axis = 0; axis < i.size(); ++axis) from[size_t(axes[axis])] = i[axis];
      return from;
    });
  }

  Array sliced(int axis, int64_t start, int64_t count) const {
    return picked(shape.with(axis, count), [&](Index i) {
      i[size_t(axis)] += start;
      return i;
    });
  }

  Array expanded(const Shape& to) const {
    const int missing = to.rank() - shape.rank();
    return picked(to, [&](const Index& i) {
      Index from(i.begin() + missing, i.end());
      for (int axis = 0; axis < shape.rank(); ++axis)
        if (shape[axis] == 1) from[size_t(axis)] = 0;
      return from;
    });
  }

  Array reshaped(const Shape& to) const { return {to, values}; }
};

// Floats a kernel gets, and the same numbers for the reference.
inline Array<double> as_array(const Shape& shape, const std::vector<float>& values) {
  return {shape, std::vector<double>(values.begin(), values.end())};
}
inline Array<uint32_t> as_array(const Shape& shape, const std::vector<uint32_t>& values) {
  return {shape, values};
}

}  // namespace fovea::test
