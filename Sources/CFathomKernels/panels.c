// Panels: quantised weights in the order in which the kernels read them.
//
// A panel holds 16 rows. For each block of 32 columns it holds their codes so that 4 neighbouring columns of a row fill a
// 32-bit lane and the 16 rows fill a 64-byte register. The f16 scales of two blocks, 16 rows each, fill the line before their
// codes, so that a panel is read from its beginning to its end. Codes are unsigned: Q4 keeps them as they are (0 ... 15,
// meaning -8 ... 7), columns 4 q + j in the low and 16 + 4 q + j in the high nibbles of register q = 0 ... 3; Q8 adds 128,
// columns 4 g + j in register g = 0 ... 7.
#include "scalar.h"

size_t fk_panel_bytes(fk_dtype dtype, size_t columns) {
  return (columns / 32 + 1) / 2 * (64 + 128 * (dtype == FK_Q4_PANEL ? 4 : 8));
}

size_t fk_codes_stride(size_t columns) { return (columns + columns / 32 * 20 + 63) & ~(size_t)63; }

size_t fk_mixed_stride(size_t value_width) { return (value_width + 15) & ~(size_t)15; }

void fk_pack_panels(uint8_t *panels, fk_dtype panel_dtype, const uint8_t *blocks, size_t rows, size_t columns) {
  size_t is4 = panel_dtype == FK_Q4_PANEL, bits = is4 ? 4 : 8;
  size_t count = columns / 32, block_bytes = is4 ? 18 : 34;
  size_t panel_bytes = fk_panel_bytes(panel_dtype, columns);
  for (size_t n = 0; n < rows; n += FK_LANES) {
    uint8_t *panel = panels + n / FK_LANES * panel_bytes;
    if (count % 2 != 0) memset(panel + fk_panel_scales(bits, count - 1), 0, 64 + 128 * bits);
    for (size_t b = 0; b < count; b++) {
      for (size_t lane = 0; lane < FK_LANES; lane++) {
        // A missing row has codes that mean zero and the scale zero.
        static const uint8_t none[34] = {0};
        const uint8_t *block = n + lane < rows ? blocks + ((n + lane) * count + b) * block_bytes : none;
        memcpy(panel + fk_panel_scales(bits, b) + lane * 2, block, 2);
        uint8_t *codes = panel + fk_panel_codes(bits, b) + lane * 4;
        for (size_t q = 0; q < bits; q++) {
          uint32_t four;
          memcpy(&four, block + 2 + 4 * q, 4);
          if (!is4) four ^= 0x80808080u;
          memcpy(codes + q * 64, &four, 4);
        }
      }
    }
  }
}

void fk_fetch_ahead(const fk_matrix *w, size_t row_begin, size_t row_end) {
  enum { STREAMS = 4, BYTES = 4096 };
  size_t columns = w->cols, row_bytes16 = 16 * columns * (fk_is_block(w->dtype) ? 0 : fk_element_bytes(w->dtype));
  if (fk_is_panel(w->dtype)) row_bytes16 = fk_panel_bytes(w->dtype, columns);
  size_t streams = fk_is_panel(w->dtype) && w->streams == 1 ? 1 : STREAMS;
  size_t step = (row_end - row_begin) / streams * row_bytes16 / 16;
  const uint8_t *data = (const uint8_t *)w->data + row_begin / 16 * row_bytes16;
  for (size_t stream = 0; stream < streams; stream++)
    for (size_t byte = 0; byte < fk_min(step, BYTES / streams); byte += 64)
      __builtin_prefetch(data + stream * step + byte, 0, 2);
}

size_t fk_span_begin(size_t span) {
  if (span == 0) return 0;
  return span < 4 ? (size_t)16 << span : (span - 3) * FK_SPAN_ROWS;
}

size_t fk_span_count(size_t rows) {
  size_t spans = rows > FK_SPAN_ROWS ? rows / FK_SPAN_ROWS + 2 : 0;
  while (fk_span_begin(spans) < rows) spans++;
  return spans;
}

// Room for the rows of a block that has to be gathered.
size_t fk_attend_scratch(size_t key_width, size_t value_width) {
  return FK_BLOCK_ROWS * 2 * (((key_width + 31) & ~(size_t)31) + fk_mixed_stride(value_width));
}

// 32 columns of a row in panels.
static void decode_panel_group(float *y, const fk_matrix *w, size_t row, size_t group) {
  size_t is4 = w->dtype == FK_Q4_PANEL, bits = is4 ? 4 : 8, lane = row % FK_LANES;
  const uint8_t *panel = (const uint8_t *)w->data + row / FK_LANES * fk_panel_bytes(w->dtype, w->cols);
  const uint8_t *codes = panel + fk_panel_codes(bits, group) + lane * 4;
  uint16_t half;
  memcpy(&half, panel + fk_panel_scales(bits, group) + lane * 2, 2);
  float scale = fk_decode_f16(half);
  for (size_t k = 0; k < 32; k++) {
    int code = is4 ? (codes[k % 16 / 4 * 64 + k % 4] >> (k < 16 ? 0 : 4) & 0xF) - 8 : codes[k / 4 * 64 + k % 4] - 128;
    y[k] = (float)code * scale;
  }
}

void fk_decode_columns(float *y, const fk_matrix *w, size_t row, size_t begin, size_t count) {
  fk_block_format format = fk_block_format_of(w->dtype);
  if (format.columns == 0) {
    for (size_t k = 0; k < count; k += 32) decode_panel_group(y + k, w, row, (begin + k) / 32);
    return;
  }
  const uint8_t *block =
      (const uint8_t *)w->data + (row * (w->cols / format.columns) + begin / format.columns) * format.bytes;
  int8_t codes[256];
  float scales[16], minimums[16];
  for (size_t k = 0; k < count; k += format.columns, block += format.bytes) {
    fk_expand_block(w->dtype, block, codes, scales, minimums);
    for (size_t j = 0; j < format.columns; j++)
      y[k + j] = (float)codes[j] * scales[j / format.group] + minimums[j / format.group];
  }
}
