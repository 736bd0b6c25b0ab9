# Everything dpml builds on, all from Debian 12 packages (scripts/install_packages.sh names them).

find_package(OpenMP REQUIRED COMPONENTS CXX)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
find_package(ZLIB REQUIRED)
find_package(HDF5 REQUIRED COMPONENTS C)
find_package(Protobuf REQUIRED)
find_package(CLI11 REQUIRED)
find_package(nlohmann_json REQUIRED)
if(DPML_TESTS)
  find_package(GTest REQUIRED)
endif()
if(DPML_BENCH)
  find_package(benchmark REQUIRED)
endif()

if(NOT DPML_KERNELS MATCHES "^(onednn|openblas|eigen)$")
  message(FATAL_ERROR "DPML_KERNELS is \"${DPML_KERNELS}\"; expected onednn, openblas or eigen")
endif()

find_program(DPML_CCACHE ccache)
if(DPML_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # The sloppiness is what ccache asks for when precompiled headers are in use.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${DPML_CCACHE})
  add_compile_options($<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
endif()
