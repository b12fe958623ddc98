# shaders/*.comp -> SPIR-V (optimised and validated by spirv-tools where they are installed) -> one C++ table that is
# embedded in the library. A depfile a shader: editing an included file compiles just its users again.
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

set(shader_folder ${CMAKE_BINARY_DIR}/shaders)
file(MAKE_DIRECTORY ${shader_folder})
set(shader_binaries)
set(shader_rows)  # of the table: name, file and definitions

function(fovea_shader source shader)  # further arguments are definitions
  set(binary ${shader_folder}/${shader}.spv)
  list(TRANSFORM ARGN PREPEND -D OUTPUT_VARIABLE definitions)
  cmake_path(GET source STEM file)
  list(JOIN ARGN " " of_variant)
  set(optimise)
  if(FOVEA_SPIRV_OPT)
    set(optimise COMMAND ${FOVEA_SPIRV_OPT} ${optimisations} ${binary} -o ${binary})
  endif()
  set(validate)
  if(FOVEA_SPIRV_VAL)
    set(validate COMMAND ${FOVEA_SPIRV_VAL} --target-env vulkan1.3 ${binary})
  endif()
  add_custom_command(
    OUTPUT ${binary}
    COMMAND ${FOVEA_GLSLANG} --quiet --target-env vulkan1.3 -I${PROJECT_SOURCE_DIR}/shaders ${definitions}
            --depfile ${binary}.d -o ${binary} ${source}
    ${optimise} ${validate}
    DEPENDS ${source} DEPFILE ${binary}.d COMMENT "Compiling shader ${shader}" VERBATIM)
  set(shader_binaries ${shader_binaries} ${binary} PARENT_SCOPE)
  set(shader_rows ${shader_rows} "${shader}:${file}:${of_variant}" PARENT_SCOPE)
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

set(FOVEA_SHADER_TABLE ${CMAKE_BINARY_DIR}/shader_table.cpp)
set(embed_script ${CMAKE_CURRENT_LIST_DIR}/embed_shaders.cmake)
add_custom_command(
  OUTPUT ${FOVEA_SHADER_TABLE}
  COMMAND ${CMAKE_COMMAND} -DFOLDER=${shader_folder} "-DSHADERS=${shader_rows}" -DOUTPUT=${FOVEA_SHADER_TABLE} -P ${embed_script}
  DEPENDS ${shader_binaries} ${embed_script} COMMENT "Embedding shaders" VERBATIM)
