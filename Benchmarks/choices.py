"""What the built-in model's design is worth, choice by choice, at equal wall-clock: one short run each.

    python3 Benchmarks/choices.py [--seconds 200] [--n 300] [--only base,dense,...] [--to FILE.csv]

Every variant changes one thing of the base: the built-in model's network and optimiser, on short mapping programs and word problems. A calibration says how many steps of 4,096 tokens fit into the time; the rate decays over the last 40 % of them, so each run is
a whole one. Prints a table and writes it as CSV. Nothing else should be running.
"""
import argparse
import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
FATHOM = os.environ.get("FATHOM", os.path.join(os.path.dirname(HERE), ".build", "release", "fathom"))

MODEL = dict(vocab_size=2048, hidden_size=192, num_hidden_layers=4, num_attention_heads=6, kv_lora_rank=64, qk_nope_head_dim=32,
             qk_rope_head_dim=16, v_head_dim=32, intermediate_size=512, moe_intermediate_size=128, n_routed_experts=16,
             num_experts_per_tok=2, n_shared_experts=2, first_k_dense_replace=1, num_nextn_predict_layers=1, max_position_embeddings=1024,
             swiglu_limit=10)
RUN = dict(sequence_len=512, micro_batch_size=8, optimizer="muon", learning_rate=0.004, lr_scheduler="linear", warmup_steps=30,
           decay_fraction=0.4, min_lr_ratio=0.03, weight_decay=0.05, mtp_loss_weight=0.3, mtp_rows=0.5, router_bias_update_rate=0.003,
           balance_loss_weight=0.0001, prompt_loss_weight=0.2, precision="bf16", logging_steps=100)
TASKS = [("mapping-short", 4), ("words", 1.5)]

# name: (what differs, changes to the network, changes to the run)
VARIANTS = {
    "base": ("16 experts, 2 chosen, shared part; MTP; 2,048 entries; traces", {}, {}),
    "dense": ("all layers dense, as wide as what a token meets", dict(first_k_dense_replace=5), {}),
    "no-mtp": ("no module for the second token", dict(num_nextn_predict_layers=0), dict(mtp_loss_weight=0)),
    "vocab-512": ("vocabulary of 512", dict(vocab_size=512), {}),
    "vocab-1024": ("vocabulary of 1,024", dict(vocab_size=1024), {}),
    "vocab-4096": ("vocabulary of 4,096", dict(vocab_size=4096), {}),
    "no-trace": ("answers alone, without reasoning", {}, dict(chat_template="deepseek-v3")),
}


def fathom(*arguments):
    done = subprocess.run([FATHOM, *arguments], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"fathom {' '.join(arguments)}: status {done.returncode}\n{done.stderr}")
    return done


def write(path, model, run, steps, folder, seed):
    run = RUN | run | dict(model=MODEL | model, tasks=[dict(family=f, weight=w) for f, w in TASKS], max_steps=steps, seed=seed,
                           save_total_limit=1, output_dir=folder)
    with open(path, "w") as file:
        json.dump(run, file)  # JSON is YAML


def measure(name, a, folder):
    _, model, run = VARIANTS[name]
    path, out = f"{folder}/{name}.yaml", f"{folder}/{name}"
    write(path, model, run, 1000, out, a.seed)
    plan = json.loads(fathom("train", "plan", "-c", path, "--json").stdout)
    steps = max(60, int(a.seconds * plan["tokens_per_second"] / plan["tokens_per_step"]))
    write(path, model, run, steps, out, a.seed)
    began = time.time()
    last = fathom("train", "pretrain", "-c", path).stdout.split()[-1]
    metrics = [json.loads(line) for line in open(f"{out}/metrics.jsonl")]
    row = dict(variant=name, active=plan["parameters_active"], total=plan["parameters_total"], seconds=round(time.time() - began),
               steps=steps, tokens=int([m for m in metrics if "tokens" in m][-1]["tokens"]))
    row["loss"] = [m for m in metrics if "eval_loss" in m][-1]["eval_loss"]
    for family, _ in TASKS:
        asked = ["train", "eval", "--model", last, "--family", family, "--n", str(a.n), "--baseline", "off", "--json"]
        if "chat_template" in run:
            asked += ["--format", run["chat_template"]]
        row[family] = json.loads(fathom(*asked).stdout)["rate"]
    shutil.rmtree(out)
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=200)
    parser.add_argument("--n", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default=",".join(VARIANTS))
    parser.add_argument("--to", help="CSV file")
    a = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="fathom-choices-")
    rows = []
    families = [f for f, _ in TASKS]
    print("| variant | active | tokens | held-out loss | " + " | ".join(families) + " |\n|---|---|---|---|" + "---|" * len(families), flush=True)
    try:
        for name in a.only.split(","):
            row = measure(name, a, folder)
            rows.append(row)
            print(f"| {VARIANTS[name][0]} | {row['active'] / 1e6:.1f} M | {row['tokens'] / 1e6:.2f} M | {row['loss']:.3f} | "
                  + " | ".join(f"{100 * row[f]:.0f} %" for f in families) + " |", flush=True)
            if a.to:
                with open(a.to, "w", newline="") as file:
                    out = csv.DictWriter(file, fieldnames=list(row))
                    out.writeheader()
                    out.writerows(rows)
    finally:
        shutil.rmtree(folder)


main()
