#include "fovea/loader.hpp"

#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <memory>

#include "support/temporary.h"

namespace fovea {
namespace {

using test::contains;
using test::rejection;
using namespace std::chrono_literals;

// Waits, at most for long, until the value is reached; false when it is not.
bool reaches(const std::atomic<uint64_t>& value, uint64_t wanted) {
  for (int i = 0; i < 5000 && value < wanted; ++i) std::this_thread::sleep_for(1ms);
  return value >= wanted;
}

TEST_CASE("loader: batches come in order from the first one asked for") {
  for (const size_t ahead : {0, 1, 2, 7}) {
    // Of a type that can only be moved.
    Loader<std::unique_ptr<uint64_t>> loader(
        [](uint64_t index) { return std::make_unique<uint64_t>(index * index); }, 5, ahead);
    for (uint64_t index = 5; index < 300; ++index) REQUIRE(*loader.next() == index * index);
  }
}

TEST_CASE("loader: so many batches are made ahead and no more") {
  std::atomic<uint64_t> made = 0;
  Loader<int> loader([&](uint64_t) { return int(++made); }, 0, 3);
  CHECK(reaches(made, 3));
  std::this_thread::sleep_for(20ms);
  CHECK(made == 3);
  CHECK(loader.next() == 1);
  CHECK(reaches(made, 4));
  std::this_thread::sleep_for(20ms);
  CHECK(made == 4);
}

TEST_CASE("loader: what the thread throws reaches the consumer after the batches before it") {
  Loader<int> loader(
      [](uint64_t index) {
        FOVEA_CHECK(index < 3, "no batch ", index);
        return int(index);
      },
      1, 8);
  CHECK(loader.next() == 1);
  CHECK(loader.next() == 2);
  CHECK(contains(rejection([&] { loader.next(); }), "no batch 3"));
  CHECK(contains(rejection([&] { loader.next(); }), "no batch 3"));
}

TEST_CASE("loader: destruction waits for one batch at most") {
  std::atomic<uint64_t> begun = 0, ended = 0;
  const auto make = [&](uint64_t) {
    ++begun;
    std::this_thread::sleep_for(5ms);
    return int(++ended);
  };
  {
    const Loader<int> unused(make);
  }
  CHECK(begun <= 1);
  CHECK(begun == ended);
  for (int round = 0; round < 20; ++round) {
    const uint64_t before = begun;
    {
      Loader<int> loader(make, 0, 100);
      CHECK(reaches(begun, before + 2));
      loader.next();
    }
    CHECK(begun == ended);
    CHECK(begun <= before + 10);
  }
  {
    const Loader<int> failed([](uint64_t) -> int { throw Error("unseen"); });
  }
}

}  // namespace
}  // namespace fovea
