"""Measures `fathom serve` and llama.cpp's server alternately on the same GGUF file, with 1, 4 and 16 requests at a time.

    make compare-server                                   V2-Lite in Q4_0, three pairs
    python3 Benchmarks/serving.py --model FILE.gguf --parallel 1,8 --pairs 5

A pair is one process of each program, one after the other, in alternating order. Each loads the file, answers a round of
requests that does not count, and then, for each number of clients, as many requests as that takes: N clients at once, each
of which asks, reads its answer to the end and asks again. Prompts are random, each of its own, the same for both programs;
answers are greedy and as long as allowed, whatever token comes. Tokens per second are those of all answers together, from
the first request to the last token; first tokens are timed at the client. Both have the same number of threads and slots,
flash attention and a 16-bit cache, and keep no prompts on disk.

The peer is `llama-server` with continuous batching (-np), built here from the source that llama-cpp-python comes with.
--python-server takes llama-cpp-python's own server instead, which answers one request at a time. Results go to
Benchmarks/results, after every pair.
"""
import argparse
import asyncio
import contextlib
import datetime
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.error
import urllib.request

import compare
from compare import CACHE, HERE, ROOT, note, save, spread

SERVER = os.path.join(CACHE, "llama-server")


def server_binary(python):
    """llama-server, built for this machine from the source that belongs to the binding of the peer's environment."""
    binary = os.path.join(SERVER, "bin", "llama-server")
    if os.path.exists(binary):
        return binary
    note("building llama-server for this machine; this takes some minutes")
    version = compare.run_json([python, os.path.join(HERE, "peer_llama.py")])["binding"]
    pip = [python, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "cmake", "ninja"], check=True)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([*pip, "download", "--no-deps", "--no-binary", "llama-cpp-python", "-d", folder,
                        f"llama-cpp-python=={version}"], check=True)
        name = next(name for name in os.listdir(folder) if name.endswith(".tar.gz"))
        with tarfile.open(os.path.join(folder, name)) as archive:
            archive.extractall(folder)
        source = os.path.join(folder, name[:-len(".tar.gz")], "vendor", "llama.cpp")
        tools = os.path.dirname(python)
        off = [f"-D{name}=OFF" for name in (
            "BUILD_SHARED_LIBS", "LLAMA_BUILD_TESTS", "LLAMA_BUILD_EXAMPLES", "LLAMA_BUILD_APP", "LLAMA_BUILD_UI",
            "LLAMA_USE_PREBUILT_UI", "LLAMA_OPENSSL")]
        environment = dict(os.environ, PATH=f"{tools}:{os.environ['PATH']}")
        subprocess.run(["cmake", "-G", "Ninja", "-S", source, "-B", os.path.join(folder, "build"), "-DGGML_NATIVE=ON",
                        "-DCMAKE_BUILD_TYPE=Release", *off], check=True, env=environment, stdout=subprocess.DEVNULL)
        subprocess.run(["cmake", "--build", os.path.join(folder, "build"), "--target", "llama-server"], check=True,
                       env=environment, stdout=subprocess.DEVNULL)
        os.makedirs(os.path.dirname(binary), exist_ok=True)
        os.replace(os.path.join(folder, "build", "bin", "llama-server"), binary + ".new")
        os.replace(binary + ".new", binary)
    return binary


def python_server(python):
    """What the server of llama-cpp-python needs beside the library."""
    if subprocess.run([python, "-c", "import llama_cpp.server.app"], capture_output=True).returncode != 0:
        subprocess.run([python, "-m", "pip", "install", "--quiet", "fastapi", "uvicorn", "sse-starlette", "starlette-context",
                        "pydantic-settings"], check=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def command(program, port, model, options):
    """How a program serves, with room for `slots` requests at a time."""
    slots, threads = max(options.parallel), str(options.threads)
    context = options.prompt_characters + options.tokens + 64
    if program == "fathom":
        return [options.fathom, "serve", "--model", model, "--port", str(port), "--parallel", str(slots), "--threads", threads,
                "--context", str(context), "--cache-disk", "0"] + options.fathom_options.split()
    if options.python_server:
        return [options.python, "-m", "llama_cpp.server", "--model", model, "--port", str(port), "--n_threads", threads,
                "--n_threads_batch", threads, "--n_ctx", str(context), "--flash_attn", "true"]
    return [options.server, "-m", model, "--port", str(port), "-np", str(slots), "-c", str(slots * context), "-t", threads,
            "-tb", threads, "-fa", "on", "--no-context-shift", "--cache-ram", "0", "--slots"]


@contextlib.contextmanager
def serving(program, model, options):
    """A server that answers; gives its port."""
    port = free_port()
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command(program, port, model, options), stdout=log, stderr=log)
        try:
            while not healthy(port):
                if process.poll() is not None:
                    log.seek(0)
                    sys.exit(f"{program} ended with status {process.returncode}:\n{log.read().decode(errors='replace')[-3000:]}")
                time.sleep(0.2)
            yield port, process.pid
        finally:
            process.terminate()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()


