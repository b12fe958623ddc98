#include "fovea/files.hpp"

#include <system_error>
#include <utility>

#include "core/check.h"
#include "io/file.h"

namespace fovea {
namespace {

namespace fs = std::filesystem;

std::optional<FileBytes> read_from(const fs::path& directory, const std::string& name) {
  const fs::path path = directory / name;
  std::error_code error;
  if (fs::status(path, error).type() != fs::file_type::not_found) return map_file(path);
  FOVEA_CHECK_AS(bad_file, fs::is_directory(directory, error), directory.string(), ": no such directory");
  return std::nullopt;
}

}  // namespace

FileBytes::FileBytes(std::vector<std::byte> bytes) {
  const auto owned = std::make_shared<const std::vector<std::byte>>(std::move(bytes));
  bytes_ = *owned;
  owner_ = owned;
}

FileBytes::FileBytes(std::span<const std::byte> bytes, std::shared_ptr<const void> owner)
    : owner_(std::move(owner)), bytes_(bytes) {}

ModelFiles::ModelFiles(Reader reader, std::string label)
    : label_(std::move(label)), reader_(std::move(reader)) {
  FOVEA_CHECK(reader_, label_, ": files without a reader");
}
ModelFiles::ModelFiles(const fs::path& directory)
    : ModelFiles([directory](const std::string& name) { return read_from(directory, name); },
                 directory.string()) {}
ModelFiles::ModelFiles(const std::string& directory) : ModelFiles(fs::path(directory)) {}
ModelFiles::ModelFiles(const char* directory) : ModelFiles(fs::path(directory)) {}

std::optional<File> ModelFiles::find(const std::string& name) const {
  std::optional<FileBytes> found = reader_(name);
  if (!found) return std::nullopt;
  return File((fs::path(label_) / name).string(), std::move(*found));
}

File ModelFiles::open(const std::string& name) const {
  std::optional<File> found = find(name);
  FOVEA_CHECK_AS(bad_file, found, (fs::path(label_) / name).string(), ": there is no such file");
  return std::move(*found);
}

}  // namespace fovea
