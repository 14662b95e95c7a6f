"""Training speed of Fathom beside PyTorch on the CPU: the same network, the same batches, alternating.

    python3 Benchmarks/training.py --python PYTHON [--pairs 5] [--precision fp32,bf16] [--threads 2]

PYTHON has torch and transformers. Network: hidden 256, 6 layers (the first dense), 16 experts of width 256 of which a token meets 2, one
shared, 4 heads, kv_lora 64, q_lora 96, nope 32, rope 16, v 32, vocabulary 4096; 8 rows of 256 tokens; AdamW. PyTorch runs transformers'
DeepseekV3ForCausalLM with grouped matrix products, in bf16 under autocast. Results go to Benchmarks/results.
"""
import argparse
import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
FATHOM = os.path.join(os.path.dirname(HERE), ".build", "release", "fathom")

RUN = """
model: {vocab_size: 4096, hidden_size: 256, num_hidden_layers: 6, num_attention_heads: 4, kv_lora_rank: 64, q_lora_rank: 96,
  qk_nope_head_dim: 32, qk_rope_head_dim: 16, v_head_dim: 32, intermediate_size: 1024, moe_intermediate_size: 256,
  n_routed_experts: 16, num_experts_per_tok: 2, n_shared_experts: 1, first_k_dense_replace: 1, num_nextn_predict_layers: 0,
  max_position_embeddings: 1024}
tasks: [{family: words}]
sequence_len: 256
micro_batch_size: 8
max_steps: 1000
optimizer: adamw
learning_rate: 0.001
mtp_loss_weight: 0
balance_loss_weight: 0
prompt_loss_weight: 1
"""

PEER = r"""
import sys, time, statistics, torch
from transformers import DeepseekV3Config, DeepseekV3ForCausalLM
precision, threads, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
torch.set_num_threads(threads)
torch.manual_seed(1)
config = DeepseekV3Config(vocab_size=4096, hidden_size=256, intermediate_size=1024, moe_intermediate_size=256, num_hidden_layers=6,
    num_attention_heads=4, num_key_value_heads=4, n_shared_experts=1, n_routed_experts=16, routed_scaling_factor=1.0, kv_lora_rank=64,
    q_lora_rank=96, qk_rope_head_dim=16, v_head_dim=32, qk_nope_head_dim=32, n_group=1, topk_group=1, num_experts_per_tok=2,
    first_k_dense_replace=1, norm_topk_prob=True, max_position_embeddings=1024)
best = None
for implementation in ("grouped_mm", "batched_mm", "eager"):
    try:
        config._experts_implementation = implementation
        model = DeepseekV3ForCausalLM(config).train()
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.95), weight_decay=0.1, foreach=True)
        tokens = torch.randint(0, 4096, (8, 257))
        def step():
            with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
                logits = model(tokens[:, :-1], use_cache=False).logits
            loss = torch.nn.functional.cross_entropy(logits.float().flatten(0, 1), tokens[:, 1:].flatten())
            optimizer.zero_grad(); loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
        step(); step()
        begin, times = time.time(), []
        while time.time() - begin < seconds:
            t = time.time(); step(); times.append(time.time() - t)
        speed = 2048 / statistics.median(times)
        if best is None or speed > best[1]: best = (implementation, speed)
    except Exception as error:
        print(implementation, type(error).__name__, str(error)[:100], file=sys.stderr)
print(best[0], best[1])
"""


def fathom(precision, threads, folder):
    path = os.path.join(folder, "run.yaml")
    open(path, "w").write(RUN + f"precision: {precision}\n")
    out = subprocess.run([FATHOM, "train", "plan", "-c", path, "-t", str(threads), "--json"], check=True, capture_output=True, text=True)
    return json.loads(out.stdout)


def cpu():
    """Name, family and model of the processor, where Linux tells."""
    if not os.path.exists("/proc/cpuinfo"):
        return {}
    lines = (line.split(":", 1) for line in open("/proc/cpuinfo") if ":" in line)
    return {key.strip(): value.strip() for key, value in lines if key.strip() in ("model name", "cpu family", "model")}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", required=True)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--precision", default="fp32,bf16")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=6)
    options = parser.parse_args()
    versions = subprocess.run([options.python, "-c", "import torch, transformers; print(torch.__version__, transformers.__version__)"],
                              check=True, capture_output=True, text=True).stdout.split()
    report = {"date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"), "machine": platform.machine(),
              "cpu": cpu(), "threads": options.threads, "torch": versions[0], "transformers": versions[1], "results": []}
    with tempfile.TemporaryDirectory() as folder:
        for precision in options.precision.split(","):
            pairs = []
            for pair in range(options.pairs):
                def peer():
                    return subprocess.run([options.python, "-c", PEER, precision, str(options.threads), str(options.seconds)], check=True,
                                          capture_output=True, text=True).stdout.split()
                first_ours = pair % 2 == 0
                ours = fathom(precision, options.threads, folder) if first_ours else None
                theirs = peer()
                ours = ours or fathom(precision, options.threads, folder)
                pairs.append((ours["tokens_per_second"], float(theirs[1]), theirs[0], ours["flops_per_token"]))
                print(f"{precision} pair {pair + 1}: fathom {pairs[-1][0]:.0f}, torch {pairs[-1][1]:.0f} ({theirs[0]}) tokens/s, "
                      f"{pairs[-1][0] / pairs[-1][1]:.2f}", file=sys.stderr, flush=True)
            ratios = sorted(a / b for a, b, _, _ in pairs)
            report["results"].append({
                "precision": precision, "pairs": [{"fathom": ours, "torch": theirs} for ours, theirs, _, _ in pairs], "fathom": statistics.median(p[0] for p in pairs), "torch": statistics.median(p[1] for p in pairs),
                "experts": pairs[0][2], "ratio": {"median": statistics.median(ratios), "min": ratios[0], "max": ratios[-1]},
                "gflops": statistics.median(p[0] * p[3] for p in pairs) / 1e9})
            save(report)
    for result in report["results"]:
        print(f"{result['precision']}: fathom {result['fathom']:.0f}, torch {result['torch']:.0f} tokens/s, ratio "
              f"{result['ratio']['median']:.2f} ({result['ratio']['min']:.2f} to {result['ratio']['max']:.2f}), {result['gflops']:.0f} GFLOP/s")


def save(report):
    name = f"{report['date'][:10]}-torch-training.json"
    with open(os.path.join(HERE, "results", name), "w") as file:
        json.dump(report, file, indent=1)


main()
