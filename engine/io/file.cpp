#include "io/file.h"

#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>
#include <utility>

#include "core/check.h"

#ifdef _WIN32
#define NOMINMAX
#define WIN32_LEAN_AND_MEAN
#include <io.h>
#include <windows.h>
#else
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

namespace fovea {
namespace {

std::string reason(int code) { return std::generic_category().message(code); }

#ifdef _WIN32

struct HandleCloser {
  void operator()(HANDLE handle) const { CloseHandle(handle); }
};
using Handle = std::unique_ptr<void, HandleCloser>;

std::span<const std::byte> map(const std::filesystem::path& path, const std::string& name) {
  HANDLE opened =
      CreateFileW(path.c_str(), GENERIC_READ, FILE_SHARE_READ, nullptr, OPEN_EXISTING, 0, nullptr);
  FOVEA_CHECK_AS(bad_file, opened != INVALID_HANDLE_VALUE, name, ": cannot open: error ", GetLastError());
  const Handle file(opened);
  LARGE_INTEGER size{};
  FOVEA_CHECK_AS(bad_file, GetFileSizeEx(opened, &size), name, ": cannot read its size: error ",
                 GetLastError());
  if (size.QuadPart == 0) return {};
  const Handle mapping(CreateFileMappingW(opened, nullptr, PAGE_READONLY, 0, 0, nullptr));
  FOVEA_CHECK_AS(bad_file, mapping, name, ": cannot map: error ", GetLastError());
  const void* view = MapViewOfFile(mapping.get(), FILE_MAP_READ, 0, 0, 0);
  FOVEA_CHECK_AS(bad_file, view, name, ": cannot map ", size.QuadPart, " bytes: error ", GetLastError());
  return {static_cast<const std::byte*>(view), size_t(size.QuadPart)};
}

void unmap(std::span<const std::byte> bytes) {
  if (!bytes.empty()) UnmapViewOfFile(bytes.data());
}

bool flush_to_disk(std::FILE* file) { return std::fflush(file) == 0 && _commit(_fileno(file)) == 0; }

#else

struct Descriptor {
  int number;
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
};

std::span<const std::byte> map(const std::filesystem::path& path, const std::string& name) {
  // O_NONBLOCK: opening a pipe by mistake must not wait for a writer.
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  FOVEA_CHECK_AS(bad_file, file.number >= 0, name, ": cannot open: ", reason(errno));
  struct stat status{};
  FOVEA_CHECK_AS(bad_file, ::fstat(file.number, &status) == 0, name,
                 ": cannot read its size: ", reason(errno));
  FOVEA_CHECK_AS(bad_file, S_ISREG(status.st_mode), name, ": ",
                 S_ISDIR(status.st_mode) ? "is a folder" : "is no regular file", ", expected a file");
  const size_t size = size_t(status.st_size);
  if (size == 0) return {};
  const void* view = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.number, 0);
  FOVEA_CHECK_AS(bad_file, view != MAP_FAILED, name, ": cannot map ", size, " bytes: ", reason(errno));
  return {static_cast<const std::byte*>(view), size};
}

void unmap(std::span<const std::byte> bytes) {
  if (!bytes.empty()) ::munmap(const_cast<std::byte*>(bytes.data()), bytes.size());
}

bool flush_to_disk(std::FILE* file) { return std::fflush(file) == 0 && ::fsync(::fileno(file)) == 0; }

#endif

struct Mapping {
  explicit Mapping(const std::filesystem::path& path) : bytes(map(path, path.string())) {}
  ~Mapping() { unmap(bytes); }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  const std::span<const std::byte> bytes;
};

// A file under a name that nobody else has, beside its target; removed unless it is renamed to it.
class Temporary {
 public:
  explicit Temporary(const std::filesystem::path& target) {
    for (int attempt = 0; !file_; ++attempt) {
      path_ = target.parent_path() / concat('.', target.filename().string(), '.', attempt, ".tmp");
      file_ = std::fopen(path_.string().c_str(), "wbx");
      FOVEA_CHECK(file_ || (errno == EEXIST && attempt < 1000), target.string(), ": cannot create ",
                  path_.string(), ": ", reason(errno));
    }
  }
  ~Temporary() {
    if (file_) std::fclose(file_);
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove(path_, ignored);
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;

  bool write(std::span<const std::byte> bytes) {
    return bytes.empty() || std::fwrite(bytes.data(), 1, bytes.size(), file_) == bytes.size();
  }

  bool close() {
    const bool flushed = flush_to_disk(file_);
    return std::fclose(std::exchange(file_, nullptr)) == 0 && flushed;
  }

  void rename_to(const std::filesystem::path& target) {
    std::error_code error;
    std::filesystem::rename(path_, target, error);
    FOVEA_CHECK(!error, target.string(), ": cannot replace: ", error.message());
    path_.clear();
  }

 private:
  std::filesystem::path path_;
  std::FILE* file_ = nullptr;
};

}  // namespace

FileBytes map_file(const std::filesystem::path& path) {
  const auto mapping = std::make_shared<const Mapping>(path);
  return {mapping->bytes, mapping};
}

File::File(const std::filesystem::path& path) : File(path.string(), map_file(path)) {}

std::string read_text(const std::filesystem::path& path) { return std::string(File(path).text()); }

void write_file_atomically(const std::filesystem::path& path,
                           std::span<const std::span<const std::byte>> parts) {
  Temporary temporary(path);
  for (const std::span<const std::byte> part : parts)
    FOVEA_CHECK(temporary.write(part), path.string(), ": cannot write ", part.size(),
                " bytes: ", reason(errno));
  FOVEA_CHECK(temporary.close(), path.string(), ": cannot write: ", reason(errno));
  temporary.rename_to(path);
}

void write_file_atomically(const std::filesystem::path& path, std::span<const std::byte> bytes) {
  write_file_atomically(path, std::span(&bytes, 1));
}

}  // namespace fovea
