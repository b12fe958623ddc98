# Who embeds Fovea, see tests/consumers: every way to link it, by every compiler there is, and what the linkers see.
if(NOT has_elf OR NOT CMAKE_GENERATOR STREQUAL "Ninja" OR FOVEA_ASAN OR NOT FOVEA_INSTALL)
  return()
endif()
add_dependencies(fovea_tests ${FOVEA_STATIC} ${FOVEA_SHARED})
set(consumers ${PROJECT_SOURCE_DIR}/tests/consumers)
set(consumer_folder ${test_folder}/consumers)
if(CMAKE_NM)
  foreach(library ${FOVEA_STATIC} ${FOVEA_SHARED})
    add_test(NAME consumer.symbols.${library}
             COMMAND ${CMAKE_COMMAND} -DNM=${CMAKE_NM} -DLIBRARY=$<TARGET_FILE:${library}>
                     -P ${consumers}/symbols.cmake)
    set_tests_properties(consumer.symbols.${library} PROPERTIES LABELS consumer)
  endforeach()
endif()

add_test(NAME consumer.port
         COMMAND ${CMAKE_COMMAND} -DSOURCE=${PROJECT_SOURCE_DIR} -DBUILD=${consumer_folder}/port -DNINJA=${CMAKE_MAKE_PROGRAM}
                 -P ${consumers}/port.cmake -- -DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER})
set_tests_properties(consumer.port PROPERTIES LABELS consumer)

# The loader itself, for a host on prototypes; packages for developers have a link to it, others do not.
find_library(FOVEA_VULKAN_LIBRARY NAMES libvulkan.so.1 vulkan)
find_program(FOVEA_CLANG NAMES clang++ clang++-21 clang++-20 clang++-19 clang++-18 clang++-17 clang++-16 clang++-15
             clang++-14)
find_program(FOVEA_GCC NAMES g++)
mark_as_advanced(FOVEA_VULKAN_LIBRARY FOVEA_CLANG FOVEA_GCC)
if(NOT FOVEA_VULKAN_LIBRARY)
  return()
endif()
set(compilers own)
set(compiler_own ${CMAKE_CXX_COMPILER})
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND FOVEA_CLANG)
  list(APPEND compilers clang)
  set(compiler_clang ${FOVEA_CLANG})
elseif(NOT CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND FOVEA_GCC)
  list(APPEND compilers gcc)
  set(compiler_gcc ${FOVEA_GCC})
endif()

set(has_vulkan -DVULKAN_HEADERS=$<JOIN:$<TARGET_PROPERTY:Vulkan::Headers,INTERFACE_INCLUDE_DIRECTORIES>,$<SEMICOLON>>
    -DVOLK_HEADER=${volk_header} -DVMA_HEADER=${vma_header} -DVULKAN_LIBRARY=${FOVEA_VULKAN_LIBRARY})

# consumer_test(NAME COMMAND..): with lavapipe, or skipped where that is not.
function(consumer_test name)
  add_test(NAME consumer.${name} COMMAND ${PROJECT_SOURCE_DIR}/tools/with-driver lavapipe ${ARGN})
  set_tests_properties(consumer.${name} PROPERTIES LABELS consumer TIMEOUT 580 SKIP_RETURN_CODE 3)
endfunction()

foreach(kind static shared)
  set(component fovea)
  string(TOUPPER FOVEA_${kind} library)
  if(NOT ${library} STREQUAL "fovea")
    set(component other)
    fovea_install(${${library}} other EXCLUDE_FROM_ALL)
  endif()
  set(prefix ${consumer_folder}/${kind})
  add_test(NAME consumer.install.${kind}
           COMMAND ${CMAKE_COMMAND} -DBUILD=${CMAKE_CURRENT_BINARY_DIR} -DCOMPONENT=${component} -DPREFIX=${prefix}
                   -DCPACK=${CMAKE_CPACK_COMMAND} -P ${consumers}/install.cmake)
  set_tests_properties(consumer.install.${kind} PROPERTIES LABELS consumer FIXTURES_SETUP installed_${kind})
  foreach(compiler ${compilers})
    consumer_test(${kind}.${compiler}
                  ${CMAKE_CTEST_COMMAND} --build-and-test ${consumers}/hosts ${prefix}.${compiler} --build-generator Ninja --build-noclean
                  --build-options -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_COMPILER=${compiler_${compiler}} -DROUTE=installed
                  -DCMAKE_PREFIX_PATH=${prefix} ${has_vulkan}
                  --test-command ${CMAKE_CTEST_COMMAND} --output-on-failure)
    set_property(TEST consumer.${kind}.${compiler} PROPERTY FIXTURES_REQUIRED installed_${kind})
  endforeach()
endforeach()
foreach(compiler ${compilers})
  consumer_test(subdirectory.${compiler}
                ${CMAKE_COMMAND} -DHOSTS=${consumers}/hosts -DBUILD=${consumer_folder}/subdirectory.${compiler}
                -DLIBRARY=$<TARGET_FILE:${FOVEA_STATIC}> -DNINJA=${CMAKE_MAKE_PROGRAM}
                -P ${consumers}/subdirectory.cmake --
                -DCMAKE_CXX_COMPILER=${compiler_${compiler}} -DFOVEA_SOURCE=${PROJECT_SOURCE_DIR} ${has_vulkan})
endforeach()
