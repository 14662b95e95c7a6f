"""What a format costs in quality: perplexity and divergence from the unrounded model on text it has not seen.

    python Benchmarks/quality/train_small.py MODEL          a small trained network, some minutes
    python Benchmarks/quality/compare_formats.py MODEL

Prints a table: size of the file, perplexity, mean Kullback-Leibler divergence of the next token's distribution from that of
MODEL with nothing rounded, and how often the likeliest token is the same. Block formats that Fathom reads and doesn't write
are made by llama.cpp's own rounding, from the library that `make compare` built (without it they are left out). Needs numpy
and gguf.
"""
import argparse
import ctypes
import glob
import json
import os
import subprocess
import tempfile

import gguf
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
CACHE = os.path.join(os.path.expanduser(os.environ.get("XDG_CACHE_HOME", "~/.cache")), "fathom-compare")
BLOCKS = ["Q8_0", "Q6_K", "Q5_K", "Q5_1", "Q5_0", "Q4_K", "Q4_1", "IQ4_NL", "Q4_0", "Q3_K", "Q2_K"]
# Title, format to convert to (none: the checkpoint itself), further options of fathom logits.
CASES = [
    ("nothing rounded", None, "--activations f32 --cache-type f32"),
    ("bf16 weights, as it runs by default", None, ""),
    ("fp8", "fp8", ""),
    ("q8", "q8", ""),
    ("q4", "q4", ""),
    ("q4, exact activations", "q4", "--activations f32"),
    ("q4, output head q8", "q4 --tensor lm_head.weight=q8", ""),
    ("bf16 weights, FP8 cache", None, "--cache-type fp8"),
]


def log_softmax(logits):
    shifted = logits - logits.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


class Rounding:
    """llama.cpp's rounding to blocks."""

    def __init__(self):
        paths = glob.glob(os.path.join(CACHE, "llama.cpp/lib/python3*/site-packages/llama_cpp/lib/libggml-base.so"))
        self.library = ctypes.CDLL(paths[0]) if paths else None
        if self.library:
            self.library.ggml_quantize_chunk.restype = ctypes.c_size_t

    def blocks(self, values, form):
        columns, size = gguf.GGML_QUANT_SIZES[form]
        out = np.zeros((values.shape[0], values.shape[1] // columns * size), np.uint8)
        self.library.ggml_quantize_chunk(
            ctypes.c_int(form), values.ctypes.data_as(ctypes.c_void_p), out.ctypes.data_as(ctypes.c_void_p), ctypes.c_int64(0),
            ctypes.c_int64(values.shape[0]), ctypes.c_int64(values.shape[1]), None)
        return out

    def file(self, plain, path, form):
        """Writes `plain`, a file of bf16, with those matrices in blocks that `fathom convert` rounds too."""
        form = gguf.GGMLQuantizationType[form]
        columns = gguf.GGML_QUANT_SIZES[form][0]
        reader = gguf.GGUFReader(plain)
        writer = gguf.GGUFWriter(path, "", use_temp_file=False)
        for field in reader.fields.values():
            if not field.name.startswith("GGUF.") and field.name != "general.architecture":
                writer.add_key_value(field.name, field.contents(), field.types[0], field.types[-1] if len(field.types) > 1 else None)
        writer.add_string("general.architecture", reader.fields["general.architecture"].contents())
        for tensor in reader.tensors:
            kept = tensor.name.startswith(("lm_head", "model.embed")) or tensor.name.endswith("mlp.gate.weight")
            if len(tensor.shape) == 2 and not kept and tensor.shape[0] % columns == 0:
                values = np.ascontiguousarray(gguf.quants.dequantize(tensor.data, tensor.tensor_type), np.float32)
                writer.add_tensor(tensor.name, self.blocks(values, form), raw_dtype=form)
            else:
                writer.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()


def distributions(fathom, model, windows, options):
    rows = []
    for window in windows:
        answer = subprocess.run(
            [fathom, "logits", "--model", model, "--tokens", ",".join(map(str, window)), "--positions", "all", "--json"]
            + options.split(), check=True, capture_output=True, text=True)
        rows.append(np.array([p["logits"] for p in json.loads(answer.stdout)["positions"]]))
    return [log_softmax(r) for r in rows]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--fathom", default=os.path.join(HERE, "../../.build/release/fathom"))
    options = parser.parse_args()
    windows = json.load(open(os.path.join(options.model, "heldout.json")))
    print(f"{len(windows)} windows of {len(windows[0])} tokens")
    print("| | file | perplexity | KL divergence, nats | same likeliest token |\n|---|---|---|---|---|")
    reference = None

    def compare(title, model, extra):
        nonlocal reference
        size = os.path.getsize(model if os.path.isfile(model) else os.path.join(model, "model.safetensors"))
        rows = distributions(options.fathom, model, windows, extra)
        reference = reference or rows
        loss = np.mean([-r[np.arange(len(w) - 1), w[1:]].mean() for r, w in zip(rows, windows)])
        divergence = np.mean([(np.exp(a) * (a - b)).sum(-1).mean() for a, b in zip(reference, rows)])
        same = np.mean([(a.argmax(-1) == b.argmax(-1)).mean() for a, b in zip(reference, rows)])
        print(f"| {title} | {size / 1e6:.1f} MB | {np.exp(loss):.4f} | {divergence:.2e} | {100 * same:.2f} % |", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        def convert(form):
            path = os.path.join(folder, form.split()[0] + ".gguf")
            subprocess.run([options.fathom, "convert", options.model, path, "--force", "--to"] + form.split(), check=True,
                           capture_output=True)
            return path

        for title, form, extra in CASES:
            compare(title, convert(form) if form else options.model, extra)
        rounding = Rounding()
        plain = convert("bf16")
        for form in BLOCKS if rounding.library else []:
            path = os.path.join(folder, "blocks.gguf")
            rounding.file(plain, path, form)
            compare(f"GGUF {form}", path, "")


if __name__ == "__main__":
    main()
