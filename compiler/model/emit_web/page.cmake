# Writes web_page.cpp: the text of the page's files.
set(entries "")
foreach(name index.html style.css classify.js)
  file(READ ${FOLDER}/${name} text)
  string(APPEND entries "    {\"${name}\", R\"PAGEFILE(${text})PAGEFILE\"},\n")
endforeach()
file(WRITE ${OUTPUT} "#include \"compiler/model/emit_web/page.h\"\n\nnamespace pipit::model {\n
std::span<const PageFile> page_files() {\n  static constexpr PageFile kAll[] = {\n${entries}  };\n  return kAll;\n}\n
}  // namespace pipit::model\n")
