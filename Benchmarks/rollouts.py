"""Reinforcement learning beside TRL on the CPU: the same loop over the same tiny model, alternating.

    python3 Benchmarks/rollouts.py --python PYTHON --model FOLDER [--pairs 3] [--threads 2]

PYTHON has torch, transformers and trl; FOLDER is a checkpoint in f32 of the built-in model's network. Both do GRPO: 16 questions of the same families, 8 answers to each
at temperature 1 of at most 320 tokens, a reward for right answers, one step of AdamW in f32. TRL's GRPOTrainer generates with transformers, all 128
answers at once, and learns from 8 or 32 answers at a time, whichever is faster; Fathom packs several answers into each of 8 rows.
transformers' network lacks the clamp of SwiGLU, which costs next to nothing. Steps count from the second on. Results go to Benchmarks/results.
"""
import argparse
import datetime
import json
import os
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
FATHOM = os.environ.get("FATHOM", os.path.join(os.path.dirname(HERE), ".build", "release", "fathom"))
FAMILIES = ["mapping", "words", "tables", "countdown"]

RUN = """
base_model: {model}
tasks: [{tasks}]
num_generations: 8
generation_batch_size: 128
max_completion_length: 320
sequence_len: 768
micro_batch_size: 8
learning_rate: 0.00004
warmup_steps: 2
max_steps: {steps}
dynamic_sampling: false
rewards: [{{kind: accuracy, weight: 1}}]
output_dir: {out}
eval_steps: 100000
save_steps: 100000
seed: {seed}
"""

PEER = r"""
import json, sys, time, torch, transformers, trl
from datasets import Dataset
model, data, steps, threads, seed, out, rows_each = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6]), sys.argv[6], int(sys.argv[7])
torch.set_num_threads(threads)
rows = [json.loads(line) for line in open(data)]
tokenizer = transformers.AutoTokenizer.from_pretrained(model)
network = transformers.AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32)
figures = dict(rollouts=[], tokens=[], steps=[])

def right(prompts, completions, answer, completion_ids, **kwargs):
    figures["tokens"].append(sum(len(ids) for ids in completion_ids))
    return [float(c[0]["content"].split("</think>")[-1].strip() == a) for c, a in zip(completions, answer)]

class Trainer(trl.GRPOTrainer):
    def _generate_and_score_completions(self, inputs):
        begin = time.perf_counter()
        result = super()._generate_and_score_completions(inputs)
        figures["rollouts"].append(time.perf_counter() - begin)
        return result

class Clock(transformers.TrainerCallback):
    def on_step_begin(self, *args, **kwargs): self.begin = time.perf_counter()
    def on_step_end(self, *args, **kwargs): figures["steps"].append(time.perf_counter() - self.begin)

options = trl.GRPOConfig(
    output_dir=out, per_device_train_batch_size=rows_each, gradient_accumulation_steps=128 // rows_each, num_generations=8, max_completion_length=320,
    max_steps=steps, learning_rate=4e-5, lr_scheduler_type="constant", temperature=1.0, beta=0.0, loss_type="dapo", bf16=False, fp16=False,
    use_cpu=True, gradient_checkpointing=False, report_to=[], save_strategy="no", logging_strategy="no", disable_tqdm=True, seed=seed)
trainer = Trainer(model=network, reward_funcs=right, args=options, processing_class=tokenizer, callbacks=[Clock()],
                  train_dataset=Dataset.from_list([dict(prompt=[dict(role="user", content=r["prompt"])], answer=r["answer"]) for r in rows]))
trainer.train()
print(json.dumps(figures))
"""


def run(command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{command[0]}: status {done.returncode}\n{done.stderr[-3000:]}")
    return done.stdout


def fathom(a, folder, pair):
    path, out = f"{folder}/{pair}.yaml", f"{folder}/ours-{pair}"
    tasks = ", ".join(f"{{family: {family}, weight: 1}}" for family in FAMILIES)
    with open(path, "w") as file:
        file.write(RUN.format(model=os.path.abspath(a.model), tasks=tasks, steps=a.steps, out=out, seed=pair + 1))
    run([FATHOM, "train", "reinforce", "-c", path, "-t", str(a.threads)])
    rows = [json.loads(line) for line in open(f"{out}/metrics.jsonl")]
    rows = [row for row in rows if "rollout_s" in row][1:]
    return figures([r["step_s"] for r in rows], [r["rollout_s"] for r in rows], [r["rollout_tok_per_s"] * r["rollout_s"] for r in rows])


def torch(a, folder, pair):
    data = f"{folder}/{pair}.jsonl"
    with open(data, "w") as file:
        samples = [run([FATHOM, "train", "sample", "--family", family, "--n", str(8 * a.peer_steps), "--seed", str(pair + 1), "--json"])
                   for family in FAMILIES]
        for lines in zip(*(text.splitlines() for text in samples)):
            file.write("\n".join(lines) + "\n")
    def measured(rows):
        out = run([a.python, "-c", PEER, os.path.abspath(a.model), data, str(a.peer_steps), str(a.threads), str(pair + 1),
                   f"{folder}/theirs-{pair}-{rows}", str(rows)])
        found = json.loads(out.splitlines()[-1])
        return figures(found["steps"][1:], found["rollouts"][1:], found["tokens"][1:])
    return max((measured(rows) for rows in (8, 32)), key=lambda f: f["tokens_per_second"])


def figures(steps, rollouts, tokens):
    return dict(step_seconds=statistics.median(steps), rollout_seconds=statistics.median(rollouts), rollout_share=sum(rollouts) / sum(steps),
                rollout_tokens_per_second=sum(tokens) / sum(rollouts), tokens_per_second=sum(tokens) / sum(steps),
                tokens_per_answer=sum(tokens) / len(tokens) / 128)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=9)
    parser.add_argument("--peer-steps", type=int, default=4)
    a = parser.parse_args()
    versions = run([a.python, "-c", "import torch, transformers, trl; print(torch.__version__, transformers.__version__, trl.__version__)"]).split()
    pairs = []
    with tempfile.TemporaryDirectory() as folder:
        for pair in range(a.pairs):
            order = (fathom, torch) if pair % 2 == 0 else (torch, fathom)
            found = {peer.__name__: peer(a, folder, pair) for peer in order}
            pairs.append(found)
            for name, f in found.items():
                print(f"pair {pair + 1} {name:6}: {f['rollout_tokens_per_second']:.0f} tokens/s in rollouts, a step {f['step_seconds']:.2f} s, "
                      f"{100 * f['rollout_share']:.0f} % in rollouts, {f['tokens_per_answer']:.0f} tokens an answer",
                      file=sys.stderr, flush=True)
    report = {"date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"), "threads": a.threads, "torch": versions[0],
              "transformers": versions[1], "trl": versions[2], "pairs": pairs}
    for word in ("rollout_tokens_per_second", "tokens_per_second"):
        ratios = sorted(pair["fathom"][word] / pair["torch"][word] for pair in pairs)
        report[f"ratio_{word}"] = {"median": statistics.median(ratios), "min": ratios[0], "max": ratios[-1]}
        print(f"{word}: {statistics.median(ratios):.1f} times TRL's ({ratios[0]:.1f} to {ratios[-1]:.1f})")
    with open(os.path.join(HERE, "results", f"{report['date'][:10]}-trl-rollouts.json"), "w") as file:
        json.dump(report, file, indent=1)


main()
