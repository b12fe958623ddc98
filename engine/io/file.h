// Files: in memory for reading, written whole or not at all. Every failure is an Error that names the file.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "fovea/files.hpp"

namespace fovea {

// The bytes of a regular file, mapped read-only while one of them lives. The file must not be shortened by
// others meanwhile. Error: missing, unreadable or not a regular file.
FileBytes map_file(const std::filesystem::path& path);

// The content of a file and what messages call it. Copies share the content.
class File {
 public:
  File(const std::filesystem::path& path);  // as map_file(), named as given
  File(std::string name, FileBytes content) : name_(std::move(name)), content_(std::move(content)) {}

  const std::string& name() const { return name_; }
  std::span<const std::byte> bytes() const { return content_.bytes(); }
  // As it is; no newline or encoding is changed.
  std::string_view text() const { return {reinterpret_cast<const char*>(bytes().data()), bytes().size()}; }

 private:
  std::string name_;
  FileBytes content_;
};

std::string read_text(const std::filesystem::path& path);  // a copy of File::text()

// Writes the parts one after another under a temporary name in the same folder, flushes them to the disk and
// renames: readers see the old file or the new one. On failure the temporary is removed and the old file is
// as it was.
void write_file_atomically(const std::filesystem::path& path,
                           std::span<const std::span<const std::byte>> parts);
void write_file_atomically(const std::filesystem::path& path, std::span<const std::byte> bytes);

// What `read` reads from a file. An Error that names no other kind is one of the file, bad_file.
template <class Read>
auto from_file(const Read& read) {
  try {
    return read();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::invalid) throw;
    throw Error(error.what(), ErrorCode::bad_file);
  }
}

}  // namespace fovea
