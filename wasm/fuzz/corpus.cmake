# Small modules of the official suite as seeds: cmake -DFROM=suite -DTO=folder -P corpus.cmake
file(MAKE_DIRECTORY ${TO})
file(GLOB_RECURSE modules ${FROM}/*.wasm)
foreach(module IN LISTS modules)
  file(SIZE ${module} bytes)
  if(bytes LESS_EQUAL 4096)
    file(COPY ${module} DESTINATION ${TO})
  endif()
endforeach()
