# Libraries as FOVEA_TRAINING=OFF and FOVEA_KERNEL_CLASSES make them, of what is compiled for the whole one: they have
# what inference needs, and they are small. A build that is for inference only tests its own.

# fovea_without_training(TARGET CLASSES): a shared library for inference on devices of these classes.
function(fovea_without_training target classes)
  fovea_shader_table(sources ${CMAKE_CURRENT_BINARY_DIR}/${target}_table.cpp OFF "${classes}")
  list(POP_FRONT sources table)
  set(left_out)
  foreach(shader ${shaders})
    if(NOT ${shader_folder}/${shader}.cpp IN_LIST sources)
      list(APPEND left_out ${shader})
    endif()
  endforeach()
  list(JOIN left_out "|" left_out)
  set(left_out "/engine/(train|data)/|/shader_table\\.cpp|/shaders/(${left_out})\\.cpp")
  add_library(${target} SHARED ${table} $<FILTER:$<TARGET_OBJECTS:fovea_objects>,EXCLUDE,${left_out}>)
  target_link_libraries(${target} PRIVATE fovea_names)
  target_compile_definitions(${target} INTERFACE FOVEA_INFERENCE_ONLY)
  fovea_public_library(${target} fovea)
  if(has_elf AND NOT FOVEA_ASAN)
    target_link_options(${target} PRIVATE LINKER:-z,defs)  # nothing of training is called
  endif()
endfunction()

# fovea_inference_program(NAME LIBRARY): tests/consumers/inference with this library.
function(fovea_inference_program name library)
  add_executable(${name} tests/consumers/inference/main.cpp)
  target_link_libraries(${name} PRIVATE ${library})
endfunction()

# fovea_inference_test(NAME ENVIRONMENT COMMAND..)
function(fovea_inference_test name environment)
  add_test(NAME inference.${name} COMMAND ${PROJECT_SOURCE_DIR}/tools/with-driver lavapipe ${ARGN}
           WORKING_DIRECTORY ${test_folder})
  set_tests_properties(inference.${name} PROPERTIES ENVIRONMENT "LP_NUM_THREADS=1;${environment}" TIMEOUT 580
                                                    LABELS lavapipe SKIP_RETURN_CODE 3)
endfunction()

# fovea_size_test(LIBRARY BYTES): stripped, it is no larger.
function(fovea_size_test library most)
  get_target_property(kind ${library} TYPE)
  if(kind STREQUAL "SHARED_LIBRARY" AND has_elf AND CMAKE_STRIP AND CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT FOVEA_ASAN)
    add_test(NAME inference.size.${library}
             COMMAND ${CMAKE_COMMAND} -DSTRIP=${CMAKE_STRIP} -DLIBRARY=$<TARGET_FILE:${library}> -DMOST=${most}
                     -DFILE=${test_folder}/${library}.stripped -P ${PROJECT_SOURCE_DIR}/tests/consumers/size.cmake)
    set_tests_properties(inference.size.${library} PROPERTIES LABELS lavapipe)
  endif()
endfunction()

set(samples ${PROJECT_SOURCE_DIR}/samples)
if(NOT fovea_is_whole)
  if(NOT FOVEA_TRAINING)
    fovea_inference_program(inference fovea)
    fovea_inference_test(program "FOVEA_KERNELS=$<IF:$<IN_LIST:cpu,${FOVEA_KERNEL_CLASSES}>,cpu,gpu>"
                         $<TARGET_FILE:inference> ${samples})
    fovea_size_test(fovea 4000000)
  endif()
  return()
endif()

fovea_without_training(fovea_inference "cpu;gpu")
fovea_without_training(fovea_inference_gpu gpu)
fovea_inference_program(inference fovea_inference)
fovea_inference_program(inference_gpu fovea_inference_gpu)
fovea_inference_test(program "" $<TARGET_FILE:inference> ${samples})
fovea_inference_test(program_gpu FOVEA_KERNELS=gpu $<TARGET_FILE:inference_gpu> ${samples})
fovea_inference_test(no_kernels "" $<TARGET_FILE:inference_gpu> ${samples} no-device)
set_tests_properties(inference.no_kernels PROPERTIES
  PASS_REGULAR_EXPRESSION "llvmpipe.*: this library was built without kernels for CPU drivers, FOVEA_KERNEL_CLASSES is gpu")
fovea_size_test(fovea_inference 4000000)

# The tests of models and searches, with the shaders of a library for inference alone. Cases that train are [training].
fovea_shader_table(sources ${CMAKE_CURRENT_BINARY_DIR}/inference_tests_table.cpp OFF "cpu;gpu")
list(POP_FRONT sources table)
add_executable(fovea_inference_tests ${table} $<TARGET_OBJECTS:fovea_tests>)
target_include_directories(fovea_inference_tests PRIVATE engine/include)
target_link_libraries(fovea_inference_tests PRIVATE fovea_inside fovea_viz Catch2::Catch2WithMain)
add_dependencies(fovea_tests inference inference_gpu)
foreach(source ${test_sources})
  if(source MATCHES "/tests/(decode/.*|models/(bahdanau|bert|gpt2|seq2seq_golden|translator|vit_golden))_test\\.cpp$")
    cmake_path(GET source STEM stem)
    fovea_inference_test(${stem} FOVEA_VALIDATION=1 $<TARGET_FILE:fovea_inference_tests> "-#" "[#${stem}]~[training]")
    set_tests_properties(inference.${stem} PROPERTIES SKIP_RETURN_CODE 4)
  endif()
endforeach()
