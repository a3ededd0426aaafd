# SPDX-License-Identifier: Apache-2.0
# One interface target holds the warnings and the hardening; every target of ours links it PRIVATE.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

option(MOHR_WERROR "Treat warnings as errors" OFF)
set(MOHR_SANITIZE "" CACHE STRING "Sanitizers of this build: address;undefined, or thread")

find_program(MOHR_CCACHE ccache)
if(MOHR_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${MOHR_CCACHE})
endif()

# -Wnon-virtual-dtor is left out: boost::system::error_category has a protected-in-spirit public one, and every folder
# derives from it; -Wall has -Wdelete-non-virtual-dtor, which finds the real mistakes.
add_library(mohr_options INTERFACE)
target_compile_options(mohr_options INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wold-style-cast
  -fstack-protector-strong -fstack-clash-protection)
target_compile_definitions(mohr_options INTERFACE
  OPENSSL_API_COMPAT=30000 OPENSSL_NO_DEPRECATED
  $<$<CONFIG:Debug>:_GLIBCXX_ASSERTIONS>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(mohr_options INTERFACE -Wno-tsan)
endif()
if(MOHR_WERROR)
  target_compile_options(mohr_options INTERFACE -Werror)
endif()
target_link_options(mohr_options INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack)

if(MOHR_SANITIZE)
  list(JOIN MOHR_SANITIZE "," mohr_sanitize)
  add_compile_options(-fsanitize=${mohr_sanitize} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${mohr_sanitize})
  add_compile_definitions(MOHR_SANITIZED=1)
  # GCC's flow analysis takes the sanitizers' own branches for paths on which an empty std::optional is read.
  target_compile_options(mohr_options INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
else()
  target_compile_options(mohr_options INTERFACE $<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE>
                                                $<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=2>)
endif()

include(CheckPIESupported)
check_pie_supported()

# mohr_library(NAME SOURCES ... DEPENDS ... PRIVATE_DEPENDS ...): a static library mohr_NAME, alias mohr::NAME, whose
# public headers are in include/ and whose private ones in src/.
function(mohr_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;PRIVATE_DEPENDS" ${ARGN})
  add_library(mohr_${name} STATIC ${ARG_SOURCES})
  add_library(mohr::${name} ALIAS mohr_${name})
  target_include_directories(mohr_${name} PUBLIC include PRIVATE src)
  target_link_libraries(mohr_${name} PUBLIC ${ARG_DEPENDS} PRIVATE mohr_options ${ARG_PRIVATE_DEPENDS})
endfunction()
