# pipit_operator_table(RESULT folder…): sources of the folders' operators and of the table that lists them. Every folder
# defines the same symbol, which therefore gets a number.
function(pipit_operator_table result)
  set(sources "")
  set(declarations "")
  set(entries "")
  set(number 0)
  foreach(folder IN LISTS ARGN)
    get_filename_component(folder ${folder} ABSOLUTE BASE_DIR ${PIPIT_SOURCE_DIR})
    file(GLOB files CONFIGURE_DEPENDS ${folder}/*.c)
    if(NOT files)
      message(FATAL_ERROR "${folder}: no C file of an operator")
    endif()
    set(entry pipit_operator_entry_${number})
    set_source_files_properties(${files} PROPERTIES
      COMPILE_OPTIONS "-std=c99;-I${PIPIT_SOURCE_DIR}/nn/include;-Dpipit_operator_entry=${entry}")
    list(APPEND sources ${files})
    string(APPEND declarations "extern \"C\" const pipit_operator ${entry};\n")
    string(APPEND entries "&${entry}, ")
    math(EXPR number "${number} + 1")
  endforeach()
  set(table ${CMAKE_CURRENT_BINARY_DIR}/custom_table.cpp)
  file(CONFIGURE OUTPUT ${table} @ONLY CONTENT "#include \"nn/custom/custom.h\"
@declarations@namespace pipit::nn {
std::span<const pipit_operator* const> custom_operators() {
  static constexpr const pipit_operator* kAll[] = {@entries@};
  return kAll;
}
}  // namespace pipit::nn
")
  set(${result} ${sources} ${table} PARENT_SCOPE)
endfunction()
