# drift_library(NAME SOURCES a.cc ... [DEPS targets...])
# One static library per module, linked along the arrows that docs/ARCHITECTURE.md draws.
function(drift_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  add_library(drift_${name} STATIC ${ARG_SOURCES})
  target_include_directories(drift_${name} PUBLIC ${PROJECT_SOURCE_DIR}/server)
  target_link_libraries(drift_${name} PUBLIC ${ARG_DEPS})
endfunction()

# The generated headers and nothing else: what clang-tidy needs before it can read a file.
add_custom_target(drift_generated)

# drift_proto_library(NAME ROOT dir PROTOS a.proto ... [GRPC])
# Generates C++ for the protos (paths relative to ROOT); warnings off in generated code.
function(drift_proto_library name)
  cmake_parse_arguments(ARG "GRPC" "ROOT" "PROTOS" ${ARGN})
  set(out ${CMAKE_CURRENT_BINARY_DIR}/gen)
  file(MAKE_DIRECTORY ${out})
  set(sources)
  foreach(proto ${ARG_PROTOS})
    string(REGEX REPLACE "\\.proto$" "" stem ${proto})
    set(outputs ${out}/${stem}.pb.cc ${out}/${stem}.pb.h)
    set(grpc_args)
    if(ARG_GRPC)
      list(APPEND outputs ${out}/${stem}.grpc.pb.cc ${out}/${stem}.grpc.pb.h)
      set(grpc_args --grpc_out=${out} --plugin=protoc-gen-grpc=$<TARGET_FILE:gRPC::grpc_cpp_plugin>)
    endif()
    add_custom_command(
      OUTPUT ${outputs}
      COMMAND protobuf::protoc -I ${ARG_ROOT} --cpp_out=${out} ${grpc_args} ${ARG_ROOT}/${proto}
      DEPENDS ${ARG_ROOT}/${proto}
      VERBATIM)
    list(APPEND sources ${outputs})
  endforeach()
  add_custom_target(drift_${name}_generated DEPENDS ${sources})
  add_dependencies(drift_generated drift_${name}_generated)
  add_library(drift_${name} STATIC ${sources})
  add_dependencies(drift_${name} drift_${name}_generated)
  target_include_directories(drift_${name} SYSTEM PUBLIC ${out})
  target_compile_options(drift_${name} PRIVATE -w)
  # Generated files define the same names.
  set_target_properties(drift_${name} PROPERTIES UNITY_BUILD OFF)
  target_link_libraries(drift_${name} PUBLIC protobuf::libprotobuf)
  if(ARG_GRPC)
    target_link_libraries(drift_${name} PUBLIC gRPC::grpc++)
  endif()
endfunction()

# drift_test(NAME SOURCES a_test.cc ... DEPS targets... [LABELS l...] [TIMEOUT seconds])
# One GoogleTest program; ctest runs it as one test named NAME.
function(drift_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;DEPS;LABELS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS} GTest::gmock GTest::gtest_main)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}")
endfunction()
