# Writes wasm_kernels.cpp: the text of every kernel with Wasm SIMD. A kernel stands behind those it calls.
set(names simd strip ring gemm_f32 conv2d_f32_simd gemm_i8 conv2d_i8_simd fully_connected_i8_simd depthwise_f32_simd
    depthwise_i8_simd add_i8_simd binary_f32_simd pool_simd global_pool_i8_simd global_pool_f32_simd quantize_simd swap_axes)
set(entries "")
foreach(name IN LISTS names)
  file(READ ${FOLDER}/${name}.c text)
  string(APPEND entries "    {\"${name}\", R\"KERNEL(${text})KERNEL\"},\n")
endforeach()
file(WRITE ${OUTPUT} "#include \"compiler/model/emit_wasm/operators.h\"\n\nnamespace pipit::model::wasm {\n
std::span<const CKernel> kernels() {\n  static constexpr CKernel kAll[] = {\n${entries}  };\n  return kAll;\n}\n
}  // namespace pipit::model::wasm\n")
