"""Golden vectors of the block formats of GGUF files: random blocks, and what the gguf package makes of them.

    pip install gguf safetensors numpy
    python Tests/Golden/scripts/make_blocks.py Tests/Golden/blocks/blocks.safetensors

For each format F: F.blocks, 3 rows of 512 columns as bytes, and F.values, the floats they stand for. For Q8_0, whose
rounding is part of the format, also rounded.values and rounded.Q8_0, floats and their blocks.
"""
import sys

import gguf
import numpy as np
from safetensors.numpy import save_file

ROWS, COLUMNS = 3, 512
# Where a block holds half-precision numbers: random bits there would be infinities and NaNs.
HALVES = {"Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "IQ4_NL": [0], "Q2_K": [80, 82],
          "Q3_K": [108], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208]}


def main(path):
    random = np.random.default_rng(20261126)
    tensors = {}
    for name, halves in HALVES.items():
        kind = gguf.GGMLQuantizationType[name]
        columns, size = gguf.GGML_QUANT_SIZES[kind]
        blocks = random.integers(0, 256, (ROWS * COLUMNS // columns, size), dtype=np.uint8)
        for at in halves:
            scales = (random.normal(0, 0.02, len(blocks))).astype(np.float16)
            blocks[:, at:at + 2] = scales.view(np.uint8).reshape(-1, 2)
        blocks = blocks.reshape(ROWS, -1)
        tensors[f"{name}.blocks"] = blocks
        tensors[f"{name}.values"] = gguf.quants.dequantize(blocks, kind).astype(np.float32)
    values = random.normal(0, 1, (ROWS, COLUMNS)).astype(np.float32) * np.float32(0.03)
    values[1, 32:64] = 0
    tensors["rounded.values"] = values
    tensors["rounded.Q8_0"] = gguf.quants.quantize(values, gguf.GGMLQuantizationType.Q8_0)
    tensors["rounded.Q4_0"] = gguf.quants.quantize(values, gguf.GGMLQuantizationType.Q4_0)
    save_file(tensors, path, {"gguf": "0.17 or newer", "seed": "20261126"})


main(sys.argv[1])
