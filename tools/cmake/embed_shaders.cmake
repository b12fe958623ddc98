# Writes OUTPUT, a C++ file that defines shaders() of gpu/shaders.h for SHADERS: "NAME:FILE:DEFINITIONS" each, its SPIR-V
# being FOLDER/NAME.spv.
set(arrays "")
set(rows "")
foreach(shader ${SHADERS})
  string(REGEX MATCH "^([^:]*):([^:]*):(.*)$" line "${shader}")
  set(name ${CMAKE_MATCH_1})
  set(file ${CMAKE_MATCH_2})
  separate_arguments(definitions NATIVE_COMMAND "${CMAKE_MATCH_3}")
  file(READ ${FOLDER}/${name}.spv hex HEX)
  # Each word is eight hex digits, least significant byte first.
  string(REGEX REPLACE "(..)(..)(..)(..)" "0x\\4\\3\\2\\1," words "${hex}")
  string(APPEND arrays "constexpr uint32_t ${name}_words[] = {${words}};\n")
  set(of_variant "{}")
  if(definitions)
    string(APPEND arrays "constexpr Shader::Definition ${name}_definitions[] = {")
    foreach(definition ${definitions})
      string(REGEX MATCH "^([^=]+)=?(.*)$" line "${definition}")
      string(APPEND arrays "{\"${CMAKE_MATCH_1}\", \"${CMAKE_MATCH_2}\"}, ")
    endforeach()
    string(APPEND arrays "};\n")
    set(of_variant "${name}_definitions")
  endif()
  string(APPEND rows "    {\"${name}\", \"${file}\", ${of_variant}, ${name}_words},\n")
endforeach()
file(WRITE ${OUTPUT}.new "// Made by embed_shaders.cmake at build time.
#include \"gpu/shaders.h\"

namespace fovea {
namespace {
${arrays}
constexpr Shader kShaders[] = {
${rows}};
}  // namespace

std::span<const Shader> shaders() { return kShaders; }
}  // namespace fovea
")
file(RENAME ${OUTPUT}.new ${OUTPUT})
