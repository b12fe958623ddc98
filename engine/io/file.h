// Files: mapped for reading, written whole or not at all. Every failure is an Error that names the file.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

namespace fovea {

// The bytes of a regular file, mapped read-only. The file must not be shortened by others while it is mapped.
class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& path);  // missing, unreadable or not a regular file: Error
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return bytes_; }
  const std::string& name() const { return name_; }  // the path as it was given, for messages

 private:
  std::string name_;
  std::span<const std::byte> bytes_;
};

// The whole file as it is; no newline or encoding is changed.
std::string read_text(const std::filesystem::path& path);

// Writes the parts one after another under a temporary name in the same folder, flushes them to the disk and
// renames: readers see the old file or the new one. On failure the temporary is removed and the old file is
// as it was.
void write_file_atomically(const std::filesystem::path& path,
                           std::span<const std::span<const std::byte>> parts);
void write_file_atomically(const std::filesystem::path& path, std::span<const std::byte> bytes);

}  // namespace fovea
