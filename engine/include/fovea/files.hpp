// What models are loaded from: a directory, or the program's own files, such as those in a pack.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "fovea/core.hpp"

namespace fovea {
class File;  // of the engine's own, engine/io/file.h
}  // namespace fovea

namespace fovea FOVEA_API {

// The content of a file in memory. Copies share it.
class FileBytes {
 public:
  FileBytes(std::vector<std::byte> bytes);
  // Not copied: the owner keeps them, or without one the program does, until what is loaded has been made.
  FileBytes(std::span<const std::byte> bytes, std::shared_ptr<const void> owner = nullptr);

  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  std::shared_ptr<const void> owner_;
  std::span<const std::byte> bytes_;
};

// The files of a model by their names, such as "config.json". What takes them takes a directory too, by its
// path. They are asked for while a model is made, and in the thread that makes it.
class ModelFiles {
 public:
  // The file of this name, or nothing: there is none. What it throws comes out of what loads.
  using Reader = std::function<std::optional<FileBytes>(const std::string& name)>;

  // Files of a directory are mapped, not copied; none may be shortened while a model is made of it.
  ModelFiles(const std::filesystem::path& directory);
  ModelFiles(const std::string& directory);
  ModelFiles(const char* directory);
  ModelFiles(Reader reader, std::string label);  // label: what messages say in a directory's place

  const std::string& label() const { return label_; }
  std::optional<File> find(const std::string& name) const;
  File open(const std::string& name) const;  // Error: there is no such file

 private:
  std::string label_;
  Reader reader_;
};

// How a model is loaded.
struct LoadOptions {
  // Called by the thread that makes the model with what is done of it, from 0 to 1 by the bytes of its
  // tensors. false stops: an Error, cancelled, and nothing of the model stays on the device.
  std::function<bool(double done)> progress = {};
};

}  // namespace fovea
