"""Measures Fathom and llama.cpp alternately on the same GGUF files and prints ratios. Needs Python 3.9 and nothing else.

    make compare                                          all files and cases of the README's table
    python3 Benchmarks/compare.py --only v2-lite-q4_0     one file
    python3 Benchmarks/compare.py --model FILE.gguf --cases decode:64@0,decode:32@0x4,prefill:512@0 --pairs 5

Both programs compute for --warm-up seconds before each case: virtual machines move busy cores apart within some seconds,
which changes what they can read from memory. Where the cores were is told with each speed, as the time a cache line took
from one to the other around Fathom's measurements.

A case is phase:tokens@depth, with xN behind it for N sequences in one step. A pair is one process of each program, one
after the other, in alternating order; each loads the file (not part of the speeds), warms up and measures every case
with the same number of threads, flash attention and a 16-bit cache. The ratio of a pair is Fathom's speed over
llama.cpp's; the table shows the median of the pairs, the smallest and the largest.

--torch PYTHON, where PYTHON has torch and transformers, compares with those instead, in bf16 on 8 layers of the shape.

llama.cpp comes as llama-cpp-python, built from source for this machine in a virtual environment of its own. Files that
are missing are fabricated: random weights in the real shapes. Results go to Benchmarks/results, after every pair.
"""
import argparse
import csv
import datetime
import json
import os
import platform
import re
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
CACHE = os.path.join(os.path.expanduser(os.environ.get("XDG_CACHE_HOME", "~/.cache")), "fathom-compare")

# Name of the file (shape and format) and what is measured on it.
TORCH_SUITES = {"v2-lite-8-bf16": "decode:32@0,prefill:256@0"}
SUITES = {
    "v2-lite-q4_0": "decode:64@0,prefill:512@0,decode:32@4096,decode:32@0x4",
    "v2-lite-q8_0": "decode:48@0,prefill:256@0",
    "v3-slice-q4_0": "decode:64@0,prefill:256@0,decode:32@4096,decode:32@0x4",
}


def parse_case(text):
    match = re.fullmatch(r"(prefill|decode):(\d+)@(\d+)(?:x(\d+))?", text)
    if not match:
        sys.exit(f"case {text!r}: expected phase:tokens@depth or phase:tokens@depthxN, as decode:64@4096 or decode:32@0x4")
    phase, tokens, depth, batch = match.groups()
    return {"phase": phase, "tokens": int(tokens), "depth": int(depth), "batch": int(batch or 1)}


def title(case):
    sequences = f", {case['batch']} sequences" if case["batch"] > 1 else ""
    return f"{case['phase']} {case['tokens']} at {case['depth']}{sequences}"


def note(text):
    print(text, file=sys.stderr, flush=True)


def cpu():
    facts = {"machine": platform.machine(), "cores": os.cpu_count(), "kernel": platform.release()}
    if os.path.exists("/proc/cpuinfo"):
        text = open("/proc/cpuinfo").read()
        model = re.search(r"model name\s*:\s*(.*)", text)
        flags = re.search(r"flags\s*:\s*(.*)", text)
        facts["model"] = model.group(1) if model else "unknown"
        # A name alone does not tell one generation of virtual machines from the next.
        for word in ("cpu family", "model"):
            number = re.search(rf"^{word}\s*:\s*(\d+)", text, re.MULTILINE)
            facts[word + " number"] = int(number.group(1)) if number else None
        known = flags.group(1).split() if flags else []
        facts["flags"] = [flag for flag in known if flag.startswith(("avx", "amx", "fma", "f16c"))]
    return facts


def git(*arguments):
    return subprocess.run(["git", "-C", ROOT, *arguments], capture_output=True, text=True).stdout.strip()


def commit():
    return git("rev-parse", "--short=12", "HEAD") + ("+changes" if git("status", "--porcelain") else "")


def fathom_version(options):
    return subprocess.run([options.fathom, "--version"], capture_output=True, text=True).stdout.strip()


def peer_python(folder):
    """The Python of the peer's environment, made where it is missing."""
    python = os.path.join(folder, "bin", "python")
    if not os.path.exists(python):
        note(f"making {folder}")
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    if subprocess.run([python, "-c", "import llama_cpp"], capture_output=True).returncode != 0:
        note("building llama-cpp-python for this machine; this takes some minutes")
        environment = dict(os.environ, CMAKE_ARGS="-DGGML_NATIVE=ON")
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--no-binary", "llama-cpp-python", "llama-cpp-python"],
                       check=True, env=environment)
    return python


def peer_facts(python, script, machine):
    """The peer's description of itself, which must use what the machine has."""
    facts = run_json([python, os.path.join(HERE, script)])
    if script == "peer_llama.py" and "avx512_vnni" in machine.get("flags", []) and "AVX512_VNNI = 1" not in facts["system_info"]:
        sys.exit(f"llama.cpp was built without AVX512_VNNI, which this machine has: {facts['system_info']}\n"
                 "remove the environment and let compare.py build it from source")
    return facts


