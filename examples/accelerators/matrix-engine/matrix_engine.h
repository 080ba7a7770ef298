/* The register map of the matrix engine, shared by its driver and by its model in the test rig.
 *
 * The engine computes one int8 convolution: it reads windows of an NHWC image by itself, multiplies them with
 * OHWI weights and writes requantised int8 results, as nn/format.h defines conv2d. A fully connected layer is
 * a convolution of one pixel. Little-endian, 32 bits a register, addresses in two registers, low half first.
 */
#ifndef MATRIX_ENGINE_H
#define MATRIX_ENGINE_H

#include <stdint.h>

#define MATRIX_ENGINE_ID 0x31584D50u /* "PMX1" */

enum matrix_engine_status { MATRIX_ENGINE_IDLE = 0, MATRIX_ENGINE_BUSY = 1, MATRIX_ENGINE_FAULT = 2 };

/* Numbers of the registers. */
enum matrix_engine_register {
  MATRIX_ENGINE_REG_ID = 0, /* MATRIX_ENGINE_ID */
  MATRIX_ENGINE_REG_START,  /* 1 starts; the engine writes 0 when it has seen it */
  MATRIX_ENGINE_REG_STATUS, /* enum matrix_engine_status */
  MATRIX_ENGINE_REG_INPUT,  /* int8 image [h][w][c] */
  MATRIX_ENGINE_REG_WEIGHTS = MATRIX_ENGINE_REG_INPUT + 2,  /* int8 [out_c][kernel_h][kernel_w][c] */
  MATRIX_ENGINE_REG_BIAS = MATRIX_ENGINE_REG_WEIGHTS + 2,   /* int32 [out_c] */
  MATRIX_ENGINE_REG_FACTORS = MATRIX_ENGINE_REG_BIAS + 2,   /* int32 [out_c][2]: multiplier, shift */
  MATRIX_ENGINE_REG_OUTPUT = MATRIX_ENGINE_REG_FACTORS + 2, /* int8 [out_h][out_w][out_c] */
  MATRIX_ENGINE_REG_IN_H = MATRIX_ENGINE_REG_OUTPUT + 2,
  MATRIX_ENGINE_REG_IN_W,
  MATRIX_ENGINE_REG_IN_C,
  MATRIX_ENGINE_REG_OUT_H,
  MATRIX_ENGINE_REG_OUT_W,
  MATRIX_ENGINE_REG_OUT_C,
  MATRIX_ENGINE_REG_KERNEL_H,
  MATRIX_ENGINE_REG_KERNEL_W,
  MATRIX_ENGINE_REG_STRIDE_H,
  MATRIX_ENGINE_REG_STRIDE_W,
  MATRIX_ENGINE_REG_DILATION_H,
  MATRIX_ENGINE_REG_DILATION_W,
  MATRIX_ENGINE_REG_PAD_TOP,
  MATRIX_ENGINE_REG_PAD_LEFT,
  MATRIX_ENGINE_REG_PAD_VALUE,  /* the input's zero point */
  MATRIX_ENGINE_REG_ZERO_POINT, /* the output's */
  MATRIX_ENGINE_REG_LOW,        /* bounds of the fused activation */
  MATRIX_ENGINE_REG_HIGH,
  MATRIX_ENGINE_REG_MACS_LOW, /* multiply-accumulates done since power-on, read only */
  MATRIX_ENGINE_REG_MACS_HIGH,
  MATRIX_ENGINE_REGISTERS
};

#endif
