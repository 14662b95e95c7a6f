"""Seconds to the first token of a long prompt: computed, from memory, from disk after a restart, and from disk with a block gone bad.

    make restart                                         V2-Lite in Q4_0, random weights, 1,000 tokens
    python3 Benchmarks/restart.py --model FOLDER_OR_FILE --tokens 4000 [--program .build/release/fathom] [--to FILE.json]

The same streamed completion each time, with probabilities: text and probabilities have to be equal to the last bit, whatever was read from where.
"""
import argparse
import atexit
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import time
import urllib.request

from compare import CACHE, ROOT


class Server:
    def __init__(self, program, model, folder, context):
        self.process = subprocess.Popen([program, "serve", "--model", model, "--port", "0", "--context", str(context), "--cache-dir", folder],
                                        stdout=subprocess.PIPE, text=True)
        atexit.register(self.process.kill)
        line = self.process.stdout.readline()
        if not (match := re.search(r"http://\S+", line)):
            sys.exit(f"the server did not start: {line!r}")
        self.url = match.group(0)

    def ask(self, tokens):
        """One streamed completion: seconds to its first event, what came, and how many tokens of the prompt were cached."""
        body = {"prompt": tokens, "max_tokens": 8, "temperature": 0, "stream": True, "logprobs": 5, "stream_options": {"include_usage": True}}
        request = urllib.request.Request(self.url + "/v1/completions", json.dumps(body).encode(), {"Content-Type": "application/json"})
        begin, first, texts, usage = time.monotonic(), None, [], None
        with urllib.request.urlopen(request) as reply:
            for line in reply:
                if not line.startswith(b"data: {"):
                    continue
                event = json.loads(line[6:])
                usage = event.get("usage") or usage
                for choice in event["choices"]:
                    if choice.get("logprobs"):
                        first = first or time.monotonic() - begin
                        texts.append((choice["text"], choice["logprobs"]))
        return first, texts, usage["prompt_tokens_details"]["cached_tokens"]

    def saved(self):
        with urllib.request.urlopen(self.url + "/metrics") as reply:
            return float(re.search(r"disk_cache_saved_total (\d\S*)", reply.read().decode()).group(1))

    def stop(self):
        self.process.terminate()
        self.process.wait(60)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=os.path.join(CACHE, "models", "v2-lite-q4_0.gguf"), help="made where it is missing")
    parser.add_argument("--tokens", type=int, default=1000)
    parser.add_argument("--program", default=os.path.join(ROOT, ".build", "release", "fathom"))
    parser.add_argument("--to", help="JSON file")
    a = parser.parse_args()
    if not os.path.exists(a.model):
        os.makedirs(os.path.dirname(a.model), exist_ok=True)
        subprocess.run([a.program, "bench", "--fabricate", "v2-lite", "--format", "q4_0", "-o", a.model], check=True)
    random.seed(1)
    tokens = [random.randrange(1000, 30_000) for _ in range(a.tokens)]
    other = [random.randrange(1000, 30_000) for _ in range(8)]
    rows, blocks = [], (a.tokens - 1) // 64
    with tempfile.TemporaryDirectory() as folder:
        reference = None

        def run(*names, damage=False):
            nonlocal reference
            if damage:
                # The block in the middle: what is before it is read, what is behind it computed.
                files = sorted(pathlib.Path(folder).rglob("*.block"), key=lambda file: file.stat().st_mtime_ns)
                with open(files[blocks // 2], "r+b") as file:
                    file.seek(-100, os.SEEK_END)
                    file.write(b"damaged")
            server = Server(a.program, a.model, folder, a.tokens + 64)
            server.ask(other)
            for name in names:
                seconds, texts, cached = server.ask(tokens)
                rows.append(dict(name=name, first_token_seconds=seconds, cached_tokens=cached, same=not rows or texts == reference))
                if len(rows) == 1:
                    reference = texts
                print(f"{name:40} {seconds:7.2f} s to the first token, {cached:5} of {a.tokens} tokens cached, "
                      f"{'the same bits' if rows[-1]['same'] else 'OTHER BITS'}", flush=True)
            deadline = time.monotonic() + 60
            while len(names) > 1 and server.saved() < blocks and time.monotonic() < deadline:
                time.sleep(0.1)
            server.stop()

        run("computed", "again, from memory")
        run("after a restart, from disk")
        run("after a restart, a block damaged", damage=True)
        run("after a restart, the block written again")
    if a.to:
        with open(a.to, "w") as file:
            json.dump(dict(model=os.path.basename(a.model), tokens=a.tokens, rows=rows), file, indent=1)
    expected = [0, blocks, blocks, blocks // 2, blocks]
    if not all(row["same"] for row in rows) or [row["cached_tokens"] // 64 for row in rows] != expected:
        sys.exit(f"expected the same bits, and {expected} blocks cached")


main()
