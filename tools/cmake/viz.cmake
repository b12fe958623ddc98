# fovea_viz: figures, pages and image files, with the packages that only they need.
find_package(PkgConfig REQUIRED)
set(FOVEA_TEXT_PACKAGES freetype2 harfbuzz>=4 fribidi>=1 fontconfig)
pkg_check_modules(FOVEA_TEXT REQUIRED IMPORTED_TARGET ${FOVEA_TEXT_PACKAGES})
add_library(fovea_viz_packages INTERFACE)
target_link_libraries(fovea_viz_packages INTERFACE PkgConfig::FOVEA_TEXT)
if(NOT MSVC AND NOT APPLE)
  target_link_options(fovea_viz_packages INTERFACE LINKER:--as-needed)  # a sample that draws nothing carries no fonts
endif()

set(FOVEA_PAGE_TABLE ${CMAKE_CURRENT_BINARY_DIR}/page_table.cpp)
file(GLOB page_files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/engine/viz/page/*)
set(embed_page ${CMAKE_CURRENT_LIST_DIR}/embed_page.cmake)
add_custom_command(
  OUTPUT ${FOVEA_PAGE_TABLE}
  COMMAND ${CMAKE_COMMAND} "-DFILES=${page_files}" -DOUTPUT=${FOVEA_PAGE_TABLE} -P ${embed_page}
  DEPENDS ${page_files} ${embed_page} COMMENT "Embedding the page" VERBATIM)

file(GLOB viz_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/engine/viz/*.cpp)
add_library(fovea_viz ${viz_sources} ${FOVEA_PAGE_TABLE})
add_library(fovea::viz ALIAS fovea_viz)
fovea_public_library(fovea_viz viz)
set_target_properties(fovea_viz PROPERTIES INSTALL_RPATH $<$<BOOL:${has_elf}>:$ORIGIN>)
target_include_directories(fovea_viz PRIVATE engine ${PROJECT_SOURCE_DIR})
target_link_libraries(fovea_viz PUBLIC fovea
                      PRIVATE $<BUILD_INTERFACE:fovea_packages> $<BUILD_INTERFACE:fovea_viz_packages>)
if(BUILD_SHARED_LIBS)
  target_link_libraries(fovea_viz PRIVATE $<BUILD_INTERFACE:$<LINK_ONLY:fovea_static>>)
endif()
