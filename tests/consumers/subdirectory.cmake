# A host that has Fovea as a subdirectory: configured whole. All of it would take minutes to build, so of what CMake
# would run this runs what compiles the hosts and one file of Fovea's, then what links the hosts, with LIBRARY, which
# was built before, in the place of Fovea's library.
#
#   cmake -DHOSTS=folder -DBUILD=folder -DLIBRARY=libfovea.a -DNINJA=ninja -P subdirectory.cmake -- OPTION..
cmake_minimum_required(VERSION 3.25)
include(${CMAKE_CURRENT_LIST_DIR}/options.cmake)
file(REMOVE_RECURSE ${BUILD})
execute_process(COMMAND ${CMAKE_COMMAND} -S ${HOSTS} -B ${BUILD} -G Ninja -DROUTE=subdirectory ${options}
                        -DCMAKE_BUILD_TYPE=Debug -DCMAKE_EXPORT_COMPILE_COMMANDS=ON COMMAND_ERROR_IS_FATAL ANY)

# What the build of Fovea makes lies in its own folder of the host's.
file(GLOB entries RELATIVE ${BUILD} ${BUILD}/*)
list(REMOVE_ITEM entries CMakeCache.txt CMakeFiles CTestTestfile.cmake Testing _deps build.ninja cmake_install.cmake
     compile_commands.json fovea other)
if(entries)
  message(FATAL_ERROR "Fovea left ${entries} in the folder of its host")
endif()
execute_process(COMMAND ${NINJA} -t targets all WORKING_DIRECTORY ${BUILD} OUTPUT_VARIABLE text COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[^\n]*(shader|\\.spv)[^\n]*: CUSTOM_COMMAND" made "${text}")
list(FILTER made EXCLUDE REGEX "^(fovea|cmake_object_order)|/fovea/")
if(made)
  message(FATAL_ERROR "Fovea would make in the folder of its host: ${made}")
endif()

function(run command)
  execute_process(COMMAND sh -c "${command}" WORKING_DIRECTORY ${BUILD} COMMAND_ERROR_IS_FATAL ANY)
endfunction()
file(READ ${BUILD}/compile_commands.json commands)
string(JSON count LENGTH "${commands}")
math(EXPR last "${count} - 1")
set(compiled 0)
foreach(i RANGE ${last})
  string(JSON command GET "${commands}" ${i} command)
  if(command MATCHES "-Werror")
    message(FATAL_ERROR "a warning would end the host's build: ${command}")
  endif()
  if(command MATCHES "/consumers/hosts/[a-z]+\\.cpp$|/engine/core/shape\\.cpp$")
    run("${command}")
    math(EXPR compiled "${compiled} + 1")
  endif()
endforeach()
if(NOT compiled EQUAL 7)
  message(FATAL_ERROR "${compiled} files were compiled, there should be 7")
endif()

file(COPY ${LIBRARY} DESTINATION ${BUILD}/fovea)
foreach(host with_prototypes with_volk)
  execute_process(COMMAND ${NINJA} -t commands ${host} WORKING_DIRECTORY ${BUILD} OUTPUT_VARIABLE text
                  COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCH "[^\n]* -o ${host} [^\n]*" link "${text}")
  run("${link}")
  run("./${host}")
endforeach()
