# How every target of dpml is compiled, and the two shapes a target comes in: a room and a room's tests.

add_library(dpml_compile_options INTERFACE)
# One build for all processors, with the same bits on each: no contraction to fused multiply-adds but where the source
# says so; hot loops choose their instructions when they run (include/dpml/base/vectorised.h). The other two flags change
# no bit and let compilers vectorise.
target_compile_options(dpml_compile_options INTERFACE -Wall -Wextra -Wconversion -Werror -fopenmp-simd
  -ffp-contract=off -fno-math-errno -fno-trapping-math
  -Wno-missing-field-initializers  # designated initialisers name what is stated; the rest has defaults
  $<$<CXX_COMPILER_ID:Clang>:-Wno-pass-failed>  # a loop that clang does not vectorise is slower, not wrong
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict -Wno-stringop-overflow>)  # false alarms inside std::string in gcc 12 (GCC bug 105651)
if(DPML_SANITIZE)
  target_compile_options(dpml_compile_options INTERFACE -fsanitize=${DPML_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(dpml_compile_options INTERFACE -fsanitize=${DPML_SANITIZE})
endif()
if(DPML_FUZZ)
  target_compile_options(dpml_compile_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

# dpml_room(name SOURCES ... [USES rooms...] [LIBRARIES private libraries...])
# One static library per folder of src/. USES are the rooms whose public headers it may include.
function(dpml_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;USES;LIBRARIES" ${ARGN})
  add_library(dpml_${name} STATIC ${ROOM_SOURCES})
  add_library(dpml::${name} ALIAS dpml_${name})
  set_target_properties(dpml_${name} PROPERTIES EXPORT_NAME ${name})
  target_compile_features(dpml_${name} PUBLIC cxx_std_20)
  target_include_directories(dpml_${name} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(dpml_${name} PRIVATE $<BUILD_INTERFACE:dpml_compile_options> ${ROOM_LIBRARIES})
  foreach(used ${ROOM_USES})
    target_link_libraries(dpml_${name} PUBLIC dpml_${used})
  endforeach()
  set_property(GLOBAL APPEND PROPERTY DPML_ROOMS dpml_${name})
endfunction()

# dpml_schema(variable name): the C++ code of proto/dpml/<name>.proto, to be listed among a room's sources. It is known as
# dpml/<name>.proto, so that programs that embed dpml may have a <name>.proto of their own.
function(dpml_schema variable name)
  set(schema ${PROJECT_SOURCE_DIR}/proto/dpml/${name}.proto)
  set(generated ${CMAKE_CURRENT_BINARY_DIR}/dpml/${name}.pb.cc ${CMAKE_CURRENT_BINARY_DIR}/dpml/${name}.pb.h)
  add_custom_command(OUTPUT ${generated}
    COMMAND protobuf::protoc -I ${PROJECT_SOURCE_DIR}/proto --cpp_out=${CMAKE_CURRENT_BINARY_DIR} ${schema}
    DEPENDS ${schema} protobuf::protoc
    COMMENT "Generating code of ${schema}")
  set_source_files_properties(${generated} PROPERTIES COMPILE_OPTIONS -w)  # not ours to keep free of warnings
  set(${variable} ${generated} PARENT_SCOPE)
endfunction()

# Threads of OpenMP spin while they wait unless told otherwise before a program starts (tools/main.cpp).
set(DPML_TEST_ENVIRONMENT OMP_WAIT_POLICY=passive)

# dpml_test(name SOURCES ... USES rooms... [LIBRARIES ...] [EVERY_INSTRUCTION_SET] [SLOW]): one test program, run by ctest
# under its own name; with EVERY_INSTRUCTION_SET once more for each narrower set, as name_avx2 and name_plain, which
# scripts/test.sh quick leaves out as it does SLOW ones.
function(dpml_test name)
  cmake_parse_arguments(TEST "EVERY_INSTRUCTION_SET;SLOW" "" "SOURCES;USES;LIBRARIES" ${ARGN})
  add_executable(${name}_test ${TEST_SOURCES})
  target_include_directories(${name}_test PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_link_libraries(${name}_test PRIVATE dpml_compile_options GTest::gtest_main ${TEST_LIBRARIES})
  foreach(used ${TEST_USES})
    target_link_libraries(${name}_test PRIVATE dpml_${used})
  endforeach()
  target_precompile_headers(${name}_test PRIVATE <gtest/gtest.h> <cmath> <string> <vector>)
  target_compile_definitions(${name}_test PRIVATE DPML_TEST_DATA="${PROJECT_SOURCE_DIR}/tests")
  add_test(NAME ${name} COMMAND ${name}_test)
  set_tests_properties(${name} PROPERTIES ENVIRONMENT "${DPML_TEST_ENVIRONMENT}")
  if(TEST_EVERY_INSTRUCTION_SET)
    foreach(set avx2 plain)
      add_test(NAME ${name}_${set} COMMAND ${name}_test)
      set_tests_properties(${name}_${set} PROPERTIES ENVIRONMENT "${DPML_TEST_ENVIRONMENT};DPML_INSTRUCTIONS=${set}"
        SKIP_REGULAR_EXPRESSION "DPML_INSTRUCTIONS asks for ${set}, but this processor" LABELS slow)
    endforeach()
  endif()
  if(TEST_SLOW)
    set_tests_properties(${name} PROPERTIES LABELS slow)
  endif()
endfunction()
