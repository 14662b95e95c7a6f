"""Measures transformers on random bf16 weights in DeepSeek-V2-Lite's shape. Run by compare.py with --torch PYTHON.

    python peer_torch.py '{"model": ".../v2-lite-8-bf16.gguf", "threads": 2, "repetitions": 2, "cases": [
        {"phase": "decode", "tokens": 16, "depth": 0, "batch": 1}]}'

The file only names the shape, as many layers as its name says: no GGUF is read. Needs torch and transformers.
"""
import json
import os
import re
import statistics
import sys
import time

import torch
import transformers
from transformers import DeepseekV2Config, DeepseekV2ForCausalLM, DynamicCache


def facts():
    return {"name": "transformers", "version": transformers.__version__, "torch": torch.__version__,
            "capability": torch.backends.cpu.get_cpu_capability()}


def peak_bytes():
    with open("/proc/self/status") as status:
        return next((int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:")), 0)


def make_model(path):
    match = re.search(r"v2-lite(?:-(\d+))?-bf16", os.path.basename(path))
    if not match:
        sys.exit(f"{path}: expected a file named v2-lite-bf16 or v2-lite-N-bf16")
    config = DeepseekV2Config(
        vocab_size=102400, hidden_size=2048, intermediate_size=10944, moe_intermediate_size=1408,
        num_hidden_layers=int(match.group(1) or 27), num_attention_heads=16, num_key_value_heads=16, n_shared_experts=2,
        n_routed_experts=64, num_experts_per_tok=6, routed_scaling_factor=1.0, kv_lora_rank=512, q_lora_rank=None,
        qk_rope_head_dim=64, qk_nope_head_dim=128, v_head_dim=128, n_group=1, topk_group=1, topk_method="greedy",
        norm_topk_prob=False, first_k_dense_replace=1, max_position_embeddings=163840)
    torch.manual_seed(1)
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16)
    # Nobody's initialisation: it would take minutes in a single thread.
    with transformers.initialization.no_init_weights():
        model = DeepseekV2ForCausalLM(config)
    torch.set_default_dtype(before)
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if weights.dim() == 1:
                weights.fill_(1)
            else:
                bound = (3 / (1 if "embed" in name else weights.shape[-1])) ** 0.5
                weights.uniform_(-bound, bound)
    return model.eval()


def measure(model, case, repetitions, warm_up):
    phase, tokens, depth, batch = case["phase"], case["tokens"], case["depth"], case["batch"]

    def draw(count):
        return torch.randint(0, model.config.vocab_size, (batch, count))

    def run(cache):
        start = time.perf_counter()
        if phase == "prefill":
            model(draw(tokens), past_key_values=cache, use_cache=True, logits_to_keep=1)
        else:
            for _ in range(tokens):
                model(draw(1), past_key_values=cache, use_cache=True)
        seconds = time.perf_counter() - start
        if depth:
            cache.crop(-tokens)
        return seconds

    def new_cache():
        cache = DynamicCache()
        for begin in range(0, depth, 512):
            model(draw(min(512, depth - begin)), past_key_values=cache, use_cache=True, logits_to_keep=1)
        return cache

    cache = new_cache()
    start = time.perf_counter()
    while True:
        run(cache if depth else DynamicCache())
        if time.perf_counter() - start >= warm_up:
            break
    speeds = []
    for _ in range(repetitions):
        speeds.append(tokens * batch / run(cache if depth else DynamicCache()))
    return dict(case, tokens_per_second=statistics.median(speeds))


def main():
    if len(sys.argv) == 1:
        print(json.dumps(facts()))
        return
    plan = json.loads(sys.argv[1])
    torch.set_num_threads(plan["threads"])
    start = time.perf_counter()
    model = make_model(plan["model"])
    with torch.no_grad():
        model(torch.tensor([[1]]))
        load_seconds = time.perf_counter() - start
        cases = [measure(model, case, plan["repetitions"], plan["warm_up"]) for case in plan["cases"]]
    print(json.dumps({"load_seconds": load_seconds, "peak_resident_bytes": peak_bytes(), "cases": cases}))


if __name__ == "__main__":
    main()
