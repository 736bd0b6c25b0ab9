# The installed package: find_package(dpml), then link dpml::dpml, or one room of it such as dpml::accounting.

include(CMakePackageConfigHelpers)

get_property(rooms GLOBAL PROPERTY DPML_ROOMS)
install(TARGETS ${rooms} dpml EXPORT dpml-targets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/dpml DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT dpml-targets NAMESPACE dpml:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/dpml)
if(DPML_TOOLS)
  install(TARGETS dpml_tool RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  # Who builds the command alone, as scripts/demo.sh does, can install all of it.
  add_dependencies(dpml_tool ${rooms})
endif()

configure_package_config_file(cmake/dpml-config.cmake.in dpml-config.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/dpml)
write_basic_package_version_file(dpml-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/dpml-config.cmake ${PROJECT_BINARY_DIR}/dpml-config-version.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/dpml)
