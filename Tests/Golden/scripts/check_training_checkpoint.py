"""Opens a training checkpoint with `transformers` and compares its logits with those of `fathom logits`, in f32.

    python check_training_checkpoint.py FOLDER TEXT [--fathom .build/release/fathom]

FOLDER is a `step_N` of a run. TEXT is cut into tokens by the folder's own `tokenizer.json`. The MTP module's tensors are not part of
the network of transformers; that they are the only ones left out is checked, and so is that none is missing.
"""
import argparse
import json
import subprocess
import sys

import torch
import transformers
from safetensors import safe_open
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

LIMIT = 1e-3
# It warns of the MTP tensors; they are listed below.
transformers.logging.set_verbosity_error()


def reference(folder, ids):
    model, info = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, output_loading_info=True)
    layers = model.config.num_hidden_layers
    with safe_open(f"{folder}/model.safetensors", "pt") as file:
        names = list(file.keys())
    mtp = [n for n in names if n.startswith(f"model.layers.{layers}.")]
    extra = [n for n in info["unexpected_keys"] if not n.startswith(f"model.layers.{layers}.")]
    print(f"transformers {transformers.__version__}, {type(model).__name__}: {len(names)} tensors, {len(mtp)} of the MTP module; "
          f"missing {sorted(info['missing_keys'])}, mismatched {sorted(info['mismatched_keys'])}, unexpected {extra}")
    if info["missing_keys"] or info["mismatched_keys"] or extra:
        sys.exit("FAILED: the tensors are not those of the architecture")
    with torch.no_grad():
        return model(torch.tensor([ids])).logits[0].double()


def own(fathom, folder, ids):
    out = subprocess.run(
        [fathom, "logits", "--model", folder, "--tokens", ",".join(map(str, ids)), "--positions", "all", "--activations", "f32",
         "--cache-type", "f32", "--attention", "expanded", "--json"], check=True, capture_output=True, text=True).stdout
    return torch.tensor([p["logits"] for p in json.loads(out)["positions"]], dtype=torch.float64)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("text")
    parser.add_argument("--fathom", default=".build/release/fathom")
    a = parser.parse_args()
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=f"{a.folder}/tokenizer.json")
    ids = tokenizer(a.text)["input_ids"]
    out = subprocess.run([a.fathom, "tokenize", "--model", a.folder, "--json"], input=a.text, check=True, capture_output=True, text=True)
    tokens = json.loads(out.stdout)["ids"]
    if tokens != ids:
        sys.exit(f"FAILED: tokens {tokens}, expected {ids}")
    print(f"{len(ids)} tokens, the same with both: {ids}")
    want, got = reference(a.folder, ids), own(a.fathom, a.folder, ids)
    if want.shape != got.shape:
        sys.exit(f"FAILED: logits {tuple(got.shape)}, expected {tuple(want.shape)}")
    difference = (want - got).abs()
    place = divmod(int(difference.argmax()), want.shape[1])
    same = int((want.argmax(1) == got.argmax(1)).sum())
    distance = float(1 - 2 * (want * got).sum() / (want.square() + got.square()).sum())
    print(f"{tuple(want.shape)} logits, largest magnitude {float(want.abs().max()):.4f}: largest difference {float(difference.max()):.3e} "
          f"at position {place[0]}, token {place[1]} ({float(want[place]):.6f} and {float(got[place]):.6f}); "
          f"1 - 2xy/(xx+yy) = {distance:.2e}; likeliest token equal at {same} of {len(ids)} positions")
    if float(difference.max()) > LIMIT:
        sys.exit(f"FAILED: expected at most {LIMIT}")


main()
