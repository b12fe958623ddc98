# Every package Fovea builds on: an installed one first, a pinned upstream tag where it is missing.
# fovea_packages carries them all; nothing of them shows in the public headers.
include(FetchContent)
list(PREPEND CMAKE_PREFIX_PATH ${PROJECT_SOURCE_DIR}/.deps/vulkan/usr)

macro(fovea_package name repository tag)
  FetchContent_Declare(${name} GIT_REPOSITORY https://github.com/${repository}.git GIT_TAG ${tag} GIT_SHALLOW ON
                       SYSTEM FIND_PACKAGE_ARGS ${ARGN})
  FetchContent_MakeAvailable(${name})
endmacro()

set(VOLK_PULL_IN_VULKAN OFF)
fovea_package(VulkanHeaders KhronosGroup/Vulkan-Headers v1.4.309 CONFIG)
fovea_package(volk zeux/volk vulkan-sdk-1.4.304.0 CONFIG)
fovea_package(VulkanMemoryAllocator GPUOpen-LibrariesAndSDKs/VulkanMemoryAllocator v3.2.1 CONFIG)
fovea_package(fmt fmtlib/fmt 11.0.2 9)
fovea_package(nlohmann_json nlohmann/json v3.11.3 3.11)

find_path(FOVEA_STB_INCLUDE stb/stb_image.h)
if(NOT FOVEA_STB_INCLUDE)
  FetchContent_Declare(stb GIT_REPOSITORY https://github.com/nothings/stb.git
                       GIT_TAG f0569113c93ad095470c54bf34a17b36646bbbb5 SOURCE_DIR ${FETCHCONTENT_BASE_DIR}/stb/stb)
  FetchContent_MakeAvailable(stb)
  set(FOVEA_STB_INCLUDE ${FETCHCONTENT_BASE_DIR}/stb)
endif()

# SentencePiece installs no CMake package; a static library is preferred (Debian has only the shared one). Either one
# carries its own protobuf. Before 0.2.1 its headers and its CMake are too old for GCC 15 and CMake 4.
find_path(FOVEA_SENTENCEPIECE_INCLUDE sentencepiece_processor.h)
find_library(FOVEA_SENTENCEPIECE_LIBRARY NAMES libsentencepiece.a sentencepiece)
find_library(FOVEA_SENTENCEPIECE_TRAIN_LIBRARY NAMES libsentencepiece_train.a sentencepiece_train)
if(NOT FOVEA_SENTENCEPIECE_INCLUDE OR NOT FOVEA_SENTENCEPIECE_LIBRARY
   OR (FOVEA_TRAINING AND NOT FOVEA_SENTENCEPIECE_TRAIN_LIBRARY))
  set(SPM_ENABLE_SHARED OFF CACHE BOOL "")
  set(SPM_ENABLE_TCMALLOC OFF CACHE BOOL "")
  FetchContent_Declare(sentencepiece GIT_REPOSITORY https://github.com/google/sentencepiece.git GIT_TAG v0.2.1
                       GIT_SHALLOW ON SYSTEM)
  FetchContent_MakeAvailable(sentencepiece)
  set_property(DIRECTORY ${sentencepiece_SOURCE_DIR} PROPERTY EXCLUDE_FROM_ALL ON)  # its programs
  set(FOVEA_SENTENCEPIECE_INCLUDE ${sentencepiece_SOURCE_DIR}/src)
  set(FOVEA_SENTENCEPIECE_LIBRARY sentencepiece-static)
  set(FOVEA_SENTENCEPIECE_TRAIN_LIBRARY sentencepiece_train-static)
endif()

# Shaders are compressed by zstd's program when they are built, and unpacked by its library.
find_path(FOVEA_ZSTD_INCLUDE zstd.h)
find_library(FOVEA_ZSTD_LIBRARY NAMES zstd zstd_static)
find_program(FOVEA_ZSTD zstd)
if(NOT FOVEA_ZSTD_INCLUDE OR NOT FOVEA_ZSTD_LIBRARY OR NOT FOVEA_ZSTD)
  set(ZSTD_BUILD_SHARED OFF)
  set(ZSTD_LEGACY_SUPPORT OFF)
  FetchContent_Declare(zstd GIT_REPOSITORY https://github.com/facebook/zstd.git GIT_TAG v1.5.6 GIT_SHALLOW ON
                       SOURCE_SUBDIR build/cmake SYSTEM)
  FetchContent_MakeAvailable(zstd)
  set_property(DIRECTORY ${zstd_SOURCE_DIR}/build/cmake PROPERTY EXCLUDE_FROM_ALL ON)
  set(FOVEA_ZSTD_INCLUDE ${zstd_SOURCE_DIR}/lib)
  set(FOVEA_ZSTD_LIBRARY libzstd_static)
  set(FOVEA_ZSTD $<TARGET_FILE:zstd>)
  set_property(TARGET libzstd_static PROPERTY POSITION_INDEPENDENT_CODE ON)
endif()

add_library(fovea_packages INTERFACE)
target_include_directories(fovea_packages SYSTEM INTERFACE ${FOVEA_STB_INCLUDE} ${FOVEA_SENTENCEPIECE_INCLUDE}
                           ${FOVEA_ZSTD_INCLUDE})
find_package(Threads REQUIRED)
target_link_libraries(fovea_packages INTERFACE Vulkan::Headers GPUOpen::VulkanMemoryAllocator
                      fmt::fmt-header-only nlohmann_json::nlohmann_json
                      $<$<BOOL:${FOVEA_TRAINING}>:${FOVEA_SENTENCEPIECE_TRAIN_LIBRARY}> ${FOVEA_SENTENCEPIECE_LIBRARY}
                      ${FOVEA_ZSTD_LIBRARY} Threads::Threads ${CMAKE_DL_LIBS})
if(FOVEA_PROGRAMS)
  fovea_package(CLI11 CLIUtils/CLI11 v2.4.2 2.1)
  target_link_libraries(fovea_packages INTERFACE CLI11::CLI11)
endif()
if(FOVEA_TESTS)
  fovea_package(Catch2 catchorg/Catch2 v3.7.1 3.4)
endif()
