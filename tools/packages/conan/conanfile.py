"""Fovea as a Conan package of this tree:  conan create tools/packages/conan

The packages that Fovea is made of are those of the system, see vcpkg.json; nothing is fetched.
"""
import re
from pathlib import Path

from conan import ConanFile
from conan.tools.cmake import CMake, CMakeToolchain, cmake_layout
from conan.tools.files import copy


class Fovea(ConanFile):
    name = "fovea"
    license = "MIT"
    description = "Attention models on any GPU through Vulkan compute"
    settings = "os", "arch", "compiler", "build_type"
    options = {"shared": [True, False], "viz": [True, False], "training": [True, False]}
    default_options = {"shared": False, "viz": False, "training": True}
    tree = Path(__file__).resolve().parents[3]

    def set_version(self):
        header = (self.tree / "engine/include/fovea/version.h").read_text()
        self.version = ".".join(re.findall(r"^#define FOVEA_VERSION_[A-Z]+ (\d+)$", header, re.M))

    def export_sources(self):
        for pattern in ("CMakeLists.txt", "LICENSE", "engine/*", "shaders/*", "tools/cmake/*", ".deps/vulkan/*"):
            copy(self, pattern, self.tree, self.export_sources_folder)

    def layout(self):
        cmake_layout(self)

    def generate(self):
        toolchain = CMakeToolchain(self)
        toolchain.user_presets_path = False
        toolchain.cache_variables.update({
            "FOVEA_TESTS": False, "FOVEA_PROGRAMS": False, "FOVEA_VIZ": bool(self.options.viz),
            "FOVEA_TRAINING": bool(self.options.training),
            "FETCHCONTENT_FULLY_DISCONNECTED": True})
        toolchain.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        CMake(self).install(component="fovea")

    def package_info(self):
        # find_package(fovea) finds fovea-config.cmake as it was installed.
        self.cpp_info.set_property("cmake_find_mode", "none")
        self.cpp_info.builddirs = ["lib/cmake/fovea"]
        self.cpp_info.libs = (["fovea_viz"] if self.options.viz else []) + ["fovea"]
        if not self.options.shared:
            self.cpp_info.defines = ["FOVEA_STATIC"]
            trainer = ["sentencepiece_train"] if self.options.training else []
            self.cpp_info.system_libs = [*trainer, "sentencepiece", "zstd", "pthread", "dl"]
        if not self.options.training:
            self.cpp_info.defines.append("FOVEA_INFERENCE_ONLY")
