# The library: its files are compiled once, into objects that fit into a static and into a shared library and into a
# plugin. BUILD_SHARED_LIBS says which of the two libraries fovea is. Tests and tools look inside, which a shared one
# does not let them: they link fovea_inside, the static one.
include(GNUInstallDirs)
add_library(fovea_names INTERFACE)  # what a file needs that includes headers of the engine's own
target_include_directories(fovea_names INTERFACE ${PROJECT_SOURCE_DIR}/engine ${PROJECT_SOURCE_DIR})
target_compile_options(fovea_names INTERFACE ${FOVEA_PREFIX})
target_link_libraries(fovea_names INTERFACE fovea_packages)

# Names are hidden but for those of the public headers, see FOVEA_API.
function(fovea_hide_names target)
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON CXX_VISIBILITY_PRESET hidden
                                             VISIBILITY_INLINES_HIDDEN ON)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${target} PRIVATE -fno-semantic-interposition)  # nobody replaces a function of Fovea's
  endif()
endfunction()

file(GLOB_RECURSE engine_sources CONFIGURE_DEPENDS engine/*.cpp)
list(FILTER engine_sources EXCLUDE REGEX "/engine/viz/")
if(NOT FOVEA_TRAINING)
  list(FILTER engine_sources EXCLUDE REGEX "/engine/(train|data)/")
endif()
add_library(fovea_objects OBJECT ${engine_sources} ${FOVEA_SHADERS})
target_include_directories(fovea_objects PRIVATE engine/include)
target_link_libraries(fovea_objects PRIVATE fovea_names)
fovea_hide_names(fovea_objects)
if(NOT MSVC)
  # Linkers leave out what nobody calls. What takes time is the device's work: -O3 only makes the library larger.
  target_compile_options(fovea_objects PRIVATE -ffunction-sections -fdata-sections $<$<CONFIG:Release>:-O2>)
endif()

set(has_elf FALSE)
if(UNIX AND NOT APPLE)
  set(has_elf TRUE)
endif()
# Everything of the namespace fovea whose visibility is not hidden, and the C API; no copy of a template of others.
set(FOVEA_EXPORTS ${CMAKE_CURRENT_BINARY_DIR}/fovea.map)
file(CONFIGURE OUTPUT ${FOVEA_EXPORTS} @ONLY CONTENT "{
  global: fovea_*; _ZN5fovea*; _ZN[KVRO]5fovea*; _ZN[KVRO][KVRO]5fovea*; _ZT[VTISC]N5fovea*; _ZT[HW]N5fovea*;
          _ZGVN5fovea*; _ZGVZN*5fovea*; _ZZN*5fovea*; _ZTh[n0-9]*_N*5fovea*; _ZTv[n0-9]*_N*5fovea*;
  local: *;
};
")

set(FOVEA_VIZ_HEADERS attention_page.hpp curve.hpp figure.hpp heatmap.hpp png.hpp)  # the other headers are fovea's

# Static libraries of which a program or a plugin shows nothing.
set(FOVEA_HIDDEN libfovea.a:libfovea_viz.a:libsentencepiece_train.a:libsentencepiece.a:libzstd.a)

# What every library has that others link: NAME is what they call it, fovea::NAME.
function(fovea_public_library target name)
  fovea_hide_names(${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name} WINDOWS_EXPORT_ALL_SYMBOLS ON
    VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
  target_compile_features(${target} PUBLIC cxx_std_20)
  if(NOT FOVEA_TRAINING)
    target_compile_definitions(${target} PUBLIC FOVEA_INFERENCE_ONLY)
  endif()
  target_include_directories(${target} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/engine/include>
                                              $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  get_target_property(kind ${target} TYPE)
  if(kind STREQUAL "SHARED_LIBRARY" AND has_elf)
    target_link_options(${target} PRIVATE LINKER:--version-script=${FOVEA_EXPORTS} LINKER:--gc-sections)
    set_property(TARGET ${target} APPEND PROPERTY LINK_DEPENDS ${FOVEA_EXPORTS})
  elseif(kind STREQUAL "STATIC_LIBRARY")
    target_compile_definitions(${target} INTERFACE FOVEA_STATIC)
    if(has_elf)
      target_link_options(${target} INTERFACE LINKER:--exclude-libs,${FOVEA_HIDDEN})
    endif()
  endif()
endfunction()

function(fovea_library target)  # further: STATIC, SHARED or nothing
  add_library(${target} ${ARGN} $<TARGET_OBJECTS:fovea_objects>)
  set_target_properties(${target} PROPERTIES OUTPUT_NAME fovea LINKER_LANGUAGE CXX)
  target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:fovea_packages>)
  fovea_public_library(${target} fovea)
endfunction()

fovea_library(fovea)
add_library(fovea::fovea ALIAS fovea)

# The other kind of the same objects: static for what looks inside, shared for the tests of consumers.
if(BUILD_SHARED_LIBS)
  set(FOVEA_STATIC fovea_static)
  set(FOVEA_SHARED fovea)
  fovea_library(fovea_static STATIC)
  set_target_properties(fovea_static PROPERTIES ARCHIVE_OUTPUT_DIRECTORY static)
else()
  set(FOVEA_STATIC fovea)
  if(FOVEA_TESTS AND has_elf AND NOT FOVEA_ASAN)
    set(FOVEA_SHARED fovea_shared)
    fovea_library(fovea_shared SHARED)
    set_target_properties(fovea_shared PROPERTIES LIBRARY_OUTPUT_DIRECTORY shared RUNTIME_OUTPUT_DIRECTORY shared
                                                  ARCHIVE_OUTPUT_DIRECTORY shared)
  endif()
endif()
add_library(fovea_inside INTERFACE)
target_link_libraries(fovea_inside INTERFACE ${FOVEA_STATIC} fovea_names)
