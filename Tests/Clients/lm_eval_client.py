"""lm-eval over /v1/completions, tokenizing at the server; its log-likelihoods against those of `fathom logits`.

    FATHOM=.build/release/fathom python Tests/Clients/lm_eval_client.py
"""
import array
import glob
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile

from checks import PROGRAM, check, finish, get, post, server

HERE = os.path.dirname(os.path.abspath(__file__))


def encode(url, text):
    return post(f"{url}/tokenize", {"prompt": text, "add_special_tokens": False})["tokens"]


def likelihood(ids, begin):
    """Log-likelihood of `ids[begin:]` behind what comes before, and whether each was the likeliest: from the command line."""
    output = subprocess.run(
        [PROGRAM, "logits", "--model", "built-in", "--tokens", ",".join(map(str, ids[:-1])), "--positions", "all", "--json"],
        check=True, capture_output=True, text=True).stdout
    total, greedy = 0.0, True
    for position in json.loads(output)["positions"][begin - 1:]:
        # Printed with as many digits as a float needs.
        logits = array.array("f", position["logits"]).tolist()
        token, largest = ids[position["position"] + 1], max(logits)
        total += logits[token] - largest - math.log(sum(math.exp(v - largest) for v in logits))
        greedy = greedy and logits[token] == largest
    return total, greedy


def evaluate(url, concurrent, folder):
    # The task names its data by a path relative to where lm-eval runs.
    command = [
        os.path.join(os.path.dirname(sys.executable), "lm_eval"), "run", "--model", "local-completions", "--model_args",
        f"base_url={url}/v1/completions,model=built-in,num_concurrent={concurrent},max_retries=1", "--tasks",
        "fathom_first_step", "--include_path", ".", "--log_samples", "--output_path", folder]
    environment = dict(os.environ, HF_DATASETS_CACHE=folder + "/data", HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1")
    run = subprocess.run(command, cwd=os.path.join(HERE, "lm_eval"), env=environment, capture_output=True, text=True)
    if not check(f"lm-eval runs, {concurrent} at a time", run.returncode == 0, run.stderr[-3000:]):
        return [], ""
    samples, = glob.glob(folder + "/**/samples_*.jsonl", recursive=True)
    results, = glob.glob(folder + "/**/results_*.json", recursive=True)
    with open(samples) as file:
        documents = sorted((json.loads(line) for line in file), key=lambda d: d["doc_id"])
    with open(results) as file:
        return documents, json.load(file)["results"]["fathom_first_step"]["acc,none"]


def read(answer):
    """A log-likelihood as lm-eval logs it, and whether the continuation was greedy."""
    likelihood, greedy = answer[0] if isinstance(answer[0], list) else answer
    return float(likelihood), str(greedy) == "True"


with server() as url, tempfile.TemporaryDirectory() as folder:
    check("the tokenizer is found at the server", "eos_token" in get(f"{url}/tokenizer_info"))
    documents, accuracy = evaluate(url, 1, folder + "/one")
    check("30 items", len(documents) == 30, len(documents))
    check("the model knows what to do first", documents and accuracy >= 0.9, accuracy)
    worst, greedy, pairs = 0.0, 0, 0
    for document in documents:
        for arguments, answer in zip(document["arguments"].values(), document["resps"]):
            context, continuation = arguments["arg_0"], arguments["arg_1"]
            ids, begin = encode(url, context + continuation), len(encode(url, context))
            logged, is_greedy = read(answer)
            expected, expected_greedy = likelihood(ids, begin)
            worst = max(worst, abs(logged - expected) / max(1, abs(expected)))
            greedy += is_greedy == expected_greedy
            pairs += 1
    check(f"{pairs} log-likelihoods are those of `fathom logits` (largest difference {worst:.1e})",
          pairs == 90 and worst < 1e-13, worst)
    check("what lm-eval calls greedy is", greedy == pairs, greedy)
    several, again = evaluate(url, 16, folder + "/sixteen")
    check("16 at a time: the same log-likelihoods, bit for bit",
          again == accuracy and [d["resps"] for d in several] == [d["resps"] for d in documents], again)
finish()
