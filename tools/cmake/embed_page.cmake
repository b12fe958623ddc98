# Writes OUTPUT, a C++ file that defines page_file() of viz/page.h for FILES.
set(arrays "")
set(rows "")
set(index 0)
foreach(file ${FILES})
  cmake_path(GET file FILENAME name)
  file(READ ${file} hex HEX)
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
  string(APPEND arrays "constexpr unsigned char kFile${index}[] = {${bytes}};\n")
  string(APPEND rows "  if (name == \"${name}\") return {kFile${index}, kFile${index} + sizeof kFile${index}};\n")
  math(EXPR index "${index} + 1")
endforeach()
file(WRITE ${OUTPUT}.new "// Made by embed_page.cmake at build time.
#include \"core/check.h\"
#include \"viz/page.h\"

namespace fovea {
namespace {
${arrays}}  // namespace

std::string page_file(const std::string& name) {
${rows}  fail(\"attention_page: no file \", name, \" was built in\");
}
}  // namespace fovea
")
file(RENAME ${OUTPUT}.new ${OUTPUT})
