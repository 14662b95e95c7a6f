"""What the model card of the built-in model says of it, measured again.

    python3 Benchmarks/card.py [--model built-in] [--n 1000] [--seed 1]

Held-out problems of every family, greedy; mapping programs also as best of 8 by the user's own examples; the 50 cases written by hand beside
the search; drafting with the module for the second token. Prints the card's tables; everything goes to Benchmarks/results.
"""
import argparse
import datetime
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
FATHOM = os.environ.get("FATHOM", os.path.join(os.path.dirname(HERE), ".build", "release", "fathom"))

GREEDY = ["words", "tables", "countdown", "mapping-short", "mapping", "mapping-wide", "mapping-repair", "mapping-heldout", "talk"]
SAMPLED = ["mapping", "mapping-wide", "mapping-heldout"]
DRAFTED = ["words", "mapping"]


def evaluate(a, family, *more, n=None):
    arguments = [FATHOM, "train", "eval", "--model", a.model, "--family", family, "--n", str(n or a.n), "--seed", str(a.seed), "--json", *more]
    done = subprocess.run(arguments, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(arguments)}: status {done.returncode}\n{done.stderr}")
    return json.loads(done.stdout)


def interval(s):
    return f"{100 * s['rate']:.1f} % | {100 * s['low']:.1f} to {100 * s['high']:.1f} |"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", default="built-in")
    parser.add_argument("--n", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    a = parser.parse_args()
    results = {"date": datetime.date.today().isoformat(), "model": a.model, "n": a.n, "seed": a.seed, "families": {}}
    print("| family | right | interval |\n|---|---|---|", flush=True)
    for family in GREEDY:
        s = results["families"][family] = evaluate(a, family, "--baseline", "off")
        print(f"| `{family}` | {interval(s)}", flush=True)
    for family in SAMPLED:
        s = results["families"][family + ", best of 8"] = evaluate(a, family, "--samples", "8", "--baseline", "off")
        print(f"| `{family}`, best of 8 by the user's own examples | {interval(s)}", flush=True)
    s = results["families"]["mapping-realistic"] = evaluate(a, "mapping-realistic", "--samples", "8")
    print(f"| 50 hand-written realistic cases, best of 8 | {interval(s)}")
    print(json.dumps({key: s[key] for key in s if key.startswith("search")}))
    for family in DRAFTED:
        s = results["families"][family + ", drafted"] = evaluate(a, family, "--draft", "mtp", "--baseline", "off", n=100)
        print(family, json.dumps(s["draft"]))
    path = os.path.join(HERE, "results", f"{results['date']}-{os.path.basename(a.model.rstrip('/'))}.json")
    with open(path, "w") as file:
        json.dump(results, file, indent=1)
    print(path)


main()