def run_json(arguments):
    answer = subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if answer.returncode != 0:
        sys.exit(f"{arguments[0]} failed with status {answer.returncode}:\n{answer.stderr[-2000:]}")
    return json.loads(answer.stdout)


def run_peer(python, script, model, cases, options):
    plan = {"model": model, "threads": options.threads, "repetitions": options.repetitions,
            "warm_up": options.warm_up, "cases": cases}
    return run_json([python, os.path.join(HERE, script), json.dumps(plan)])


def run_fathom(model, cases, options):
    """Cases of one depth and batch size share a process, as far as each phase has one length."""
    groups = []
    for case in cases:
        key = (case["depth"], case["batch"])
        group = next((g for g in groups if g["key"] == key and case["phase"] not in g), None)
        if group is None:
            group = {"key": key}
            groups.append(group)
        group[case["phase"]] = case
    result = {"load_seconds": [], "peak_resident_bytes": 0, "read_bandwidth_gb_per_second": [], "cases": []}
    for group in groups:
        depth, batch = group["key"]
        tokens = {phase: group[phase]["tokens"] if phase in group else 0 for phase in ("prefill", "decode")}
        rows = run_json([
            options.fathom, "bench", "--model", model, "-p", str(tokens["prefill"]), "-n", str(tokens["decode"]),
            "-d", str(depth), "-b", str(batch), "-t", str(options.threads), "-r", str(options.repetitions),
            "--warm-up", str(options.warm_up), "--json"]
            + options.fathom_options.split())
        for row in rows:
            result["cases"].append(dict(
                group[row["phase"]], tokens_per_second=row["tokens_per_second"]["median"],
                percent_of_bandwidth=row["percent_of_bandwidth"], percent_of_compute=row["percent_of_compute"],
                core_hop_nanoseconds=row["core_hop_nanoseconds"]))
        result["load_seconds"].append(rows[0]["load_seconds"])
        result["read_bandwidth_gb_per_second"].append(rows[0]["read_bandwidth_gb_per_second"])
        result["peak_resident_bytes"] = max(result["peak_resident_bytes"], rows[0]["peak_resident_bytes"])
    result["load_seconds"] = statistics.median(result["load_seconds"])
    result["read_bandwidth_gb_per_second"] = max(result["read_bandwidth_gb_per_second"])
    return result


