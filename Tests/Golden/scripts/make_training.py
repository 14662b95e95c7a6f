"""Ten training steps of PyTorch: a tiny DeepSeek-V3 of transformers, AdamW and Muon, same weights, same tokens.

    python make_training.py OUT        torch, transformers, safetensors; writes OUT/{start,adamw,muon}.safetensors and steps.json

The network is transformers' own `DeepseekV3ForCausalLM`; only the router is checked to be free of dropout and auxiliary losses.
Muon is written here after algorithm 1 of the DeepSeek-V4 report. Loss: mean cross entropy of the next token.
"""
import json
import os
import sys

import torch
import transformers
from safetensors.torch import save_file
from transformers import DeepseekV3Config, DeepseekV3ForCausalLM

CONFIG = dict(
    vocab_size=64, hidden_size=24, intermediate_size=40, moe_intermediate_size=12, num_hidden_layers=3,
    num_attention_heads=3, num_key_value_heads=3, n_shared_experts=1, n_routed_experts=8, routed_scaling_factor=1.5,
    kv_lora_rank=16, q_lora_rank=20, qk_rope_head_dim=4, v_head_dim=6, qk_nope_head_dim=8, n_group=4, topk_group=2,
    num_experts_per_tok=3, first_k_dense_replace=1, norm_topk_prob=True, max_position_embeddings=64, rms_norm_eps=1e-6,
    rope_theta=10000.0, tie_word_embeddings=False)
ROWS, LENGTH, STEPS, RATE, DECAY = 2, 16, 10, 0.003, 0.1


def official(model):
    """The weights under the names of the released checkpoints."""
    out = {}
    for name, value in model.state_dict().items():
        value = value.detach().clone().contiguous()
        if name.endswith("experts.gate_up_proj"):
            stem, half = name[: -len("gate_up_proj")], value.shape[1] // 2
            for e in range(value.shape[0]):
                out[f"{stem}{e}.gate_proj.weight"] = value[e, :half].clone()
                out[f"{stem}{e}.up_proj.weight"] = value[e, half:].clone()
        elif name.endswith("experts.down_proj"):
            for e in range(value.shape[0]):
                out[f"{name[: -len('down_proj')]}{e}.down_proj.weight"] = value[e].clone()
        else:
            out[name] = value
    return {k: v for k, v in out.items() if "rotary" not in k}


def matrices(model):
    """(parameter, slices): the 2-D matrices of the layers; each expert's matrix is one of its own."""
    for name, p in model.named_parameters():
        if not name.startswith("model.layers") or p.dim() < 2 or name.endswith("gate.weight"):
            continue
        if p.dim() == 3:
            half = p.shape[1] // 2
            for e in range(p.shape[0]):
                yield from ((p, (e, slice(0, half))), (p, (e, slice(half, None)))) if "gate_up" in name else ((p, (e,)),)
        else:
            yield p, (slice(None),)


def newton_schulz(x):
    turned = x.shape[0] > x.shape[1]
    x = x.T if turned else x
    x = x / (x.norm() + 1e-7)
    for _ in range(5):
        a = x @ x.T
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * (a @ a)) @ x
    return x.T if turned else x


def build():
    """The network at the start of all runs."""
    torch.manual_seed(7)
    model = DeepseekV3ForCausalLM(DeepseekV3Config(**CONFIG)).float().train()
    with torch.no_grad():
        for name, p in model.named_parameters():
            if "norm" in name:
                p.add_(torch.randn_like(p) * 0.05)
            else:
                p.copy_(torch.randn_like(p) * 0.15)
        for layer in model.model.layers[1:]:
            layer.mlp.gate.e_score_correction_bias.copy_(torch.randn(8) * 0.05)
    return model


def run(optimizer):
    model = build()
    start = official(model)
    decayed = {id(p) for p, _ in matrices(model)}
    groups = [
        dict(params=[p for p in model.parameters() if id(p) in decayed], weight_decay=DECAY),
        dict(params=[p for p in model.parameters() if id(p) not in decayed], weight_decay=0.0)]
    adam = torch.optim.AdamW(groups if optimizer == "adamw" else groups[1:], lr=RATE, betas=(0.9, 0.95), eps=1e-8)
    momentum, losses, norms, batches = {}, [], [], []
    for step in range(STEPS):
        tokens = torch.randint(0, CONFIG["vocab_size"], (ROWS, LENGTH + 1), generator=torch.Generator().manual_seed(100 + step))
        batches.append(tokens.flatten().tolist())
        logits = model(tokens[:, :-1], use_cache=False).logits
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1).float(), tokens[:, 1:].flatten())
        model.zero_grad()
        loss.backward()
        norms.append(float(torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)))
        losses.append(float(loss))
        adam.step()
        if optimizer == "muon":
            with torch.no_grad():
                for p, where in matrices(model):
                    key = (id(p), str(where))
                    g = p.grad[where]
                    m = momentum[key] = 0.95 * momentum.get(key, torch.zeros_like(g)) + g
                    o = newton_schulz(0.95 * m + g) * 0.18 * max(g.shape) ** 0.5
                    p[where] = p[where] * (1 - RATE * DECAY) - RATE * o
    return start, official(model), losses, norms, batches


def main():
    out = sys.argv[1]
    os.makedirs(out, exist_ok=True)
    steps = dict(config={**CONFIG, "model_type": "deepseek_v3", "scoring_func": "sigmoid", "topk_method": "noaux_tc"},
                 rows=ROWS, length=LENGTH, rate=RATE, weight_decay=DECAY, torch=torch.__version__,
                 transformers=transformers.__version__)
    for optimizer in ("adamw", "muon"):
        start, end, losses, norms, batches = run(optimizer)
        save_file(start, f"{out}/start.safetensors", metadata={"format": "pt"})
        save_file(end, f"{out}/{optimizer}.safetensors", metadata={"format": "pt"})
        steps["tokens"] = batches
        steps[optimizer] = dict(losses=losses, gradient_norms=norms)
    json.dump(steps, open(f"{out}/steps.json", "w"))


if __name__ == "__main__":
    main()
