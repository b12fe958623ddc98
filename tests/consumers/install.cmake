# Installs COMPONENT of the build in BUILD into PREFIX: the library that was chosen by unpacking what cpack made of it.
cmake_minimum_required(VERSION 3.25)
file(REMOVE_RECURSE ${PREFIX})
if(NOT COMPONENT STREQUAL "fovea")
  execute_process(COMMAND ${CMAKE_COMMAND} --install ${BUILD} --component ${COMPONENT} --prefix ${PREFIX}
                  COMMAND_ERROR_IS_FATAL ANY)
  return()
endif()
execute_process(COMMAND ${CPACK} --config ${BUILD}/CPackConfig.cmake -B ${PREFIX}.package COMMAND_ERROR_IS_FATAL ANY)
file(GLOB package ${PREFIX}.package/*.tar.gz)
cmake_path(GET package STEM LAST_ONLY folder)
string(REGEX REPLACE "\\.tar$" "" folder ${folder})
file(ARCHIVE_EXTRACT INPUT ${package} DESTINATION ${PREFIX}.package)
file(RENAME ${PREFIX}.package/${folder} ${PREFIX})
