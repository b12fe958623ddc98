# Writes fovea_prefix.h, which gives volk's and VulkanMemoryAllocator's names a prefix of Fovea's: a program that has
# its own volk, its own VulkanMemoryAllocator of whatever version, or prototypes of Vulkan links beside Fovea. A file
# that includes one of the two is compiled with FOVEA_PREFIX, which includes the header in front of it.
# volk is compiled inside Fovea, so its headers are enough; it opens the Vulkan loader at run time, so no program links
# libvulkan.
function(fovea_find_header result header)  # further arguments: targets that may have it
  set(folders)
  foreach(target ${ARGN})
    if(TARGET ${target})
      get_target_property(of_target ${target} INTERFACE_INCLUDE_DIRECTORIES)
      list(APPEND folders ${of_target})
    endif()
  endforeach()
  foreach(folder ${folders})
    string(REGEX REPLACE "^\\$<[A-Z_]+:(.*)>$" "\\1" folder ${folder})
    if(EXISTS ${folder}/${header})
      set(${result} ${folder}/${header} PARENT_SCOPE)
      return()
    endif()
  endforeach()
  message(FATAL_ERROR "no ${header} in ${folders}")
endfunction()

fovea_find_header(volk_header volk.h volk::volk_headers volk::volk)
fovea_find_header(vma_header vk_mem_alloc.h GPUOpen::VulkanMemoryAllocator)
cmake_path(GET volk_header PARENT_PATH volk_folder)
target_include_directories(fovea_packages SYSTEM INTERFACE ${volk_folder})
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${volk_header} ${vma_header})

# Variables and functions of volk; functions, classes and types of VMA, whose names are part of its symbols' names.
file(READ ${volk_header} text)
string(REGEX MATCHALL "[ *](vk[A-Z]|volk)[A-Za-z0-9]+" names "${text}")
list(TRANSFORM names REPLACE "[ *]" "")
file(READ ${vma_header} text)
string(REGEX MATCHALL "[Vv]ma[A-Z][A-Za-z0-9_]*" of_vma "${text}")
string(REGEX MATCHALL "# *define +[Vv]ma[A-Z][A-Za-z0-9_]*" macros "${text}")
list(TRANSFORM macros REPLACE "# *define +" "")
string(REGEX MATCHALL "\n(struct|class) [A-Z][a-z][A-Za-z0-9_]*" classes "${text}")
list(TRANSFORM classes REPLACE "\n(struct|class) " "")
list(APPEND names ${of_vma} ${classes})
list(REMOVE_ITEM names "" ${macros})
list(REMOVE_DUPLICATES names)
list(SORT names)
list(TRANSFORM names REPLACE "(.+)" "#define \\1 fovea_\\1\n" OUTPUT_VARIABLE defines)
list(JOIN defines "" defines)

set(prefix_header ${CMAKE_CURRENT_BINARY_DIR}/fovea_prefix.h)
file(CONFIGURE OUTPUT ${prefix_header} CONTENT "// Made by prefix.cmake.\n@defines@" @ONLY)
if(MSVC)
  set(FOVEA_PREFIX "/FI${prefix_header}")
else()
  set(FOVEA_PREFIX "SHELL:-include \"${prefix_header}\"")
endif()
