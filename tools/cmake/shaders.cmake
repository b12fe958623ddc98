# shaders/*.comp -> SPIR-V (optimised and validated by spirv-tools where they are installed), compressed -> a C++ file
# each, and one table of them, embedded in the library. A depfile a shader: editing an included file compiles just its
# users again.
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

function(fovea_compile_shader source shader)  # further arguments are definitions
  set(binary ${shader_folder}/${shader}.spv)
  set(packed ${binary}.zst)
  set(embedded ${shader_folder}/${shader}.cpp)
  list(TRANSFORM ARGN PREPEND -D OUTPUT_VARIABLE definitions)
  set(optimise)
  if(FOVEA_SPIRV_OPT)
    set(optimise COMMAND ${FOVEA_SPIRV_OPT} ${optimisations} ${binary} -o ${binary})
  endif()
  set(validate)
  if(FOVEA_SPIRV_VAL)
    set(validate COMMAND ${FOVEA_SPIRV_VAL} --target-env vulkan1.2 ${binary})
  endif()
  add_custom_command(
    OUTPUT ${binary} ${packed} ${embedded}
    COMMAND ${FOVEA_GLSLANG} --quiet --target-env vulkan1.2 -I${PROJECT_SOURCE_DIR}/shaders ${definitions}
            --depfile ${binary}.d -o ${binary} ${source}
    ${optimise} ${validate}
    COMMAND ${FOVEA_ZSTD} --quiet --force --check -19 ${binary} -o ${packed}
    COMMAND ${CMAKE_COMMAND} -DNAME=${shader} -DINPUT=${binary} -DPACKED=${packed} -DOUTPUT=${embedded} -P ${embed_script}
    DEPENDS ${source} ${embed_script} DEPFILE ${binary}.d COMMENT "Compiling shader ${shader}" VERBATIM)
endfunction()

# A shader is built once, or once for each of its lines "// variant NAME: DEFINITIONS..", as <shader>_<NAME>. Other lines
# say what it is for: "// training": only gradients and updates of weights dispatch it; "// class cpu" or "// class gpu":
# only devices of that class do.
file(GLOB shader_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/shaders/*.comp)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${shader_sources})
set(shaders)  # their names; of each ${shader}_training, ${shader}_class and ${shader}_row of the table
set(shader_definitions)

function(fovea_shader source shader)  # further arguments are definitions
  fovea_compile_shader(${source} ${shader} ${ARGN})
  file(STRINGS ${source} ${shader}_training REGEX "^// training$")
  file(STRINGS ${source} ${shader}_class REGEX "^// class (cpu|gpu)$")
  string(REPLACE "// class " "" ${shader}_class "${${shader}_class}")
  list(APPEND shaders ${shader})
  set(of_variant "{}")
  if(ARGN)
    string(REGEX REPLACE "([^=;]+)=?([^;]*)(;|$)" "{\"\\1\", \"\\2\"}, " rows "${ARGN}")
    set(of_variant ${shader}_definitions)
    string(APPEND shader_definitions "constexpr Shader::Definition ${of_variant}[] = {${rows}};\n")
  endif()
  set(training false)
  if(${shader}_training)
    set(training true)
  endif()
  set(class "{}")
  if(${shader}_class)
    set(class KernelClass::${${shader}_class})
  endif()
  cmake_path(GET source STEM file)
  set(${shader}_row "\"${shader}\", \"${file}\", ${of_variant}, ${training}, ${class}")
  return(PROPAGATE shaders shader_definitions ${shader}_training ${shader}_class ${shader}_row)
endfunction()

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

# fovea_shader_table(RESULT TABLE TRAINING CLASSES): sources of the shaders for a library that trains or not, on devices of
# these classes: the table and what it names. A shader without a use there has its row, and nothing behind it.
function(fovea_shader_table result table training classes)
  set(sources ${table})
  set(declarations)
  set(rows)
  foreach(shader ${shaders})
    set(packed nullptr)
    if((training OR NOT ${shader}_training) AND (NOT ${shader}_class OR ${shader}_class IN_LIST classes))
      set(packed &${shader}_packed)
      list(APPEND sources ${shader_folder}/${shader}.cpp)
      string(APPEND declarations "extern const PackedShader ${shader}_packed;\n")
    endif()
    string(APPEND rows "    {${${shader}_row}, ${packed}},\n")
  endforeach()
  foreach(fact training cpu gpu)
    set(has_${fact} false)
  endforeach()
  foreach(class ${classes})
    set(has_${class} true)
  endforeach()
  if(training)
    set(has_training true)
  endif()
  file(CONFIGURE OUTPUT ${table} @ONLY CONTENT "// Made by shaders.cmake.
#include \"gpu/shaders.h\"

namespace fovea {
@declarations@
namespace {
@shader_definitions@
constexpr Shader kShaders[] = {
@rows@};
}  // namespace

std::span<const Shader> shaders() { return kShaders; }
Contents contents() { return {.training = @has_training@, .cpu = @has_cpu@, .gpu = @has_gpu@}; }
}  // namespace fovea
")
  set(${result} ${sources} PARENT_SCOPE)
endfunction()

foreach(class ${FOVEA_KERNEL_CLASSES})
  if(NOT class MATCHES "^(cpu|gpu)$")
    message(FATAL_ERROR "FOVEA_KERNEL_CLASSES is ${FOVEA_KERNEL_CLASSES}: cpu, gpu or both, not ${class}")
  endif()
endforeach()
if(NOT FOVEA_KERNEL_CLASSES)
  message(FATAL_ERROR "FOVEA_KERNEL_CLASSES is empty: cpu, gpu or both")
endif()
fovea_shader_table(FOVEA_SHADERS ${CMAKE_CURRENT_BINARY_DIR}/shader_table.cpp "${FOVEA_TRAINING}" "${FOVEA_KERNEL_CLASSES}")
