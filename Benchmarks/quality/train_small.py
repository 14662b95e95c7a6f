"""Trains a small DeepSeek-V3-shaped network on the source files of Python's standard library, so that formats can be compared
on weights with structure. Needs torch, transformers and tokenizers; everything else is on the machine.

    python Benchmarks/quality/train_small.py OUT [--minutes 15]

OUT becomes a checkpoint folder in the official layout; OUT/heldout.json holds 16 windows of 256 tokens it has not seen.
"""
import argparse
import glob
import json
import os
import random
import shutil
import sysconfig
import time

import torch
from tokenizers import Tokenizer
from transformers import DeepseekV3Config, DeepseekV3ForCausalLM

HERE = os.path.dirname(os.path.abspath(__file__))
TOKENIZER = os.path.join(HERE, "../../Tests/Golden/checkpoints/deepseek_v3_mtp")
WINDOW, BATCH, SEED = 256, 8, 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out")
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(SEED)
    random.seed(SEED)
    tokenizer = Tokenizer.from_file(os.path.join(TOKENIZER, "tokenizer.json"))
    files = sorted(glob.glob(os.path.join(sysconfig.get_paths()["stdlib"], "*.py")))
    random.shuffle(files)
    texts = [open(f, errors="ignore").read() for f in files]
    ids = [tokenizer.encode(t, add_special_tokens=False).ids for t in texts[:150]]
    held = [t for text in ids[:10] for t in text]
    data = torch.tensor([t for text in ids[10:] for t in text])
    print(f"{len(data)} tokens to learn from, {len(held)} held out", flush=True)

    config = DeepseekV3Config(
        vocab_size=512, hidden_size=256, intermediate_size=768, moe_intermediate_size=256, num_hidden_layers=4,
        num_attention_heads=8, num_key_value_heads=8, n_shared_experts=1, n_routed_experts=16, num_experts_per_tok=4,
        n_group=4, topk_group=2, first_k_dense_replace=1, kv_lora_rank=256, q_lora_rank=256, qk_rope_head_dim=32,
        qk_nope_head_dim=64, v_head_dim=64, max_position_embeddings=2048, routed_scaling_factor=2.5, norm_topk_prob=True,
        rope_scaling=None, rope_theta=10000.0, tie_word_embeddings=False, num_nextn_predict_layers=0,
        bos_token_id=0, eos_token_id=1)
    model = DeepseekV3ForCausalLM(config)
    print(f"{sum(p.numel() for p in model.parameters()) / 1e6:.1f} M parameters", flush=True)
    optimiser = torch.optim.AdamW(model.parameters(), lr=1.5e-3, betas=(0.9, 0.95), weight_decay=0.05)
    start, step = time.time(), 0
    while True:
        share = (time.time() - start) / 60 / options.minutes
        if share >= 1:
            break
        for group in optimiser.param_groups:
            group["lr"] = 1.5e-3 * min(1, (step + 1) / 50) * (1 if share < 0.6 else max(0.02, (1 - share) / 0.4))
        at = torch.randint(0, len(data) - WINDOW - 1, (BATCH,))
        x = torch.stack([data[a:a + WINDOW] for a in at])
        loss = model(input_ids=x, labels=x).loss
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        step += 1
        if step % 50 == 0:
            print(f"step {step}, {step * BATCH * WINDOW} tokens, loss {loss.item():.3f}, {time.time() - start:.0f} s", flush=True)
    model.to(torch.bfloat16).save_pretrained(options.out)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(os.path.join(TOKENIZER, name), options.out)
    windows = [held[i * WINDOW:(i + 1) * WINDOW] for i in range(16)]
    with open(os.path.join(options.out, "heldout.json"), "w") as file:
        json.dump(windows, file)


if __name__ == "__main__":
    main()
