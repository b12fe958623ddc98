# Writes OUTPUT, a C++ file that defines shader_words() and shader_names() for the SPIR-V files SHADERS.
set(arrays "")
set(rows "")
foreach(binary ${SHADERS})
  cmake_path(GET binary STEM shader)
  file(READ ${binary} hex HEX)
  # Each word is eight hex digits, least significant byte first.
  string(REGEX REPLACE "(..)(..)(..)(..)" "0x\\4\\3\\2\\1," words "${hex}")
  string(APPEND arrays "constexpr uint32_t ${shader}_words[] = {${words}};\n")
  string(APPEND rows "    {\"${shader}\", ${shader}_words},\n")
endforeach()
file(WRITE ${OUTPUT}.new "// Made by embed_shaders.cmake at build time.
#include \"gpu/kernel.h\"

namespace fovea {
namespace {
${arrays}
struct Row {
  const char* name;
  std::span<const uint32_t> words;
};
const Row kRows[] = {
${rows}};
}  // namespace

std::span<const uint32_t> shader_words(const std::string& name) {
  for (const Row& row : kRows)
    if (name == row.name) return row.words;
  return {};
}

std::vector<std::string> shader_names() {
  std::vector<std::string> names;
  for (const Row& row : kRows) names.push_back(row.name);
  return names;
}
}  // namespace fovea
")
file(RENAME ${OUTPUT}.new ${OUTPUT})
