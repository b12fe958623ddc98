# An overlay port of this tree: vcpkg install fovea --overlay-ports=tools/packages/vcpkg
set(SOURCE_PATH "${CURRENT_PORT_DIR}/../../../..")
vcpkg_check_features(OUT_FEATURE_OPTIONS features FEATURES viz FOVEA_VIZ training FOVEA_TRAINING)
vcpkg_cmake_configure(
  SOURCE_PATH "${SOURCE_PATH}"
  OPTIONS ${features} -DFOVEA_TESTS=OFF -DFOVEA_PROGRAMS=OFF -DFETCHCONTENT_FULLY_DISCONNECTED=ON
          "-DFOVEA_GLSLANG=${CURRENT_HOST_INSTALLED_DIR}/tools/glslang/glslang${VCPKG_HOST_EXECUTABLE_SUFFIX}"
          "-DFOVEA_SPIRV_OPT=${CURRENT_HOST_INSTALLED_DIR}/tools/spirv-tools/spirv-opt${VCPKG_HOST_EXECUTABLE_SUFFIX}"
          "-DFOVEA_SPIRV_VAL=${CURRENT_HOST_INSTALLED_DIR}/tools/spirv-tools/spirv-val${VCPKG_HOST_EXECUTABLE_SUFFIX}"
          "-DFOVEA_ZSTD=${CURRENT_HOST_INSTALLED_DIR}/tools/zstd/zstd${VCPKG_HOST_EXECUTABLE_SUFFIX}")
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(CONFIG_PATH lib/cmake/fovea)
vcpkg_fixup_pkgconfig()
file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/debug/include" "${CURRENT_PACKAGES_DIR}/debug/share"
                    "${CURRENT_PACKAGES_DIR}/share/doc")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
