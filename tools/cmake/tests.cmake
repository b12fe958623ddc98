# Training and the kernels of both classes are what most tests are about: a build without has those of inference alone.
set(fovea_is_whole FALSE)
if(FOVEA_TRAINING AND "cpu" IN_LIST FOVEA_KERNEL_CLASSES AND "gpu" IN_LIST FOVEA_KERNEL_CLASSES)
  set(fovea_is_whole TRUE)
endif()
set(test_folder ${CMAKE_CURRENT_BINARY_DIR}/tests)
if(NOT fovea_is_whole)
  include(tools/cmake/inference.cmake)
  return()
endif()

# Two test programs. fovea_host_tests needs no Vulkan and is always built with the sanitizers: it feeds malformed files
# to everything that reads one. fovea_tests holds the rest; ctest runs each of its files once per driver and kernel
# class, one process each.
set(host_folders core io text data viz)
list(TRANSFORM host_folders REPLACE "(.+)" "tests/\\1/*.cpp;engine/\\1/*.cpp" OUTPUT_VARIABLE host_patterns)
file(GLOB host_sources CONFIGURE_DEPENDS ${host_patterns})
add_executable(fovea_host_tests ${host_sources} ${FOVEA_PAGE_TABLE} engine/train/log.cpp tests/train/log_test.cpp tests/support/svg.cpp
               tests/support/values.cpp)
file(GLOB_RECURSE test_sources CONFIGURE_DEPENDS tests/*.cpp)
list(JOIN host_folders "|" host_pattern)
list(FILTER test_sources EXCLUDE REGEX "/tests/(${host_pattern}|consumers)/|/log_test.cpp")
add_executable(fovea_tests ${test_sources})
target_link_libraries(fovea_tests PRIVATE fovea_inside fovea_viz)
target_link_libraries(fovea_host_tests PRIVATE fovea_viz_packages)
foreach(program fovea_host_tests fovea_tests)
  target_include_directories(${program} PRIVATE engine engine/include tests ${PROJECT_SOURCE_DIR})
  target_link_libraries(${program} PRIVATE fovea_packages Catch2::Catch2WithMain)
  target_compile_definitions(${program} PRIVATE FOVEA_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
                             FOVEA_BINARY_DIR="${CMAKE_RUNTIME_OUTPUT_DIRECTORY}" FOVEA_SHADER_FOLDER="${shader_folder}")
endforeach()
if(NOT MSVC)
  target_compile_options(fovea_tests PRIVATE -O1)  # tests wait for drivers, not for their own loops
  target_compile_options(fovea_host_tests PRIVATE -O1 -fsanitize=address,undefined -fno-sanitize-recover=all)
  target_link_options(fovea_host_tests PRIVATE -fsanitize=address,undefined)
endif()
# All of fovea and nothing of fovea_viz: it does not link as soon as one needs the other.
file(GENERATE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/fovea_alone.cpp CONTENT "int main() { return 0; }\n")
add_executable(fovea_alone ${CMAKE_CURRENT_BINARY_DIR}/fovea_alone.cpp)
target_link_libraries(fovea_alone PRIVATE $<LINK_LIBRARY:WHOLE_ARCHIVE,${FOVEA_STATIC}>)
add_dependencies(fovea_tests fovea_alone)
if(FOVEA_PROGRAMS)
  add_dependencies(fovea_tests ${programs})
endif()

# SwiftShader reads SwiftShader.ini in the working directory: one thread a process, ctest -j runs one process a core.
file(WRITE ${test_folder}/SwiftShader.ini "[Processor]\nThreadCount=1\n")

# fovea_test_file(SOURCE LABEL DRIVER [ENVIRONMENT..]): the test cases of one file, on one driver.
function(fovea_test_file source label driver)
  cmake_path(GET source STEM stem)
  add_test(NAME ${label}.${stem}
           COMMAND ${PROJECT_SOURCE_DIR}/tools/with-driver ${driver} $<TARGET_FILE:fovea_tests> "-#" "[#${stem}]"
           WORKING_DIRECTORY ${test_folder})
  set_tests_properties(${label}.${stem} PROPERTIES ENVIRONMENT "FOVEA_VALIDATION=1;FOVEA_CACHE=0;LP_NUM_THREADS=1;${ARGN}"
                       TIMEOUT 580 SKIP_RETURN_CODE 4 LABELS ${label})
endfunction()

# lavapipe's subgroups are 16 lanes wide where the processor has AVX-512 and it is asked to use it.
set(has_avx512 FALSE)
if(EXISTS /proc/cpuinfo)
  file(STRINGS /proc/cpuinfo flags REGEX "^flags.* avx512f .*avx512bw" LIMIT_COUNT 1)
  if(flags)
    set(has_avx512 TRUE)
  endif()
endif()

foreach(source ${test_sources})
  if(NOT source MATCHES "_test\\.cpp$")
    continue()
  endif()
  # Each program of a training compiles its kernels anew, half a minute on SwiftShader; tests/models trains there.
  if(NOT source MATCHES "/tests/samples/train_")
    fovea_test_file(${source} swiftshader swiftshader)
  endif()
  fovea_test_file(${source} lavapipe lavapipe)
  if(source MATCHES "/tests/(ops|graph|nn|train|decode|models)/")
    fovea_test_file(${source} swiftshader-gpu swiftshader FOVEA_KERNELS=gpu)
    fovea_test_file(${source} lavapipe-gpu lavapipe FOVEA_KERNELS=gpu)
    if(has_avx512)
      fovea_test_file(${source} lavapipe-512 lavapipe LP_NATIVE_VECTOR_WIDTH=512)
    endif()
  endif()
endforeach()
add_test(NAME host COMMAND fovea_host_tests WORKING_DIRECTORY ${test_folder})
# The pages in a real browser, where there is one: tools/setup browser.
find_program(FOVEA_PYTHON python3)
if(FOVEA_PYTHON AND FOVEA_PROGRAMS)
  add_test(NAME browser
           COMMAND ${PROJECT_SOURCE_DIR}/tools/with-driver lavapipe ${FOVEA_PYTHON}
                   ${PROJECT_SOURCE_DIR}/tests/browser/attention_page.py ${CMAKE_RUNTIME_OUTPUT_DIRECTORY})
  set_tests_properties(browser PROPERTIES SKIP_RETURN_CODE 4 TIMEOUT 580)
  add_test(NAME fetch_model COMMAND ${FOVEA_PYTHON} ${PROJECT_SOURCE_DIR}/tests/tools/fetch_model_test.py)
endif()
add_test(NAME tree COMMAND ${PROJECT_SOURCE_DIR}/tools/check_tree)
include(tools/cmake/inference.cmake)
include(tools/cmake/consumers.cmake)
