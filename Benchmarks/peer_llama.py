"""Measures llama.cpp on a GGUF file, through llama-cpp-python's C interface. Run by compare.py in the peer's environment.

    python peer_llama.py '{"model": FILE, "threads": 2, "repetitions": 2, "cases": [
        {"phase": "decode", "tokens": 64, "depth": 0, "batch": 1}]}'

Prints one JSON object. Cases mean what they mean to `fathom bench`: random tokens, no sampling, logits behind the last
token of a prefill and behind every token of a decode, the cache cut back to the depth after each repetition.
"""
import ctypes
import glob
import json
import os
import random
import statistics
import sys
import time

import llama_cpp

CHUNK = 512  # tokens of one prefill step, llama.cpp's own default


def facts():
    """What the build says of itself."""
    library = glob.glob(os.path.join(os.path.dirname(llama_cpp.__file__), "lib", "libggml-base.so*"))
    commit = None
    if library:
        try:
            ask = ctypes.CDLL(library[0]).ggml_commit
            ask.restype = ctypes.c_char_p
            commit = ask().decode()
        except (OSError, AttributeError):
            pass
    return {"name": "llama.cpp", "binding": llama_cpp.__version__, "ggml_commit": commit,
            "system_info": llama_cpp.llama_print_system_info().decode().strip()}


def peak_bytes():
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


class Peer:
    def __init__(self, model, threads):
        llama_cpp.llama_backend_init()
        # Kept, so that it isn't collected: what llama.cpp says goes nowhere.
        self.quiet = llama_cpp.llama_log_callback(lambda level, text, data: None)
        llama_cpp.llama_log_set(self.quiet, None)
        start = time.perf_counter()
        parameters = llama_cpp.llama_model_default_params()
        self.model = llama_cpp.llama_model_load_from_file(model.encode(), parameters)
        if not self.model:
            sys.exit(f"llama.cpp can't load {model}")
        self.threads = threads
        self.vocabulary = llama_cpp.llama_vocab_n_tokens(llama_cpp.llama_model_get_vocab(self.model))
        self.random = random.Random(1)
        self.context = None
        self.open(depth=0, tokens=1, batch=1)
        self.step([1], logits=True)
        self.load_seconds = time.perf_counter() - start

    def open(self, depth, tokens, batch):
        """A context with room for `batch` sequences, each `depth` tokens long already."""
        if self.context:
            llama_cpp.llama_free(self.context)
        parameters = llama_cpp.llama_context_default_params()
        parameters.n_ctx = (depth + tokens + 256) // 256 * 256 * batch
        parameters.n_batch = parameters.n_ubatch = max(CHUNK, batch)
        parameters.n_seq_max = batch
        parameters.n_threads = parameters.n_threads_batch = self.threads
        parameters.flash_attn_type = 1  # on
        parameters.no_perf = True
        self.context = llama_cpp.llama_init_from_model(self.model, parameters)
        if not self.context:
            sys.exit("llama.cpp can't make a context")
        self.memory = llama_cpp.llama_get_memory(self.context)
        self.depths = [0] * batch
        while self.depths[0] < depth:
            count = min(CHUNK, depth - self.depths[0])
            for sequence in range(batch):
                self.step([count if sequence == other else 0 for other in range(batch)], logits=False)

    def step(self, counts, logits):
        """`counts[s]` new random tokens for sequence s, with or without the logits behind the last of each."""
        total = sum(counts)
        batch = llama_cpp.llama_batch_init(total, 0, 1)
        batch.n_tokens = total
        row = 0
        for sequence, count in enumerate(counts):
            for offset in range(count):
                batch.token[row] = self.random.randrange(self.vocabulary)
                batch.pos[row] = self.depths[sequence] + offset
                batch.n_seq_id[row] = 1
                batch.seq_id[row][0] = sequence
                batch.logits[row] = int(logits and offset == count - 1)
                row += 1
            self.depths[sequence] += count
        status = llama_cpp.llama_decode(self.context, batch)
        llama_cpp.llama_synchronize(self.context)
        llama_cpp.llama_batch_free(batch)
        if status != 0:
            sys.exit(f"llama_decode failed with status {status}")

    def run(self, phase, tokens, batch):
        """Seconds for new tokens of every sequence; the cache is as deep as before."""
        depths = list(self.depths)
        start = time.perf_counter()
        if phase == "decode":
            for _ in range(tokens):
                self.step([1] * batch, logits=True)
        else:
            chunk = max(1, CHUNK // batch)
            for begin in range(0, tokens, chunk):
                count = min(chunk, tokens - begin)
                self.step([count] * batch, logits=begin + count == tokens)
        seconds = time.perf_counter() - start
        for sequence, depth in enumerate(depths):
            llama_cpp.llama_memory_seq_rm(self.memory, sequence, depth, -1)
        self.depths = depths
        return seconds

    def measure(self, case, repetitions, warm_up):
        phase, tokens, batch = case["phase"], case["tokens"], case["batch"]
        self.open(case["depth"], tokens, batch)
        start = time.perf_counter()
        while True:
            self.run(phase, min(tokens, 4 if phase == "decode" else CHUNK // batch), batch)
            if time.perf_counter() - start >= warm_up:
                break
        speeds = [tokens * batch / self.run(phase, tokens, batch) for _ in range(repetitions)]
        return dict(case, tokens_per_second=statistics.median(speeds))


def main():
    if len(sys.argv) == 1:
        print(json.dumps(facts()))
        return
    plan = json.loads(sys.argv[1])
    peer = Peer(plan["model"], plan["threads"])
    cases = [peer.measure(case, plan["repetitions"], plan["warm_up"]) for case in plan["cases"]]
    print(json.dumps({"load_seconds": peer.load_seconds, "peak_resident_bytes": peak_bytes(), "cases": cases}))


if __name__ == "__main__":
    main()
