// Data for training: labelled pictures, in batches that can be made again exactly.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "fovea/image.hpp"

namespace fovea {

// A label that counts nowhere: of the rows and positions that only fill a batch up to its shape.
constexpr uint32_t kIgnored = UINT32_MAX;

struct ImageFolderOptions {
  uint64_t memory =
      uint64_t(4) << 30;  // bytes of decoded pixels to keep; later pictures are read when asked for
};

// Labelled pictures: a folder that holds a folder of PNG, JPEG and BMP files for each class. Classes and
// files are in the order of their names' bytes; what begins with a dot is skipped, as are files beside the
// class folders. Error, naming the file: no class folder, a class without pictures, a folder within a class,
// a file that is no picture (at once, or when it is read).
class ImageFolder {
 public:
  explicit ImageFolder(const std::filesystem::path& directory, const ImageFolderOptions& options = {});

  const std::vector<std::string>& classes() const { return classes_; }  // their labels are 0, 1, ..
  int64_t size() const { return int64_t(items_.size()); }               // pictures, class after class
  uint32_t label(int64_t index) const { return item(index).label; }
  const std::filesystem::path& path(int64_t index) const { return item(index).path; }
  Image picture(int64_t index) const;  // threads may share a folder

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

}  // namespace fovea
