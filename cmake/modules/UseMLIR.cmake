# Finds MLIR and brings its CMake functions, set up for a tree outside of it.

list(APPEND CMAKE_PREFIX_PATH /usr/lib/llvm-22)
find_package(MLIR 22.1 REQUIRED CONFIG) # its version file wants major.minor
set(LLVM_RUNTIME_OUTPUT_INTDIR ${CMAKE_BINARY_DIR}/bin)
set(LLVM_LIBRARY_OUTPUT_INTDIR ${CMAKE_BINARY_DIR}/lib)
set(LLVM_EXTERNAL_LIT ${LLVM_TOOLS_BINARY_DIR}/lit CACHE FILEPATH "The lit that runs test/")
set(MLIR_LINK_MLIR_DYLIB ON)
# add_mlir_doc writes to ${MLIR_BINARY_DIR}/docs.
set(MLIR_BINARY_DIR ${CMAKE_BINARY_DIR})
set(LLVM_ENABLE_ASSERTIONS ${RAREFY_ENABLE_ASSERTIONS})
list(APPEND CMAKE_MODULE_PATH ${MLIR_CMAKE_DIR} ${LLVM_CMAKE_DIR})
include(TableGen)
include(AddLLVM)
include(AddMLIR)
include(HandleLLVMOptions)
# g++ 12 sees overlapping copies in "literal" + std::string (its bug 105651).
add_compile_options($<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-restrict>)
include_directories(SYSTEM ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})
