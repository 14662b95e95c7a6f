"""What R1's pipeline makes of the built-in model's base: imitation, rewards, imitation of verified answers, rewards again.

    python3 Benchmarks/reasoning.py --folder FOLDER [--seeds 1,2,3] [--n 1000] [--families mapping,...] [--to FILE.json]

For each seed: `cold-start` (200 steps of imitation), `reinforce` (200 rollouts), `reject` and `rejection` (its own verified answers to 4,000
problems, once), and `reinforce-2` (100 rollouts). Beside them `zero`: 300 rollouts without imitation. The model before, the
last one of each seed and `zero` answer the same held-out problems, 8 times each at temperature 1 and once greedily, and are compared
problem by problem. The stages of the first seed answer the problems of three families.

Then distillation: `pico` learns from the last model of the first seed (`pico-taught`: 38,400 questions, half of them answered by itself and half by its
teacher), beside `pico-alone`, which learns from the solutions of about as many problems without a teacher, and `pico-traces`, which imitates the
teacher's verified answers to 38,400 others. Answers, rewards and distillation in f32, imitation in bf16. Hours of work on two cores: everything is kept in FOLDER, and the same command goes on with what is missing. Prints a table.
"""
import argparse
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
FATHOM = os.environ.get("FATHOM", os.path.join(os.path.dirname(HERE), ".build", "release", "fathom"))
TRAINED = ["mapping-short", "mapping", "mapping-wide", "words", "tables", "countdown", "talk", "mapping-repair"]
# What the stages of the first seed are asked one by one.
STAGED = ["mapping", "mapping-wide", "words"]

# Each family as often as its weight says, in halves.
WEIGHTED = [family for family, times in zip(TRAINED, (2, 6, 6, 4, 4, 2, 2, 1)) for _ in range(times)]


