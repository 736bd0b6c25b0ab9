# Everything dpml builds on, all from Debian 12 packages (scripts/install_packages.sh names them).

find_package(OpenMP REQUIRED COMPONENTS CXX)
find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
find_package(ZLIB REQUIRED)
find_package(HDF5 REQUIRED COMPONENTS C)
find_package(Protobuf REQUIRED)
find_package(CLI11 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(libzip REQUIRED IMPORTED_TARGET GLOBAL libzip)  # Debian's CMake files of it want its programs, too
if(DPML_TESTS)
  find_package(GTest REQUIRED)
endif()
if(DPML_BENCH)
  find_package(benchmark REQUIRED)
endif()

if(NOT DPML_KERNELS MATCHES "^(own|onednn|openblas|eigen)$")
  message(FATAL_ERROR "DPML_KERNELS is \"${DPML_KERNELS}\"; expected own, onednn, openblas or eigen")
endif()
if(NOT DPML_THREADS MATCHES "^(openmp|pool)$")
  message(FATAL_ERROR "DPML_THREADS is \"${DPML_THREADS}\"; expected openmp or pool")
endif()

find_program(DPML_CCACHE ccache)
if(DPML_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # The sloppiness is what ccache asks for when precompiled headers are in use.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${DPML_CCACHE})
  add_compile_options($<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
endif()
