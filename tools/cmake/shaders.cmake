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

file(GLOB shader_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/shaders/*.comp)
set(shader_folder ${CMAKE_BINARY_DIR}/shaders)
file(MAKE_DIRECTORY ${shader_folder})
set(shader_binaries)
foreach(source ${shader_sources})
  cmake_path(GET source STEM shader)
  set(binary ${shader_folder}/${shader}.spv)
  set(optimise)
  if(FOVEA_SPIRV_OPT)
    set(optimise COMMAND ${FOVEA_SPIRV_OPT} -O ${binary} -o ${binary})
  endif()
  set(validate)
  if(FOVEA_SPIRV_VAL)
    set(validate COMMAND ${FOVEA_SPIRV_VAL} --target-env vulkan1.3 --scalar-block-layout ${binary})
  endif()
  add_custom_command(
    OUTPUT ${binary}
    COMMAND ${FOVEA_GLSLANG} --quiet --target-env vulkan1.3 -I${PROJECT_SOURCE_DIR}/shaders
            --depfile ${binary}.d -o ${binary} ${source}
    ${optimise} ${validate}
    DEPENDS ${source} DEPFILE ${binary}.d COMMENT "Compiling shader ${shader}" VERBATIM)
  list(APPEND shader_binaries ${binary})
endforeach()

set(FOVEA_SHADER_TABLE ${CMAKE_BINARY_DIR}/shader_table.cpp)
set(embed_script ${CMAKE_CURRENT_LIST_DIR}/embed_shaders.cmake)
add_custom_command(
  OUTPUT ${FOVEA_SHADER_TABLE}
  COMMAND ${CMAKE_COMMAND} -DFOLDER=${shader_folder} "-DSHADERS=${shader_binaries}" -DOUTPUT=${FOVEA_SHADER_TABLE} -P ${embed_script}
  DEPENDS ${shader_binaries} ${embed_script} COMMENT "Embedding shaders" VERBATIM)
