# shaders/*.comp -> SPIR-V (optimised and validated by spirv-tools where they are installed) -> a C++ file each, and one
# table of them, embedded in the library. A depfile a shader: editing an included file compiles just its users again.
find_program(FOVEA_GLSLANG NAMES glslang glslangValidator HINTS $ENV{VULKAN_SDK}/bin ${PROJECT_SOURCE_DIR}/.deps/glslang/bin)
find_program(FOVEA_SPIRV_OPT spirv-opt HINTS $ENV{VULKAN_SDK}/bin)
find_program(FOVEA_SPIRV_VAL spirv-val HINTS $ENV{VULKAN_SDK}/bin)
if(NOT FOVEA_GLSLANG)
  set(ENABLE_OPT OFF)
  set(GLSLANG_TESTS OFF)
  FetchContent_Declare(glslang GIT_REPOSITORY https://github.com/KhronosGroup/glslang.git GIT_TAG 15.1.0 GIT_SHALLOW ON)
  FetchContent_MakeAvailable(glslang)
  set(FOVEA_GLSLANG $<TARGET_FILE:glslang-standalone>)
endif()

# Loops marked [[unroll]] are unrolled here and small arrays become registers: SwiftShader, which would do it again for
# every pipeline, needs seconds for what takes 0.1 s now.
set(simplify --ccp --eliminate-dead-branches --merge-blocks --scalar-replacement=0 --ssa-rewrite --simplify-instructions
    --eliminate-dead-code-aggressive)
set(optimisations --merge-return --inline-entry-points-exhaustive --convert-local-access-chains --ssa-rewrite
    --loop-unroll ${simplify} --loop-unroll ${simplify})  # twice: a loop with a branch unrolls once that is gone

set(shader_folder ${CMAKE_CURRENT_BINARY_DIR}/shaders)
file(MAKE_DIRECTORY ${shader_folder})
set(embed_script ${CMAKE_CURRENT_LIST_DIR}/embed_shader.cmake)
set(shader_sources_made)
set(shader_declarations)
set(shader_rows)  # of the table

function(fovea_shader source shader)  # further arguments are definitions
  set(binary ${shader_folder}/${shader}.spv)
  set(embedded ${shader_folder}/${shader}.cpp)
  list(TRANSFORM ARGN PREPEND -D OUTPUT_VARIABLE definitions)
  cmake_path(GET source STEM file)
  set(optimise)
  if(FOVEA_SPIRV_OPT)
    set(optimise COMMAND ${FOVEA_SPIRV_OPT} ${optimisations} ${binary} -o ${binary})
  endif()
  set(validate)
  if(FOVEA_SPIRV_VAL)
    set(validate COMMAND ${FOVEA_SPIRV_VAL} --target-env vulkan1.2 ${binary})
  endif()
  add_custom_command(
    OUTPUT ${binary} ${embedded}
    COMMAND ${FOVEA_GLSLANG} --quiet --target-env vulkan1.2 -I${PROJECT_SOURCE_DIR}/shaders ${definitions}
            --depfile ${binary}.d -o ${binary} ${source}
    ${optimise} ${validate}
    COMMAND ${CMAKE_COMMAND} -DNAME=${shader} -DINPUT=${binary} -DOUTPUT=${embedded} -P ${embed_script}
    DEPENDS ${source} ${embed_script} DEPFILE ${binary}.d COMMENT "Compiling shader ${shader}" VERBATIM)
  list(APPEND shader_sources_made ${embedded})
  string(APPEND shader_declarations "extern const std::span<const uint32_t> ${shader}_words;\n")
  set(of_variant "{}")
  if(ARGN)
    string(REGEX REPLACE "([^=;]+)=?([^;]*)(;|$)" "{\"\\1\", \"\\2\"}, " rows "${ARGN}")
    set(of_variant ${shader}_definitions)
    string(APPEND shader_declarations "constexpr Shader::Definition ${of_variant}[] = {${rows}};\n")
  endif()
  string(APPEND shader_rows "    {\"${shader}\", \"${file}\", ${of_variant}, ${shader}_words},\n")
  return(PROPAGATE shader_sources_made shader_declarations shader_rows)
endfunction()

# A shader is built once, or once for each of its lines "// variant NAME: DEFINITIONS..", as <shader>_<NAME>.
file(GLOB shader_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/shaders/*.comp)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${shader_sources})
foreach(source ${shader_sources})
  cmake_path(GET source STEM shader)
  file(STRINGS ${source} variants REGEX "^// variant [a-z0-9_]+: ")
  foreach(variant ${variants})
    string(REGEX MATCH "^// variant ([a-z0-9_]+): (.*)$" line "${variant}")
    set(suffix ${CMAKE_MATCH_1})
    separate_arguments(definitions NATIVE_COMMAND "${CMAKE_MATCH_2}")
    fovea_shader(${source} ${shader}_${suffix} ${definitions})
  endforeach()
  if(NOT variants)
    fovea_shader(${source} ${shader})
  endif()
endforeach()

set(shader_table ${CMAKE_CURRENT_BINARY_DIR}/shader_table.cpp)
file(CONFIGURE OUTPUT ${shader_table} @ONLY CONTENT "// Made by shaders.cmake.
#include \"gpu/shaders.h\"

namespace fovea {
@shader_declarations@
namespace {
constexpr Shader kShaders[] = {
@shader_rows@};
}  // namespace

std::span<const Shader> shaders() { return kShaders; }
}  // namespace fovea
")
set(FOVEA_SHADERS ${shader_table} ${shader_sources_made})