def spread(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


# A line takes some 50 ns between cores that share a cache and 200 between those that don't.
APART_NANOSECONDS = 120


def summary(name, model, cases, pairs):
    """What all pairs of one file say, and what those say in which the cores were apart, or together."""
    def values(program, case, key):
        return [next(c for c in pair[program]["cases"] if all(c[k] == case[k] for k in case))[key] for pair in pairs]

    rows = []
    for case in cases:
        fathom, peer = (values(program, case, "tokens_per_second") for program in ("fathom", "peer"))
        hops = values("fathom", case, "core_hop_nanoseconds")

        def select(chosen):
            triples = [(f, p, f / p) for f, p, hop in zip(fathom, peer, hops) if chosen(hop)]
            return {name: spread(column) for name, column in zip(("fathom", "peer", "ratio"), zip(*triples))}

        rows.append(dict(case, title=title(case), **select(lambda hop: True),
                         cores_apart=select(lambda hop: hop and hop > APART_NANOSECONDS),
                         cores_together=select(lambda hop: hop and hop <= APART_NANOSECONDS)))
    size = os.path.getsize(model)

    def middle(program, key):
        return statistics.median(pair[program][key] for pair in pairs)

    return {"file": name, "bytes": size, "cases": rows,
            "load_seconds": {p: middle(p, "load_seconds") for p in ("fathom", "peer")},
            "peak_resident_bytes": {p: middle(p, "peak_resident_bytes") for p in ("fathom", "peer")},
            "peak_over_file": {p: middle(p, "peak_resident_bytes") / size for p in ("fathom", "peer")},
            "pairs": pairs}


def show(result, peer):
    def line(name, *cells):
        print(f"  {name:30s}" + "".join(f"{cell:>14s}" for cell in cells))

    print(f"\n{result['file']}, {result['bytes'] / 1e9:.2f} GB, {len(result['pairs'])} pairs")
    line("", "Fathom", peer, "ratio", "min…max")
    for row in result["cases"]:
        ratio = row["ratio"]
        line(row["title"], f"{row['fathom']['median']:.1f}", f"{row['peer']['median']:.1f}", f"{ratio['median']:.2f}",
             f"{ratio['min']:.2f}…{ratio['max']:.2f}")
        for place in ("cores_apart", "cores_together"):
            if row[place]:
                line("  " + place.replace("_", " "), *(f"{row[place][name]['median']:.{digits}f}" for name, digits in
                                                      (("fathom", 1), ("peer", 1), ("ratio", 2))))
    load, peak = result["load_seconds"], result["peak_over_file"]
    line("load to full speed, s", f"{load['fathom']:.1f}", f"{load['peer']:.1f}")
    line("peak resident / file", f"{peak['fathom']:.2f}", f"{peak['peer']:.2f}")
    sys.stdout.flush()


def save(report, path, columns, rows):
    """As JSON with everything, and as CSV: what every row begins with, then `columns` of `rows(result)` for each file."""
    with open(path + ".json.tmp", "w") as file:
        json.dump(report, file, indent=1, ensure_ascii=False)
        file.write("\n")
    os.replace(path + ".json.tmp", path + ".json")
    with open(path + ".csv.tmp", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["commit", "cpu", "threads", "file"] + columns)
        for result in report["files"]:
            for row in rows(result):
                writer.writerow([report["commit"], report["cpu"].get("model", ""), report["threads"], result["file"]] + row)
    os.replace(path + ".csv.tmp", path + ".csv")


COLUMNS = ["phase", "tokens", "depth", "batch", "pair", "fathom", "peer", "ratio", "percent_of_bandwidth",
           "percent_of_compute", "core_hop_nanoseconds"]


def rows(result):
    """One for each case and pair."""
    for number, pair in enumerate(result["pairs"]):
        for ours in pair["fathom"]["cases"]:
            keys = ("phase", "tokens", "depth", "batch")
            peer = next(c for c in pair["peer"]["cases"] if all(c[k] == ours[k] for k in keys))
            speeds = (ours["tokens_per_second"], peer["tokens_per_second"])
            yield ([ours[k] for k in keys] + [number + 1] + [f"{s:.3f}" for s in speeds]
                   + [f"{speeds[0] / speeds[1]:.3f}", ours["percent_of_bandwidth"], ours["percent_of_compute"],
                      ours["core_hop_nanoseconds"]])


def model_file(name, options):
    """The file of a suite, fabricated where it is missing."""
    path = os.path.join(options.models, name + ".gguf")
    if not os.path.exists(path):
        os.makedirs(options.models, exist_ok=True)
        shape, form = name.rsplit("-", 1)
        note(f"fabricating {path}")
        subprocess.run([options.fathom, "bench", "--fabricate", shape, "--format", form, "-o", path], check=True)
    return path


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", help=f"files to measure, comma separated: {', '.join(SUITES)}")
    parser.add_argument("--model", help="a GGUF file of your own")
    parser.add_argument("--cases", default="decode:64@0,prefill:256@0", help="what to measure on --model")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--repetitions", type=int, default=2, help="in each process; their median counts")
    parser.add_argument("--warm-up", type=int, default=10, help="seconds of computing before each case")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--fathom", default=os.path.join(ROOT, ".build", "release", "fathom"))
    parser.add_argument("--fathom-options", default="", help="further options of fathom bench, as one text")
    parser.add_argument("--models", default=os.path.join(CACHE, "models"), help="folder of the fabricated files")
    parser.add_argument("--peer", default=os.environ.get("FATHOM_PEER", os.path.join(CACHE, "llama.cpp")),
                        help="virtual environment of llama-cpp-python")
    parser.add_argument("--torch", metavar="PYTHON", help="compare with transformers, run by this Python")
    parser.add_argument("--name", help="part of the names of the result files (default: the peer's)")
    parser.add_argument("--results", default=os.path.join(HERE, "results"))
    return parser.parse_args()


def main():
    options = arguments()
    machine = cpu()
    python, script = options.torch, "peer_torch.py"
    if not python:
        python, script = peer_python(options.peer), "peer_llama.py"
    suites = TORCH_SUITES if options.torch else SUITES
    if options.model:
        plans = [(os.path.basename(options.model), options.model, options.cases)]
    else:
        names = options.only.split(",") if options.only else list(suites)
        unknown = [name for name in names if name not in suites]
        if unknown:
            sys.exit(f"--only: expected some of {', '.join(suites)}, found {', '.join(unknown)}")
        plans = [(name, model_file(name, options), suites[name]) for name in names]
    report = {
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "commit": commit(), "cpu": machine, "threads": options.threads, "repetitions": options.repetitions,
        "warm_up_seconds": options.warm_up, "fathom": fathom_version(options),
        "peer": peer_facts(python, script, machine), "files": []}
    os.makedirs(options.results, exist_ok=True)
    path = os.path.join(options.results, f"{report['date'][:10]}-{options.name or report['peer']['name']}")
    for name, model, texts in plans:
        cases = [parse_case(text) for text in texts.split(",")]
        pairs = []
        for number in range(options.pairs):
            pair = {}
            # Who goes first alternates, so that what drifts favours neither.
            for program in ("peer", "fathom") if number % 2 == 0 else ("fathom", "peer"):
                note(f"{name}, pair {number + 1} of {options.pairs}: {program}")
                if program == "peer":
                    pair[program] = run_peer(python, script, model, cases, options)
                else:
                    pair[program] = run_fathom(model, cases, options)
            pairs.append(pair)
            result = summary(name, model, cases, pairs)
            save(dict(report, files=report["files"] + [result]), path, COLUMNS, rows)
        report["files"].append(result)
        show(result, report["peer"]["name"])
    print(f"\nwritten: {os.path.relpath(path)}.json and .csv")


if __name__ == "__main__":
    main()