def fathom(*arguments):
    print("$ fathom " + " ".join(arguments), file=sys.stderr, flush=True)
    done = subprocess.run([FATHOM, *arguments], stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise subprocess.CalledProcessError(done.returncode, done.args)
    return done.stdout


def train(verb, preset, folder, *options):
    """Trains, or goes on; the last checkpoint's folder."""
    def ending():
        record = os.path.join(folder, "run.json")
        return json.load(open(record)).get("ending") if os.path.exists(record) else None
    if ending() not in ("finished", "collapsed"):
        overrides = [word for option in (f"output_dir={folder}", *options) for word in ("-o", option)]
        try:
            fathom("train", verb, "--preset", preset, *overrides, *(["--resume"] if os.path.exists(folder) else []))
        except subprocess.CalledProcessError:
            # A run that rewards made worse is a result, too.
            if ending() != "collapsed":
                raise
    steps = [int(name[5:]) for name in os.listdir(folder) if name.startswith("step_") and name[5:].isdigit()]
    return os.path.join(folder, f"step_{max(steps)}")


def pipeline(folder, seed):
    """The checkpoint behind each stage. No two stages meet the same stream of problems, and none that of the base model."""
    folder, seed = os.path.join(folder, f"seed-{seed}"), 1000 * seed
    os.makedirs(folder, exist_ok=True)
    stages = {}
    stages["cold-start"] = train("tune", "cold-start", f"{folder}/cold-start", f"seed={seed + 1}")
    stages["reinforce"] = train("reinforce", "reinforce", f"{folder}/reinforce", f"seed={seed + 2}",
                                f"base_model={stages['cold-start']}", "eval_steps=1000")
    answers = verified(stages["reinforce"], f"{folder}/verified.jsonl", 4000, 4, seed + 3)
    stages["rejection"] = train("tune", "rejection", f"{folder}/rejection", f"seed={seed + 4}", f"base_model={stages['reinforce']}",
                                f"datasets=[{{path: {answers}}}]")
    stages["reinforce-2"] = train("reinforce", "reinforce", f"{folder}/reinforce-2", f"seed={seed + 5}",
                                  f"base_model={stages['rejection']}", "max_steps=100", "eval_steps=1000")
    return stages


def distillation(folder, teacher):
    """`pico` before, taught, and without a teacher."""
    pico = train("pretrain", "pico", f"{folder}/pico")
    taught = train("distill", "distill", f"{folder}/pico-taught", f"base_model={pico}", f"teacher_model={teacher}", "eval_steps=1000",
                   "seed=11")
    # 700 steps take 38,500 problems, as many as the teacher is asked.
    alone = train("tune", "cold-start", f"{folder}/pico-alone", f"base_model={pico}", "max_steps=700", "seed=11")
    traces = verified(teacher, f"{folder}/traces.jsonl", 38400, 1, 11, WEIGHTED)
    imitating = train("tune", "rejection", f"{folder}/pico-traces", f"base_model={pico}", f"datasets=[{{path: {traces}}}]")
    return {"pico": pico, "pico-alone": alone, "pico-taught": taught, "pico-traces": imitating}


def verified(model, path, problems, samples, seed, drawn=TRAINED):
    """A file of a model's right answers."""
    if not os.path.exists(path + ".json"):
        families = [word for family in drawn for word in ("--family", family)]
        figures = fathom("train", "reject", "--model", model, *families, "--n", str(problems), "--samples", str(samples), "--seed",
                         str(seed), "-o", path, "--json", *(["--resume"] if os.path.exists(path) else []))
        with open(path + ".json", "w") as file:
            file.write(figures)
    return path


def asked(model, name, families, a):
    """What a model gives for each family: figures at temperature 1, and greedily."""
    results = {}
    for family in families:
        path = os.path.join(a.folder, "answers", f"{name}-{family}")
        common = ["eval", "--model", model, "--task", family, "--limit", str(a.n), "--parallel", "64", "--activations", "f32",
                  "--json"]
        sampled = json.loads(fathom(*common, "--n", "8", "--temperature", "1", "-o", path + "-sampled.jsonl"))
        greedy = json.loads(fathom(*common, "--temperature", "0", "-o", path + "-greedy.jsonl"))
        values = {m["name"]: [m["value"], m["low"], m["high"]] for m in sampled["metrics"]}
        values["greedy"] = next([m["value"], m["low"], m["high"]] for m in greedy["metrics"] if m["name"] == "pass@1")
        values["tokens"] = sampled["completion_tokens"] / (sampled["answered"] * sampled["samples"])
        values["unfinished"] = sampled["unfinished"]
        results[family] = values
    return results


def gains(before, after, families, a):
    """Differences of pass@1 at temperature 1 and greedy, and of pass@8, paired."""
    out = {}
    for family in families:
        out[family] = {}
        for kind in ("sampled", "greedy"):
            paths = [os.path.join(a.folder, "answers", f"{name}-{family}-{kind}.jsonl") for name in (after, before)]
            found = json.loads(fathom("eval", "compare", *paths, "--json"))
            out[family][kind] = found["difference"]
            if kind == "sampled":
                out[family]["pass@8"] = found["pass_at_k"]["difference"]
    return out


def curve(folder):
    """Reward, pass rate, entropy and length of each rollout."""
    rows = [json.loads(line) for line in open(os.path.join(folder, "metrics.jsonl"))]
    words = ("step", "reward", "pass_rate", "entropy", "completion_length", "zero_variance_fraction")
    return [{word: row[word] for word in words if word in row} for row in rows if "reward" in row]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", required=True)
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--n", type=int, default=1000)
    parser.add_argument("--families", default=",".join(TRAINED + ["mapping-heldout"]))
    parser.add_argument("--to", help="JSON file")
    a = parser.parse_args()
    families, seeds = a.families.split(","), [int(seed) for seed in a.seeds.split(",")]
    os.makedirs(os.path.join(a.folder, "answers"), exist_ok=True)
    folders, results, differences, first = {}, {}, {}, {}

    def compare(models):
        for name, model in models.items():
            show(name, model, families)

    def show(name, model, families):
        results[name] = asked(model, name, families, a)
        base = "before" if not name.startswith("pico") else "pico-alone" if name in ("pico-taught", "pico-traces") else None
        if base and base != name:
            differences[name] = gains(base, name, families, a)
        for family in families:
            v = results[name][family]
            best = f", best of 8 {100 * v['best@8'][0]:.1f}" if "best@8" in v else ""
            gain = differences.get(name, {}).get(family)
            print(f"{name:24} {family:16} pass@1 {100 * v['pass@1'][0]:.1f}, greedy {100 * v['greedy'][0]:.1f}, "
                  f"pass@8 {100 * v['pass@8'][0]:.1f}{best}, {v['tokens']:.0f} tokens"
                  + (f"; gain at T = 1 {100 * gain['sampled']['value']:+.2f} ({100 * gain['sampled']['low']:+.2f} to "
                     f"{100 * gain['sampled']['high']:+.2f}), greedy {100 * gain['greedy']['value']:+.2f}" if gain else ""), flush=True)

    compare({"before": "built-in-base"})
    for seed in seeds:
        stages = pipeline(a.folder, seed)
        folders |= {f"{stage}-seed-{seed}": os.path.dirname(model) for stage, model in stages.items()}
        first = stages if seed == seeds[0] else first
        compare({f"seed-{seed}": stages["reinforce-2"]})
        keep(a, results, differences, folders)
    zero = train("reinforce", "reinforce", f"{a.folder}/zero", "seed=9000", "max_steps=300", "eval_steps=1000")
    folders["zero"] = os.path.dirname(zero)
    compare({"zero": zero})
    keep(a, results, differences, folders)
    for stage in ("cold-start", "reinforce", "rejection"):
        show(f"{stage}-seed-{seeds[0]}", first[stage], [family for family in STAGED if family in families])
    keep(a, results, differences, folders)
    compare(distillation(a.folder, first["reinforce-2"]))
    keep(a, results, differences, folders)


def keep(a, results, differences, folders):
    if a.to:
        curves = {name: curve(folder) for name, folder in folders.items() if "reinforce" in name or name == "zero"}
        with open(a.to, "w") as file:
            json.dump(dict(problems=a.n, results=results, gains=differences, curves=curves), file, indent=1)


main()