def healthy(port):
    for path in ("/health", "/v1/models"):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                return answer.status == 200
        except urllib.error.HTTPError as error:
            if error.code != 404:
                return False
        except OSError:
            return False
    return False


def prompts(options, count, seed):
    """Random words, so that no two prompts begin alike."""
    generator = random.Random(seed)
    letters = "abcdefghijklmnopqrstuvwxyz"
    return ["".join(" " if place % 6 == 5 else generator.choice(letters) for place in range(options.prompt_characters))
            for _ in range(count)]


async def ask(port, prompt, options):
    """One streamed answer: seconds to its first event and to its end, tokens of prompt and answer."""
    body = json.dumps({
        "model": "any", "prompt": prompt, "max_tokens": options.tokens, "temperature": 0, "stream": True, "ignore_eos": True,
        "cache_prompt": False, "stream_options": {"include_usage": True}}).encode()
    begin = time.perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                     b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        head = await reader.readuntil(b"\r\n\r\n")
        if head.split()[1] != b"200":
            sys.exit(f"expected an answer, found {head.decode()}{(await reader.read()).decode()}")
        first, events, usage = None, 0, None
        while line := await reader.readline():
            if not line.startswith(b"data: ") or line.startswith(b"data: [DONE]"):
                continue
            event = json.loads(line[6:])
            usage = event.get("usage") or usage
            if event.get("choices"):
                events += 1
                first = first or time.perf_counter() - begin
        # A server that tells no usage sends an event for each token, and one that says why it ends.
        usage = usage or {"prompt_tokens": None, "completion_tokens": events - 1}
        return {"first_seconds": first, "seconds": time.perf_counter() - begin, "prompt_tokens": usage["prompt_tokens"],
                "tokens": usage["completion_tokens"]}
    finally:
        writer.close()


async def round_of(port, clients, texts, options):
    """`clients` at a time until all texts are answered."""
    waiting = iter(texts)

    async def client():
        return [await ask(port, text, options) for text in waiting]

    begin = time.perf_counter()
    answers = sum(await asyncio.gather(*(client() for _ in range(clients))), [])
    return answers, time.perf_counter() - begin


def measure(program, model, options):
    """What one process of a program does with each number of clients."""
    with serving(program, model, options) as (port, pid):
        warm = max(options.parallel)
        asyncio.run(round_of(port, warm, prompts(options, 2 * warm, seed=0), options))
        cases = []
        for clients in options.parallel:
            texts = prompts(options, max(clients * options.rounds, options.rounds), seed=clients)
            answers, seconds = asyncio.run(round_of(port, clients, texts, options))
            tokens = [answer["tokens"] for answer in answers]
            cases.append({
                "clients": clients, "requests": len(answers), "seconds": seconds, "tokens": sum(tokens),
                "fewest_tokens": min(tokens), "prompt_tokens": statistics.mean(a["prompt_tokens"] or 0 for a in answers),
                "tokens_per_second": sum(tokens) / seconds,
                "first_token_seconds": spread([answer["first_seconds"] for answer in answers]),
                "answer_seconds": spread([answer["seconds"] for answer in answers])})
        return {"cases": cases, "peak_resident_bytes": peak_bytes(pid)}


