// The meaning of products with activations rounded to 8 bits.
#include "reference.h"

// Where the parts of a row of fk_codes are.
typedef struct {
  const int8_t *codes;
  const float *scales;
  const int32_t *sums;  // per 16 columns
} code_row;

static code_row row_of(const fk_codes *x, size_t t) {
  const uint8_t *row = x->rows + t * x->stride;
  size_t groups = x->columns / FK_CODE_GROUP;
  const uint8_t *tail = row + x->columns;
  return (code_row){(const int8_t *)row, (const float *)tail, (const int32_t *)(tail + 12 * groups)};
}

void fk_reference_encode_codes(uint8_t *row, const float *x, size_t columns, size_t begin, size_t end) {
  size_t groups = columns / FK_CODE_GROUP;
  int8_t *codes = (int8_t *)row + begin;
  float *scales = (float *)(row + columns);
  int32_t *sums8 = (int32_t *)(scales + groups), *sums128 = sums8 + groups, *sums = sums128 + groups;
  x += begin;
  for (size_t g = begin / FK_CODE_GROUP; g < end / FK_CODE_GROUP; g++, x += FK_CODE_GROUP, codes += FK_CODE_GROUP) {
    float largest = 0;
    for (size_t k = 0; k < FK_CODE_GROUP; k++) largest = fabsf(x[k]) <= largest ? largest : fabsf(x[k]);
    float trouble = largest - largest;  // zero unless something is infinite or not a number
    float factor = largest > 0 ? 127.0f / largest : 0;
    scales[g] = largest / 127.0f + trouble;
    int32_t halves[2] = {0, 0};
    for (size_t k = 0; k < FK_CODE_GROUP; k++) {
      float code = x[k] * factor;
      codes[k] = code == code ? (int8_t)rintf(code) : 0;
      halves[k / 16] += codes[k];
    }
    sums[2 * g] = halves[0];
    sums[2 * g + 1] = halves[1];
    sums8[g] = -8 * (halves[0] + halves[1]);
    sums128[g] = -128 * (halves[0] + halves[1]);
  }
}

// One group of up to 32 columns of one row of weights.
typedef struct {
  int8_t codes[FK_CODE_GROUP];
  float scale, minimum;
} weight_group;

static weight_group panel_group(const fk_matrix *w, size_t n, size_t g) {
  weight_group group = {.minimum = 0};
  int is4 = w->dtype == FK_Q4_PANEL;
  size_t bits = is4 ? 4 : 8, lane = n % FK_LANES;
  const uint8_t *panel = (const uint8_t *)w->data + n / FK_LANES * fk_panel_bytes(w->dtype, w->cols);
  const uint8_t *codes = panel + fk_panel_codes(bits, g) + lane * 4;
  for (size_t k = 0; k < FK_CODE_GROUP; k++) {
    if (is4) {
      uint8_t pair = codes[k % 16 / 4 * 64 + k % 4];
      group.codes[k] = (int8_t)((k < 16 ? pair & 0xF : pair >> 4) - 8);
    } else {
      group.codes[k] = (int8_t)(codes[k / 4 * 64 + k % 4] - 128);
    }
  }
  uint16_t half;
  memcpy(&half, panel + fk_panel_scales(bits, g) + lane * 2, 2);
  group.scale = fk_decode_f16(half);
  return group;
}

static float panel_dot(const fk_matrix *w, size_t n, code_row x) {
  float sum = 0;
  for (size_t g = 0; g < w->cols / FK_CODE_GROUP; g++) {
    weight_group group = panel_group(w, n, g);
    int32_t product = 0;
    for (size_t k = 0; k < FK_CODE_GROUP; k++) product += group.codes[k] * x.codes[g * FK_CODE_GROUP + k];
    sum = fmaf((float)product, group.scale * x.scales[g], sum);
  }
  return sum;
}

static float block_dot(const fk_matrix *w, size_t n, code_row x) {
  fk_block_format format = fk_block_format_of(w->dtype);
  const uint8_t *block = (const uint8_t *)w->data + n * (w->cols / format.columns) * format.bytes;
  int8_t codes[256];
  float scales[16], minimums[16], sum = 0;
  for (size_t k = 0; k < w->cols; k += format.columns, block += format.bytes) {
    fk_expand_block(w->dtype, block, codes, scales, minimums);
    for (size_t g = 0; g < format.columns; g += format.group) {
      int32_t product = 0, total = 0;
      for (size_t j = g; j < g + format.group; j++) product += codes[j] * x.codes[k + j];
      for (size_t j = g; j < g + format.group; j += 16) total += x.sums[(k + j) / 16];
      float scale = x.scales[(k + g) / FK_CODE_GROUP];
      sum = fmaf((float)product, scales[g / format.group] * scale, sum);
      if (format.has_minimum) sum = fmaf(minimums[g / format.group], (float)total * scale, sum);
    }
  }
  return sum;
}

void fk_reference_matmul_codes(float *y, size_t y_stride, const fk_codes *x, size_t tokens, const fk_matrix *w,
                               size_t row_begin, size_t row_end) {
  int is_panel = w->dtype == FK_Q4_PANEL || w->dtype == FK_Q8_PANEL;
  for (size_t t = 0; t < tokens; t++)
    for (size_t n = row_begin; n < row_end; n++)
      y[t * y_stride + n] = is_panel ? panel_dot(w, n, row_of(x, t)) : block_dot(w, n, row_of(x, t));
}
