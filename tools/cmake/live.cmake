# samples/live draws with GLFW and Dear ImGui, and calls Vulkan by its loader's own functions, as many hosts do. Where one
# of the three is missing it is left out.
find_package(glfw3 3.3 CONFIG QUIET)
find_path(FOVEA_IMGUI_INCLUDE imgui.h PATH_SUFFIXES imgui)
find_path(FOVEA_IMGUI_BACKENDS imgui_impl_vulkan.h PATH_SUFFIXES imgui/backends)
find_library(FOVEA_IMGUI_LIBRARY imgui)
find_library(FOVEA_STB_LIBRARY stb)  # Debian's Dear ImGui is linked with it
find_library(FOVEA_VULKAN_LOADER NAMES vulkan vulkan-1 libvulkan.so.1 HINTS $ENV{VULKAN_SDK}/lib)

# fovea_live(LIST): adds it to this list of programs.
function(fovea_live list)
  if(NOT glfw3_FOUND OR NOT FOVEA_IMGUI_INCLUDE OR NOT FOVEA_IMGUI_BACKENDS OR NOT FOVEA_IMGUI_LIBRARY OR NOT FOVEA_VULKAN_LOADER)
    message(STATUS "samples/live is left out: it needs GLFW, Dear ImGui with its back ends, and the Vulkan loader")
    return()
  endif()
  set(folder ${PROJECT_SOURCE_DIR}/samples/live)
  set(made ${CMAKE_CURRENT_BINARY_DIR}/live)
  file(MAKE_DIRECTORY ${made})
  foreach(stage vert frag)
    # Words between commas, to be included.
    add_custom_command(OUTPUT ${made}/quad.${stage}.inc
      COMMAND ${FOVEA_GLSLANG} --quiet --target-env vulkan1.2 -x -o ${made}/quad.${stage}.inc ${folder}/quad.${stage}
      DEPENDS ${folder}/quad.${stage} VERBATIM)
    list(APPEND words ${made}/quad.${stage}.inc)
  endforeach()
  file(GLOB sources CONFIGURE_DEPENDS ${folder}/*.cpp)
  add_executable(live ${sources} ${words})
  target_include_directories(live PRIVATE ${made})
  target_include_directories(live SYSTEM PRIVATE ${FOVEA_IMGUI_INCLUDE} ${FOVEA_IMGUI_BACKENDS})
  target_link_libraries(live PRIVATE fovea fovea_viz fovea_packages glfw ${FOVEA_IMGUI_LIBRARY}
                        $<$<BOOL:${FOVEA_STB_LIBRARY}>:${FOVEA_STB_LIBRARY}> ${FOVEA_VULKAN_LOADER})
  target_compile_definitions(live PRIVATE FOVEA_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  set(${list} ${${list}} live PARENT_SCOPE)
endfunction()
fovea_live(programs)
