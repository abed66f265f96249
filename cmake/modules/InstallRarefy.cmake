# The package that other CMake projects find with find_package(Rarefy): from
# the build tree as from an installed one. Included last, when all is declared.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/Rarefy)
get_property(libraries GLOBAL PROPERTY RAREFY_LIBRARIES)
get_property(tools GLOBAL PROPERTY RAREFY_TOOLS)

foreach(library ${libraries})
  string(REGEX REPLACE "^Rarefy" "" export_name ${library})
  set_target_properties(${library} PROPERTIES EXPORT_NAME ${export_name})
  target_compile_features(${library} INTERFACE cxx_std_20)
  target_include_directories(${library} INTERFACE
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
    $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
endforeach()

# The C API as a shared library, for those who link nothing of MLIR.
set_target_properties(rarefy-c PROPERTIES EXPORT_NAME C)
target_include_directories(rarefy-c INTERFACE
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)

set_target_properties(${tools} rarefy-plugin PROPERTIES INSTALL_RPATH ${LLVM_LIBRARY_DIR})
install(TARGETS ${libraries} rarefy-c EXPORT RarefyTargets)
install(TARGETS ${tools})
install(TARGETS rarefy-plugin LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN "*.h" PATTERN "*.td")
install(DIRECTORY ${PROJECT_BINARY_DIR}/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN "*.inc" PATTERN "CMakeFiles" EXCLUDE)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/configs DESTINATION ${CMAKE_INSTALL_DATADIR}/rarefy)

install(EXPORT RarefyTargets NAMESPACE Rarefy:: DESTINATION ${package_dir})
export(EXPORT RarefyTargets NAMESPACE Rarefy:: FILE ${PROJECT_BINARY_DIR}/lib/cmake/Rarefy/RarefyTargets.cmake)

foreach(destination ${PROJECT_BINARY_DIR}/lib/cmake/Rarefy ${PROJECT_BINARY_DIR}/cmake)
  write_basic_package_version_file(${destination}/RarefyConfigVersion.cmake COMPATIBILITY SameMinorVersion)
endforeach()
# Where the .td files and the tools are, relative to each of the two trees.
set(RAREFY_INCLUDE_DIRS ${PROJECT_SOURCE_DIR}/include ${PROJECT_BINARY_DIR}/include)
set(RAREFY_TOOLS_DIR ${LLVM_RUNTIME_OUTPUT_INTDIR})
configure_file(${CMAKE_CURRENT_LIST_DIR}/RarefyConfig.cmake.in ${PROJECT_BINARY_DIR}/lib/cmake/Rarefy/RarefyConfig.cmake @ONLY)
set(RAREFY_INCLUDE_DIRS "\${CMAKE_CURRENT_LIST_DIR}/../../../${CMAKE_INSTALL_INCLUDEDIR}")
set(RAREFY_TOOLS_DIR "\${CMAKE_CURRENT_LIST_DIR}/../../../${CMAKE_INSTALL_BINDIR}")
configure_file(${CMAKE_CURRENT_LIST_DIR}/RarefyConfig.cmake.in ${PROJECT_BINARY_DIR}/cmake/RarefyConfig.cmake @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/cmake/RarefyConfig.cmake ${PROJECT_BINARY_DIR}/cmake/RarefyConfigVersion.cmake
  DESTINATION ${package_dir})
