#include "gpu/pipeline_cache.h"

#include <catch2/catch_test_macros.hpp>
#include <cstring>

#include "gpu/environment.h"
#include "io/file.h"
#include "support/check.h"
#include "support/temporary.h"

using namespace fovea;
using namespace fovea::test;

namespace {

CacheHeader header_in(const std::vector<std::byte>& content) {
  CacheHeader header;
  REQUIRE(content.size() >= sizeof header);
  std::memcpy(&header, content.data(), sizeof header);
  return header;
}

// A device that compiled a kernel beyond those of its self-test.
void compile_one(Device& device) { device.gpu().kernel("scale", device.gpu().limits().subgroup); }

std::vector<std::filesystem::path> files_in(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> all;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) all.push_back(entry.path());
  return all;
}

}  // namespace

TEST_CASE("content of another device, driver or version, or damaged, is a miss that says why") {
  Device device;
  const std::vector<std::byte> good = device.cached_kernels();
  const CacheHeader wanted = header_in(good);
  CHECK(cache_fault(good, wanted).empty());
  const auto fault = [&](auto&& change) {
    std::vector<std::byte> content = good;
    CacheHeader header = wanted;
    change(header);
    std::memcpy(content.data(), &header, sizeof header);
    return cache_fault(content, wanted);
  };
  CHECK(fault([](CacheHeader& h) { h.magic[0] = 'G'; }) == "not a file of compiled kernels");
  CHECK(fault([](CacheHeader& h) { h.version += 1u << 12; }).find("of Fovea") == 0);
  for (const auto& change : std::vector<void (*)(CacheHeader&)>{
           [](CacheHeader& h) { ++h.vendor; }, [](CacheHeader& h) { ++h.device; },
           [](CacheHeader& h) { ++h.driver; }, [](CacheHeader& h) { ++h.device_uuid[3]; },
           [](CacheHeader& h) { ++h.driver_uuid[15]; }, [](CacheHeader& h) { ++h.cache_uuid[0]; }})
    CHECK(fault(change) == "of another device or driver");
  CHECK(fault([](CacheHeader& h) { ++h.bytes; }).find("the header says") != std::string::npos);
  CHECK(fault([](CacheHeader& h) { ++h.crc; }) == "its checksum is wrong");
  CHECK(cache_fault(std::span(good).first(40), wanted) == "40 bytes, too short");
  std::vector<std::byte> flipped = good;
  flipped.back() ^= std::byte(1);
  CHECK(cache_fault(flipped, wanted) == "its checksum is wrong");
}

TEST_CASE("compiled kernels go from one device to the next through memory") {
  std::vector<std::byte> content;
  {
    Device first;
    compile_one(first);
    content = first.cached_kernels();
  }
  std::vector<std::string> lines;
  const auto log = [&](const std::string& line) { lines.push_back(line); };
  {
    Device second({.cached_kernels = content, .log = log});
    compile_one(second);
    CHECK(lines.empty());
    CHECK(second.validation_messages().empty());
  }
  content.resize(content.size() - 1);
  Device third({.cached_kernels = content, .log = log});
  compile_one(third);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].find("DeviceOptions::cached_kernels") == 0);
  CHECK(lines[0].find("compiled anew") != std::string::npos);
}

TEST_CASE("compiled kernels are kept in a folder, and a damaged file is replaced") {
  const TemporaryFolder folder;
  std::vector<std::string> lines;
  const DeviceOptions options = {.cache = (folder.path() / "deep" / "er").string(),
                                 .log = [&](const std::string& line) { lines.push_back(line); }};
  const auto run = [&] {
    Device device(options);
    compile_one(device);
  };
  run();
  const auto files = files_in(options.cache);
  REQUIRE(files.size() == 1);  // under its final name: no temporary is left
  CHECK(files[0].extension() == ".kernels");
  run();
  CHECK(lines.empty());
  write_file_atomically(files[0], std::as_bytes(std::span("FOVEAPC1, but not really")));
  run();
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].find(files[0].string()) == 0);
  CHECK(File(files[0]).bytes().size() > sizeof(CacheHeader));
  run();
  CHECK(lines.size() == 1);
  std::filesystem::remove_all(folder.path() / "deep");
  write_file_atomically(folder.path() / "deep",
                        std::as_bytes(std::span("a file where the folder should be")));
  run();
  REQUIRE(lines.size() == 2);
  CHECK(lines[1].find("were not saved") != std::string::npos);
}

TEST_CASE("the user's folder for compiled kernels follows the environment") {
  const ScopedVariable home("HOME", "/users/someone"), on("FOVEA_CACHE", "");
  {
    const ScopedVariable cache("XDG_CACHE_HOME", "/users/cache");
    CHECK(cache_folder() == "/users/cache/fovea");
    const ScopedVariable off("FOVEA_CACHE", "0");
    CHECK(cache_folder().empty());
  }
  const ScopedVariable cache("XDG_CACHE_HOME", "");
  CHECK(cache_folder() == "/users/someone/.cache/fovea");
}
