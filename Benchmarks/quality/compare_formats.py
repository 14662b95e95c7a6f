"""What a format costs in quality: perplexity and divergence from the unrounded model on text it has not seen.

    python Benchmarks/quality/train_small.py MODEL          a small trained network, some minutes
    python Benchmarks/quality/compare_formats.py MODEL

Prints a table: bits per weight of the converted file's matrices, perplexity, mean Kullback-Leibler divergence of the next
token's distribution from that of MODEL with nothing rounded, and how often the likeliest token is the same. Needs numpy.
"""
import argparse
import json
import os
import subprocess
import tempfile

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
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
    reference = None
    print(f"{len(windows)} windows of {len(windows[0])} tokens")
    print("| | bytes | perplexity | KL divergence, nats | same likeliest token |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for title, form, extra in CASES:
            model, size = options.model, os.path.getsize(os.path.join(options.model, "model.safetensors"))
            if form:
                model = os.path.join(folder, "model.gguf")
                subprocess.run([options.fathom, "convert", options.model, model, "--force", "--to"] + form.split(),
                               check=True, capture_output=True)
                size = os.path.getsize(model)
            rows = distributions(options.fathom, model, windows, extra)
            reference = reference or rows
            loss = np.mean([-r[np.arange(len(w) - 1), w[1:]].mean() for r, w in zip(rows, windows)])
            divergence = np.mean([(np.exp(a) * (a - b)).sum(-1).mean() for a, b in zip(reference, rows)])
            same = np.mean([(a.argmax(-1) == b.argmax(-1)).mean() for a, b in zip(reference, rows)])
            print(f"| {title} | {size / 1e6:.1f} MB | {np.exp(loss):.4f} | {divergence:.2e} | {100 * same:.2f} % |", flush=True)


if __name__ == "__main__":
    main()
