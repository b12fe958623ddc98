# options: the arguments of this script behind "--".
set(options)
math(EXPR last "${CMAKE_ARGC} - 1")
foreach(i RANGE ${last})
  list(APPEND options ${CMAKE_ARGV${i}})
  if(CMAKE_ARGV${i} STREQUAL "--")
    set(options)
  endif()
endforeach()