def peak_bytes(pid):
    with open(f"/proc/{pid}/status") as status:
        return next((int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:")), 0)


def summary(name, model, options, pairs):
    def row(clients):
        def cases(program):
            return [next(c for c in pair[program]["cases"] if c["clients"] == clients) for pair in pairs]

        ours, theirs = cases("fathom"), cases("peer")
        speeds = [(a["tokens_per_second"], b["tokens_per_second"]) for a, b in zip(ours, theirs)]
        firsts = [(a["first_token_seconds"]["median"], b["first_token_seconds"]["median"]) for a, b in zip(ours, theirs)]
        return {"clients": clients, "fathom": spread([a for a, _ in speeds]), "peer": spread([b for _, b in speeds]),
                "ratio": spread([a / b for a, b in speeds]),
                "first_token_seconds": {"fathom": spread([a for a, _ in firsts]), "peer": spread([b for _, b in firsts])}}

    return {"file": name, "bytes": os.path.getsize(model), "tokens": options.tokens, "cases": [row(n) for n in options.parallel],
            "pairs": pairs}


def show(result, peer):
    print(f"\n{result['file']}, {len(result['pairs'])} pairs, {result['tokens']} tokens an answer")
    print(f"  {'clients':>8s}{'Fathom tok/s':>15s}{peer + ' tok/s':>24s}{'ratio':>8s}{'min…max':>14s}{'first token, s':>20s}")
    for row in result["cases"]:
        ratio, first = row["ratio"], row["first_token_seconds"]
        print(f"  {row['clients']:8d}{row['fathom']['median']:15.1f}{row['peer']['median']:24.1f}{ratio['median']:8.2f}"
              f"{ratio['min']:8.2f}…{ratio['max']:<5.2f}{first['fathom']['median']:12.2f} {first['peer']['median']:7.2f}")
    sys.stdout.flush()


COLUMNS = ["clients", "pair", "fathom", "peer", "ratio", "fathom_first_token_s", "peer_first_token_s"]


def rows(result):
    """One for each number of clients and pair."""
    for number, pair in enumerate(result["pairs"]):
        for ours, theirs in zip(pair["fathom"]["cases"], pair["peer"]["cases"]):
            speeds = ours["tokens_per_second"], theirs["tokens_per_second"]
            firsts = ours["first_token_seconds"]["median"], theirs["first_token_seconds"]["median"]
            yield [ours["clients"], number + 1, *(f"{s:.3f}" for s in speeds), f"{speeds[0] / speeds[1]:.3f}",
                   *(f"{s:.3f}" for s in firsts)]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="v2-lite-q4_0", help="a file of compare.py, fabricated where it is missing")
    parser.add_argument("--model", help="a GGUF file of your own")
    parser.add_argument("--parallel", default="1,4,16", help="numbers of clients, comma separated")
    parser.add_argument("--rounds", type=int, default=2, help="requests of each client")
    parser.add_argument("--prompt-characters", type=int, default=100, help="length of a prompt")
    parser.add_argument("--tokens", type=int, default=64, help="tokens of an answer")
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--fathom", default=os.path.join(ROOT, ".build", "release", "fathom"))
    parser.add_argument("--fathom-options", default="", help="further options of fathom serve, as one text")
    parser.add_argument("--models", default=os.path.join(CACHE, "models"), help="folder of the fabricated files")
    parser.add_argument("--peer", default=os.environ.get("FATHOM_PEER", os.path.join(CACHE, "llama.cpp")),
                        help="virtual environment of llama-cpp-python")
    parser.add_argument("--python-server", action="store_true", help="compare with llama-cpp-python's own server")
    parser.add_argument("--prepare", action="store_true", help="make the peer and the file, and measure nothing")
    parser.add_argument("--name", help="part of the names of the result files (default: the peer's)")
    parser.add_argument("--results", default=os.path.join(HERE, "results"))
    options = parser.parse_args()
    options.parallel = [int(number) for number in options.parallel.split(",")]
    return options


def main():
    options = arguments()
    machine = compare.cpu()
    options.python = compare.peer_python(options.peer)
    peer = compare.peer_facts(options.python, "peer_llama.py", machine)
    if options.python_server:
        python_server(options.python)
        peer["name"] = "llama-cpp-python-server"
    else:
        options.server = server_binary(options.python)
        peer["name"] = "llama-server"
        peer["version"] = subprocess.run([options.server, "--version"], capture_output=True, text=True).stderr.strip()
    name = os.path.basename(options.model) if options.model else options.only
    model = options.model or compare.model_file(name, options)
    if options.prepare:
        return
    date = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
    report = {"date": date, "commit": compare.commit(), "cpu": machine, "threads": options.threads,
              "fathom": compare.fathom_version(options), "peer": peer, "files": []}
    os.makedirs(options.results, exist_ok=True)
    path = os.path.join(options.results, f"{date[:10]}-{options.name or peer['name']}-{name.removesuffix('.gguf')}")
    pairs = []
    for number in range(options.pairs):
        pair = {}
        # Who goes first alternates, so that what drifts favours neither.
        for program in ("peer", "fathom") if number % 2 == 0 else ("fathom", "peer"):
            note(f"{name}, pair {number + 1} of {options.pairs}: {program}")
            pair[program] = measure(program, model, options)
        pairs.append(pair)
        result = summary(name, model, options, pairs)
        save(dict(report, files=[result]), path, COLUMNS, rows)
    show(result, peer["name"])
    print(f"\nwritten: {os.path.relpath(path)}.json and .csv")


if __name__ == "__main__":
    main()
