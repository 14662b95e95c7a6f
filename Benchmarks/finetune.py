"""The overfitting guard: what 200 examples of a family that a model never saw teach it, and what they cost it.

    python3 Benchmarks/finetune.py --model FOLDER [--adapters lora,esft,lora+replay] [--n 500] [--old words,tables,countdown,mapping]

Fine-tunes the checkpoint on examples of `roman` (numbers in Roman numerals; none of them is asked later) with each adapter, and has
it answer held-out problems of the new family and of the old ones, before and after. Nine tenths of the examples train, the rest says
when to stop; the checkpoint of the lowest held-out loss is the one that answers. With `+replay` behind an adapter every second sample
is a generated problem of the old families, which is what keeps them. Prints a table; --to FILE keeps it as CSV.
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

RUN = """
base_model: {model}
datasets: [{{path: {data}, type: chat_template}}]
val_set_size: 0.1
output_dir: {out}
sequence_len: 256
micro_batch_size: 4
{length}
eval_steps: 10
save_steps: 10
save_total_limit: 1
early_stopping_patience: 5
logging_steps: 20
optimizer: adamw
lr_scheduler: cosine
warmup_steps: 10
weight_decay: 0.01
seed: {seed}
"""

ADAPTERS = {
    "lora": "adapter: lora\nlora_r: 16\nlora_alpha: 32\nlearning_rate: 0.003\n",
    "esft": "adapter: esft\nesft_threshold: 0.5\nlearning_rate: 0.002\n",
    "none": "adapter: none\nlearning_rate: 0.0005\n",
}


def fathom(*arguments):
    done = subprocess.run([FATHOM, *arguments], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"fathom {' '.join(arguments)}: status {done.returncode}\n{done.stderr}")
    return done


def examples(family, count, seed):
    """The first problems of a stream that no evaluation asks, each once."""
    rows, seen = [], set()
    for line in fathom("train", "sample", "--family", family, "--n", str(2 * count), "--seed", str(seed), "--json").stdout.splitlines():
        problem = json.loads(line)
        if problem["held_out"] or problem["prompt"] in seen:
            continue
        seen.add(problem["prompt"])
        rows.append({"messages": [
            {"role": "user", "content": problem["prompt"]},
            {"role": "assistant", "content": problem["answer"], "reasoning_content": problem["reasoning"]}]})
    if len(rows) < count:
        sys.exit(f"{family}: expected {count} different examples, found {len(rows)}")
    return rows[:count]


def scores(model, families, n):
    out = {}
    for family in families:
        out[family] = json.loads(fathom("train", "eval", "--model", model, "--family", family, "--n", str(n), "--baseline", "off",
                                        "--json").stdout)
    return out


def tune(model, adapter, data, folder, a):
    out = f"{folder}/{adapter}"
    kind, _, extra = adapter.partition("+")
    length = f"num_epochs: {a.epochs}"
    if extra == "replay":
        # Generated problems know no epochs. Held-out loss is that of both; patience would be spent on the old ones.
        length = f"max_steps: {a.replay_steps}\ntasks: [" + ", ".join(f"{{family: {f}}}" for f in a.old.split(",")) + "]"
    run = RUN.format(model=model, data=data, out=out, length=length, seed=a.seed) + ADAPTERS[kind]
    if extra == "replay":
        # No evaluations on the way: they would also ask the model problems of every family.
        run = "\n".join(l for l in run.splitlines() if not l.startswith(("eval_steps", "early_stopping"))) + "\n"
    with open(f"{folder}/{adapter}.yaml", "w") as file:
        file.write(run)
    began = time.time()
    done = fathom("train", "tune", "-c", f"{folder}/{adapter}.yaml")
    last = done.stdout.split()[-1]
    best = json.load(open(f"{last}/state.json")).get("best_step")
    chosen = f"{out}/step_{best}" if best is not None and os.path.isdir(f"{out}/step_{best}") else last
    print(f"\n{adapter}: {time.time() - began:.0f} s, ended at {os.path.basename(last)}, answers by {os.path.basename(chosen)}")
    print("\n".join(done.stderr.splitlines()[:a.lines]))
    return chosen


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--adapters", default="lora,esft")
    parser.add_argument("--new", default="roman")
    parser.add_argument("--old", default="words,tables,countdown,mapping,mapping-wide,talk")
    parser.add_argument("--examples", type=int, default=200)
    parser.add_argument("--n", type=int, default=500)
    parser.add_argument("--epochs", type=float, default=40)
    parser.add_argument("--replay-steps", type=int, default=400, help="steps of a run with +replay")
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--lines", type=int, default=12, help="lines of a run's own report that are shown")
    parser.add_argument("--to", help="CSV file")
    a = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="fathom-finetune-")
    try:
        data = f"{folder}/examples.jsonl"
        with open(data, "w") as file:
            for row in examples(a.new, a.examples, a.seed):
                file.write(json.dumps(row) + "\n")
        families = [a.new] + [f for f in a.old.split(",") if f]
        columns = {"before": scores(a.model, families, a.n)}
        for adapter in a.adapters.split(","):
            columns[adapter] = scores(tune(a.model, adapter, data, folder, a), families, a.n)
    finally:
        shutil.rmtree(folder)
    print(f"\n{a.examples} examples of {a.new}; right of {a.n} held-out problems, greedy, with Wilson's interval at 95 %\n")
    print("| family | " + " | ".join(columns) + " |\n|---|" + "---|" * len(columns))
    for family in families:
        cells = []
        for name, column in columns.items():
            s = column[family]
            change = "" if name == "before" else f", {100 * (s['rate'] - columns['before'][family]['rate']):+.1f}"
            cells.append(f"{100 * s['rate']:.1f} % ({100 * s['low']:.1f} to {100 * s['high']:.1f}){change}")
        print(f"| {family} | " + " | ".join(cells) + " |")
    if a.to:
        with open(a.to, "w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["family", "state", "examples", "n", "correct", "rate", "low", "high"])
            for name, column in columns.items():
                for family, s in column.items():
                    rows.writerow([family, name, a.examples, s["n"], s["correct"], s["rate"], s["low"], s["high"]])


main()
