# LIBRARY, stripped by STRIP into FILE, has at most MOST bytes.
#
#   cmake -DSTRIP=strip -DLIBRARY=libfovea.so -DFILE=file -DMOST=bytes -P size.cmake
execute_process(COMMAND ${STRIP} -o ${FILE} ${LIBRARY} COMMAND_ERROR_IS_FATAL ANY)
file(SIZE ${FILE} bytes)
message("${LIBRARY}, stripped: ${bytes} bytes")
if(bytes GREATER MOST)
  message(FATAL_ERROR "at most ${MOST} bytes are allowed")
endif()
