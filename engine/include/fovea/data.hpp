// Batches for training, of labelled images and of pairs of sentences, that can be made again exactly.
#pragma once

#ifdef FOVEA_INFERENCE_ONLY
#error "fovea/data.hpp: this library was built without training, FOVEA_TRAINING is OFF"
#endif

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "fovea/corpus.hpp"
#include "fovea/image.hpp"

namespace fovea FOVEA_API {

struct ImageFolderOptions {
  uint64_t memory = uint64_t(4) << 30;  // bytes of pixels to keep; later images are read when asked for
};

// Labelled images: a folder that holds a folder of PNG, JPEG and BMP files for each class. Classes and
// files are in the order of their names' bytes; what begins with a dot is skipped, as are files beside the
// class folders. Error, naming the file: no class folder, a class without images, a folder within a class,
// a file that is no image (at once, or when it is read).
class ImageFolder {
 public:
  explicit ImageFolder(const std::filesystem::path& directory, const ImageFolderOptions& options = {});

  const std::vector<std::string>& classes() const { return classes_; }  // their labels are 0, 1, ..
  int64_t size() const { return int64_t(items_.size()); }               // images, class after class
  uint32_t label(int64_t index) const { return item(index).label; }
  const std::filesystem::path& path(int64_t index) const { return item(index).path; }
  Image image(int64_t index) const;  // threads may share a folder

 private:
  struct Item {
    std::filesystem::path path;
    uint32_t label;
  };
  const Item& item(int64_t index) const;
  void decode(uint64_t memory);

  std::vector<std::string> classes_;
  std::vector<Item> items_;
  std::vector<Image> kept_;  // of the first items
};

// Every image comes to size x size: a random part of it, resized, where crop_area asks for that; otherwise
// its shorter side is resized to `size` and the middle taken. Then pad, then flip.
struct ImageOptions {
  int64_t batch = 128;                                                 // images
  int size = 32;                                                       // pixels a side
  std::array<float, 3> mean{0.5f, 0.5f, 0.5f}, std{0.5f, 0.5f, 0.5f};  // of red, green, blue from 0 to 1
  uint64_t seed = 0;
  bool shuffle = true;  // each epoch in an order of its own; false: as in the folder
  bool partial = true;  // the last batch of an epoch is filled up with rows to ignore; false: it is left out
  bool flip = false;    // every other image is mirrored left to right, at random
  int pad = 0;          // so many black pixels are added on all sides, and a random size x size part is taken
  std::array<double, 2> crop_area{1, 1};  // least and greatest share of the area, such as 0.08 and 1, with
                                          // width : height from 3 : 4 to 4 : 3 (Szegedy et al. 2015)
  double mixup = 0;                       // alpha of mix-up (Zhang et al. 2018); 0: none
};

struct ImageBatch {
  int64_t count = 0;                   // rows that hold an image, the first ones
  std::vector<float> pixels;           // (batch, 3, size, size), normalised; 0 in the rows that hold none
  std::vector<uint32_t> labels;        // (batch), kIgnored where there is no image
  std::vector<uint32_t> mixed_labels;  // (batch), of the images mixed in; the labels without mix-up
  float lambda = 1;  // pixels = lambda * image + (1 - lambda) * image mixed in; of the batch
};

// Batches of a folder, which must outlive them. A batch hangs on options and index alone.
class ImageBatches {
 public:
  // Error: options out of range, or a folder that makes no batch.
  ImageBatches(const ImageFolder& folder, const ImageOptions& options);
  ~ImageBatches();
  ImageBatches(ImageBatches&&) noexcept;

  int64_t batches() const;                 // of an epoch, in which every image comes once
  ImageBatch batch(uint64_t index) const;  // counted through all epochs; threads may share

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

struct TextOptions {
  int64_t tokens = 4096;                 // of a batch, padding counted: rows * the longer length at most
  int64_t multiple = 8;                  // lengths of shapes are multiples of it
  int64_t shapes = 8;                    // at most so many different ones: each needs a plan of its own
  int64_t longest = 256;                 // pairs with more tokens on a side, the end counted, are left out
  uint32_t start = 2, end = 0, pad = 2;  // ids; Marian's start token is its pad
  bool source_end = true;                // a source ends with `end`, too
  uint64_t seed = 0;
  bool shuffle = true;  // each epoch in an order of its own; false: by shape, then as given
};

// Rows and columns of a batch.
struct TextShape {
  int64_t rows = 0, source_length = 0, target_length = 0;
  bool operator==(const TextShape&) const = default;
};

struct TextBatch {
  TextShape shape;
  int64_t count = 0;              // rows that hold a pair, the first ones
  int64_t tokens = 0;             // labels that count
  std::vector<uint32_t> source;   // (rows, source_length), then padding
  std::vector<uint32_t> lengths;  // (rows), of the sources; 0 in the rows that hold no pair
  std::vector<uint32_t> inputs;   // (rows, target_length): start, target, then padding
  std::vector<uint32_t> labels;   // (rows, target_length): target, end, then kIgnored
  std::vector<uint32_t> pairs;    // (count), which ones they are
};

// Batches of pairs of similar lengths. The shapes are chosen so that an epoch has little padding. A batch
// hangs on pairs, options and index alone.
class TextBatches {
 public:
  // Error: options out of range, or no pair that is short enough.
  TextBatches(std::vector<EncodedPair> pairs, const TextOptions& options);
  ~TextBatches();
  TextBatches(TextBatches&&) noexcept;

  const std::vector<TextShape>& shapes() const;  // that batches have, by their lengths
  int64_t left_out() const;                      // pairs longer than options.longest
  int64_t batches() const;                       // of an epoch, in which every other pair comes once
  TextBatch batch(uint64_t index) const;         // counted through all epochs; threads may share

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fovea
