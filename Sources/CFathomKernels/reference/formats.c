// Number formats: what the bits of a stored element mean.
#include "../scalar.h"

float fk_decode_bf16(uint16_t bits) {
  uint32_t wide = (uint32_t)bits << 16;
  float value;
  memcpy(&value, &wide, 4);
  return value;
}

uint16_t fk_encode_bf16(float value) { return fk_bf16_of(value); }

float fk_decode_f16(uint16_t bits) {
  uint32_t sign = (uint32_t)(bits & 0x8000u) << 16;
  uint32_t exponent = (bits >> 10) & 0x1Fu;
  uint32_t fraction = bits & 0x3FFu;
  float value;
  uint32_t wide;
  if (exponent == 0) {
    value = ldexpf((float)fraction, -24);
    return sign ? -value : value;
  }
  wide = sign | (exponent == 31 ? 0x7F800000u : (exponent + 112u) << 23) | fraction << 13;
  memcpy(&value, &wide, 4);
  return value;
}

// e4m3fn: exponent bias 7, no infinities, 0x7F and 0xFF are NaN.
float fk_decode_e4m3(uint8_t code) {
  uint32_t exponent = (code >> 3) & 0xFu;
  uint32_t fraction = code & 7u;
  float value;
  if ((code & 0x7Fu) == 0x7Fu) {
    value = NAN;
  } else if (exponent == 0) {
    value = ldexpf((float)fraction, -9);
  } else {
    value = ldexpf((float)(8u + fraction), (int)exponent - 10);
  }
  return code & 0x80u ? -value : value;
}

uint8_t fk_encode_e4m3(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  uint8_t sign = (uint8_t)((bits >> 24) & 0x80u);
  uint32_t magnitude = bits & 0x7FFFFFFFu;
  if (magnitude > 0x7F800000u) return sign | 0x7Fu;
  if (magnitude >= 0x43E00000u) return sign | 0x7Eu;  // 448 and beyond
  if (magnitude < 0x3C800000u) {                      // below 2^-6: multiples of 2^-9
    float steps = rintf(fabsf(value) * 512.0f);
    return sign | (uint8_t)steps;
  }
  magnitude += 0x0007FFFFu + ((magnitude >> 20) & 1u);
  return sign | (uint8_t)((magnitude >> 20) - (120u << 3));
}

// A power of two; 0xFF is NaN.
float fk_decode_e8m0(uint8_t code) {
  if (code == 0xFFu) return NAN;
  // The code is a float's exponent; the smallest one, 2^-127, is subnormal.
  uint32_t bits = code == 0 ? 0x00400000u : (uint32_t)code << 23;
  float value;
  memcpy(&value, &bits, 4);
  return value;
}
