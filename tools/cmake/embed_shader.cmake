# Writes OUTPUT, a C++ file that defines the words of kernel NAME as the table in shaders.cmake names them, from its
# SPIR-V in INPUT.
file(READ ${INPUT} hex HEX)
# Each word is eight hex digits, least significant byte first.
string(REGEX REPLACE "(..)(..)(..)(..)" "0x\\4\\3\\2\\1," words "${hex}")
file(WRITE ${OUTPUT} "#include <cstdint>
#include <span>

namespace fovea {
namespace {
constexpr uint32_t kWords[] = {${words}};
}  // namespace
extern const std::span<const uint32_t> ${NAME}_words;
constinit const std::span<const uint32_t> ${NAME}_words = kWords;
}  // namespace fovea
")
