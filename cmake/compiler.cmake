# Warnings are errors: a dropped Status must not compile.
add_compile_options(-Wall -Wextra -Wno-missing-field-initializers -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  add_compile_options(-Wthread-safety)
else()
  # False positives of g++ 12 in std::string and std::variant at -O2.
  add_compile_options(-Wno-restrict -Wno-maybe-uninitialized -Wno-stringop-overflow -Wno-array-bounds)
endif()

if(DRIFT_SANITIZE)
  add_compile_options(-fsanitize=${DRIFT_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${DRIFT_SANITIZE})
  if(DRIFT_SANITIZE STREQUAL "thread" AND NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    # Asio's fences, which the thread sanitizer does not see.
    add_compile_options(-Wno-tsan)
  endif()
endif()

find_program(DRIFT_MOLD mold)
if(DRIFT_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

find_program(DRIFT_CCACHE ccache)
if(DRIFT_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_NOHASHDIR=1 ${DRIFT_CCACHE})
endif()
