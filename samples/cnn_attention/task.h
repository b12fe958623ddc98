// What the networks learn: pictures of a folder, or ones that the program makes.
#pragma once

#include <fovea/fovea.hpp>
#include <functional>

constexpr int kSize = 32;  // pixels a side

struct Task {
  std::vector<std::string> classes;
  int64_t steps = 0;  // of an epoch
  int64_t tests = 0;  // batches of pictures that are not learnt
  std::function<fovea::ImageBatch(uint64_t index)> training, test;
};

// Folders of class folders of images.
struct Split {
  std::string training, test;
};
// data and validation; without that, the folders train and val, or else test, of data. Error: not there.
Split split_of(const std::string& data, const std::string& validation);
Task folder_task(const Split& split, int64_t batch, uint64_t seed);

// Made pictures: a striped patch of 9 x 9 pixels somewhere on a ground of coloured blots; its class is the
// way the stripes run. Where it lies is known.
Task made_task(int64_t batch, uint64_t seed);
struct Place {
  int left = 0, top = 0;
  bool holds(int x, int y) const { return x >= left && x < left + 9 && y >= top && y < top + 9; }
};
Place place_of(uint64_t seed, uint64_t index, int64_t row);  // of picture `row` of test batch `index`

fovea::Image picture_of(const fovea::ImageBatch& batch, int64_t row);  // pixels as a picture again
