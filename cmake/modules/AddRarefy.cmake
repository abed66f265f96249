# Functions that declare Rarefy's libraries and tools.

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # The settings let a precompiled header and a second checkout hit the cache.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE})
endif()

# MLIR's headers dominate compile time; clang reads them from one precompiled
# header. g++'s is slower than none.
function(rarefy_use_pch target)
  if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
    target_compile_options(${target} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
    if(target STREQUAL RarefyPCH)
      target_precompile_headers(${target} PRIVATE ${PROJECT_SOURCE_DIR}/lib/PCH.h)
    else()
      target_precompile_headers(${target} REUSE_FROM RarefyPCH)
    endif()
  endif()
endfunction()

# add_rarefy_library(name sources... [DEPENDS ...] [LINK_LIBS PUBLIC ...])
# A static library over libMLIR.so, exported as Rarefy::name without its prefix.
function(add_rarefy_library name)
  add_mlir_library(${name} ${ARGN} EXCLUDE_FROM_LIBMLIR DISABLE_INSTALL)
  mlir_target_link_libraries(${name} PUBLIC MLIRIR)
  add_dependencies(${name} rarefy-headers)
  rarefy_use_pch(${name})
  set_property(GLOBAL APPEND PROPERTY RAREFY_LIBRARIES ${name})
endfunction()

# add_rarefy_tool(name sources... LIBS library...)
function(add_rarefy_tool name)
  cmake_parse_arguments(ARG "" "" "LIBS" ${ARGN})
  add_llvm_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  add_dependencies(${name} rarefy-headers)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tools)
  target_compile_definitions(${name} PRIVATE RAREFY_VERSION="${PROJECT_VERSION}")
  target_link_libraries(${name} PRIVATE ${ARG_LIBS})
  mlir_target_link_libraries(${name} PRIVATE MLIRIR)
  set_property(GLOBAL APPEND PROPERTY RAREFY_TOOLS ${name})
endfunction()
