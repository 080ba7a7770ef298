# Writes kernels.cpp: the text of every C kernel, those here and those that the engine runs too. A kernel stands behind those
# it calls, hence the order. ..._dsp are for processors with the DSP extension of Armv7E-M.
set(names window within fixed_point rescale_twice dsp halves_dsp requantize_dsp dot_dsp layer_i8_dsp dot_pixels_dsp conv2d_patch_dsp conv2d_i8_dsp
    depthwise_lines_dsp depthwise_3x3_i8_dsp fully_connected_i8_dsp dot_i8 layer_i8 bounded dot_f32 quantize_value exp_negative conv2d_i8
    depthwise_conv2d_i8 depthwise_3x3_i8 fully_connected_i8 conv2d_f32 depthwise_conv2d_f32 fully_connected_f32 max_pool2d average_pool2d global_average_pool_i8
    global_average_pool_f32 clamp_i8 clamp_f32 add_i8 add_f32 mul_i8 mul_f32 quantize_f32 dequantize_i8 requantize_i8
    softmax_i8 softmax_f32 transpose pad copy_runs sign_flip lookup_i8 dynamic_row dynamic_scale dynamic_quantize dynamic_conv2d
    dynamic_fully_connected conv2d_asymmetric_i8 depthwise_asymmetric_i8 fully_connected_asymmetric_i8
    svdf_f32 svdf_i8 q15 lstm_shape lstm_f32 lstm_i8 requantize_wide quantize_wide rescale_wide dot_wide conv2d_wide transpose_conv2d_wide
    add_wide leaky_relu_wide binary strided half cast elementary_f32 functions_f32 trigonometry_f32 unary_f32 power_f32 power_whole remainder_f32
    local_response_f32 recurrent_f32 sums_f32 matmul einsum reduce log_sum_exp_f32 index_within gather gather_by scatter arg_reduce top_k cumulative_sum
    matrix tile reverse_sequence pad_again windows conv pool resize quantize bits_of audio_window audio_headroom audio_scale_up
    rfft_types rfft_turn rfft_i16 audio_energy audio_filter_bank audio_square_root audio_noise audio_subtract audio_pcan audio_logarithm)
set(entries "")
foreach(name IN LISTS names)
  set(file ${FOLDER}/${name}.c)
  if(NOT EXISTS ${file})
    set(file ${ENGINE}/${name}.c)
  endif()
  file(READ ${file} text)
  string(APPEND entries "    {\"${name}\", R\"KERNEL(${text})KERNEL\"},\n")
endforeach()
file(WRITE ${OUTPUT} "#include \"compiler/model/emit_c/kernels.h\"\n\nnamespace pipit::model {\n
std::span<const CKernel> c_kernels() {\n  static constexpr CKernel kAll[] = {\n${entries}  };\n  return kAll;\n}\n
}  // namespace pipit::model\n")
