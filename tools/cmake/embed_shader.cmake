# Writes OUTPUT, a C++ file that defines the PackedShader of kernel NAME as the table in shaders.cmake names it, from its
# SPIR-V in INPUT and the same compressed in PACKED.
file(SIZE ${INPUT} bytes)
math(EXPR words "${bytes} / 4")
file(READ ${PACKED} hex HEX)
string(REGEX REPLACE "(..)" "0x\\1," packed "${hex}")
file(WRITE ${OUTPUT} "#include \"gpu/packed_shader.h\"

namespace fovea {
namespace {
constexpr unsigned char kBytes[] = {${packed}};
}  // namespace
extern const PackedShader ${NAME}_packed;
constinit const PackedShader ${NAME}_packed = {kBytes, ${words}};
}  // namespace fovea
")
