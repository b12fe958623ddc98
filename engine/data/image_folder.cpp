#include <algorithm>

#include "core/check.h"
#include "fovea/data.hpp"

namespace fovea {
namespace {

namespace fs = std::filesystem;

// What a folder holds, in the order of the names' bytes, without what is hidden.
std::vector<fs::path> entries(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> paths;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
    if (!at->path().filename().string().starts_with('.')) paths.push_back(at->path());
  FOVEA_CHECK_AS(bad_file, !error, folder.string(), ": cannot read the folder: ", error.message());
  std::ranges::sort(paths, {}, [](const fs::path& path) { return path.filename().string(); });
  return paths;
}

bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

}  // namespace

ImageFolder::ImageFolder(const fs::path& directory, const ImageFolderOptions& options) {
  for (const fs::path& folder : entries(directory)) {
    if (!is_folder(folder)) continue;
    const std::vector<fs::path> files = entries(folder);
    FOVEA_CHECK_AS(bad_file, !files.empty(), folder.string(), ": a class without images");
    for (const fs::path& file : files) {
      FOVEA_CHECK_AS(bad_file, !is_folder(file), file.string(), ": a folder within a class, expected images");
      items_.push_back({file, uint32_t(classes_.size())});
    }
    classes_.push_back(folder.filename().string());
  }
  FOVEA_CHECK_AS(bad_file, !classes_.empty(), directory.string(),
                 ": no class folders, expected one for each class");
  FOVEA_CHECK_AS(bad_file, items_.size() < UINT32_MAX, directory.string(), ": ", items_.size(),
                 " images, at most ", UINT32_MAX - 1, " are possible");
  decode(options.memory);
}

void ImageFolder::decode(uint64_t memory) {
  uint64_t used = 0;
  for (const Item& each : items_) {
    Image image = load_image(each.path);
    used += image.rgb.size();
    if (used > memory) break;
    kept_.push_back(std::move(image));
  }
}

const ImageFolder::Item& ImageFolder::item(int64_t index) const {
  FOVEA_CHECK(index >= 0 && index < size(), "image folder: no image ", index, ", there are ", size());
  return items_[size_t(index)];
}

Image ImageFolder::image(int64_t index) const {
  const Item& asked = item(index);
  return size_t(index) < kept_.size() ? kept_[size_t(index)] : load_image(asked.path);
}

}  // namespace fovea
