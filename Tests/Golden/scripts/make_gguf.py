"""Golden GGUF files: tiny checkpoints in the layouts of GGUF files, and what llama.cpp makes of them.

    pip install gguf safetensors numpy llama-cpp-python
    python Tests/Golden/scripts/make_gguf.py Tests/Golden/checkpoints Tests/Golden/gguf

NAME.gguf is made from the checkpoint of the same name: Q8_0 where a row fills whole blocks, else F32. expected.json holds,
for each file, a prompt, 16 greedy tokens and the logits behind the prompt, computed by llama.cpp in one thread with an F32
cache; and the same for files with nothing but F32 in them, which are not kept.
"""
import ctypes
import json
import os
import sys
import tempfile

import gguf
import llama_cpp
import numpy as np
import safetensors
import torch
from safetensors.torch import load_file

# Checkpoint, architecture, and whether keys and values of latent attention come apart.
FILES = [("deepseek_v2_lite", "deepseek2", False), ("deepseek_v3_norope_scaling", "deepseek2", True),
         ("qwen2", "qwen2", False), ("llama3", "llama", False)]
PROMPT = [0, 263, 292, 117, 176, 76, 309, 45, 200, 411]
BLOCK = {
    "input_layernorm.weight": "attn_norm.weight", "post_attention_layernorm.weight": "ffn_norm.weight",
    "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output", "self_attn.q_a_proj": "attn_q_a", "self_attn.q_a_layernorm": "attn_q_a_norm",
    "self_attn.q_b_proj": "attn_q_b", "self_attn.kv_a_proj_with_mqa": "attn_kv_a_mqa",
    "self_attn.kv_a_layernorm": "attn_kv_a_norm", "self_attn.kv_b_proj": "attn_kv_b", "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down", "mlp.gate.weight": "ffn_gate_inp.weight",
    "mlp.gate.e_score_correction_bias": "exp_probs_b.bias", "mlp.shared_experts.gate_proj": "ffn_gate_shexp",
    "mlp.shared_experts.up_proj": "ffn_up_shexp", "mlp.shared_experts.down_proj": "ffn_down_shexp",
}
WHOLE = {"model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight",
         "lm_head.weight": "output.weight"}


def pairs_first(w, heads):
    """Rows of halves as rows of neighbouring pairs, as the converter of Llama models orders them."""
    return w.reshape(heads, 2, w.shape[0] // heads // 2, *w.shape[1:]).swapaxes(1, 2).reshape(w.shape)


def tensors_of(weights, config, architecture, split):
    out = {}
    for name, value in weights.items():
        w = value.to(torch.float32).numpy()
        if name in WHOLE:
            out[WHOLE[name]] = w
            continue
        _, _, layer, rest = name.split(".", 3)
        block = f"blk.{layer}"
        if architecture == "llama" and rest.startswith(("self_attn.q_proj", "self_attn.k_proj")):
            heads = config["num_attention_heads" if "q_proj" in rest else "num_key_value_heads"]
            w = pairs_first(w, heads)
        if rest.startswith("mlp.experts."):
            _, _, expert, part, _ = rest.split(".")
            key = f"{block}.ffn_{part.removesuffix('_proj')}_exps.weight"
            out.setdefault(key, [None] * config["n_routed_experts"])[int(expert)] = w
            continue
        if split and rest == "self_attn.kv_b_proj.weight":
            nope, value_width = config["qk_nope_head_dim"], config["v_head_dim"]
            w = w.reshape(config["num_attention_heads"], nope + value_width, -1)
            out[f"{block}.attn_k_b.weight"] = np.ascontiguousarray(w[:, :nope].swapaxes(1, 2))
            out[f"{block}.attn_v_b.weight"] = np.ascontiguousarray(w[:, nope:])
            continue
        key = next(k for k in sorted(BLOCK, key=len, reverse=True) if rest.startswith(k))
        out[f"{block}.{BLOCK[key]}{rest[len(key):]}"] = w
    return {k: np.stack(v) if isinstance(v, list) else v for k, v in out.items()}


def add_metadata(writer, config, architecture, split):
    def put(key, value):
        full = f"{architecture}.{key}"
        (writer.add_float32 if isinstance(value, float) else writer.add_bool if isinstance(value, bool)
         else writer.add_string if isinstance(value, str) else writer.add_uint32)(full, value)

    put("block_count", config["num_hidden_layers"])
    put("context_length", config["max_position_embeddings"])
    put("embedding_length", config["hidden_size"])
    put("feed_forward_length", config["intermediate_size"])
    put("attention.head_count", config["num_attention_heads"])
    put("attention.layer_norm_rms_epsilon", float(config["rms_norm_eps"]))
    put("rope.freq_base", float(config["rope_theta"]))
    put("vocab_size", config["vocab_size"])
    if architecture != "deepseek2":
        put("attention.head_count_kv", config["num_key_value_heads"])
        put("rope.dimension_count", config["hidden_size"] // config["num_attention_heads"])
        return
    nope, rope, rank, value = (config[k] for k in ("qk_nope_head_dim", "qk_rope_head_dim", "kv_lora_rank", "v_head_dim"))
    put("attention.head_count_kv", 1 if split else config["num_attention_heads"])
    put("attention.q_lora_rank", config["q_lora_rank"] or 0)
    put("attention.kv_lora_rank", rank)
    put("attention.key_length", rank + rope if split else nope + rope)
    put("attention.value_length", rank if split else value)
    if split:
        put("attention.key_length_mla", nope + rope)
        put("attention.value_length_mla", value)
    put("rope.dimension_count", rope)
    put("leading_dense_block_count", config["first_k_dense_replace"])
    put("expert_feed_forward_length", config["moe_intermediate_size"])
    put("expert_count", config["n_routed_experts"])
    put("expert_used_count", config["num_experts_per_tok"])
    put("expert_shared_count", config["n_shared_experts"])
    put("expert_weights_scale", float(config["routed_scaling_factor"]))
    put("expert_weights_norm", bool(config["norm_topk_prob"]))
    put("expert_gating_func", 2 if config.get("scoring_func") == "sigmoid" else 1)
    scaling = config.get("rope_scaling")
    if scaling:
        put("rope.scaling.type", "yarn")
        put("rope.scaling.factor", float(scaling["factor"]))
        put("rope.scaling.original_context_length", scaling["original_max_position_embeddings"])
        put("rope.scaling.yarn_log_multiplier", 0.1 * scaling["mscale_all_dim"])


def add_tokenizer(writer, folder):
    document = json.load(open(os.path.join(folder, "tokenizer.json")))
    added = {t["id"]: t for t in document["added_tokens"]}
    vocabulary = {i: t for t, i in document["model"]["vocab"].items()} | {i: t["content"] for i, t in added.items()}
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("deepseek-v3")
    writer.add_token_list([vocabulary[i] for i in range(len(vocabulary))])
    writer.add_token_types([3 if i in added else 1 for i in range(len(vocabulary))])
    merges = document["model"]["merges"]
    writer.add_token_merges([m if isinstance(m, str) else " ".join(m) for m in merges])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(1)
    writer.add_add_bos_token(True)


def llama3_factors(config):
    """What rope_freqs.weight holds: by how much each frequency is divided."""
    scaling, width = config["rope_scaling"], config["hidden_size"] // config["num_attention_heads"]
    low, high = (scaling["original_max_position_embeddings"] / scaling[k] for k in ("low_freq_factor", "high_freq_factor"))
    factors = []
    for pair in range(width // 2):
        wavelength = 2 * np.pi * config["rope_theta"] ** (2 * pair / width)
        if wavelength < high:
            factors.append(1.0)
        elif wavelength > low:
            factors.append(scaling["factor"])
        else:
            smooth = (scaling["original_max_position_embeddings"] / wavelength - scaling["low_freq_factor"]) / (
                scaling["high_freq_factor"] - scaling["low_freq_factor"])
            factors.append(1 / ((1 - smooth) / scaling["factor"] + smooth))
    return np.array(factors, dtype=np.float32)


def write(folder, path, architecture, split, is_exact=False):
    config = json.load(open(os.path.join(folder, "config.json")))
    writer = gguf.GGUFWriter(path, architecture)
    add_metadata(writer, config, architecture, split)
    add_tokenizer(writer, folder)
    weights = load_file(os.path.join(folder, "model.safetensors"))
    if architecture == "llama":
        writer.add_tensor("rope_freqs.weight", llama3_factors(config))
    for name, w in sorted(tensors_of(weights, config, architecture, split).items()):
        precise = is_exact or w.ndim == 1 or "ffn_gate_inp" in name or w.shape[-1] % 32 != 0
        if precise:
            writer.add_tensor(name, w)
        else:
            kind = gguf.GGMLQuantizationType.Q8_0
            writer.add_tensor(name, gguf.quants.quantize(w, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def expected(path):
    parameters = llama_cpp.llama_model_default_params()
    # Repacked weights would meet activations rounded another way.
    parameters.use_extra_bufts = False
    model = llama_cpp.llama_model_load_from_file(path.encode(), parameters)
    options = llama_cpp.llama_context_default_params()
    options.n_ctx, options.n_batch, options.n_threads, options.n_threads_batch = 256, 256, 1, 1
    options.type_k = options.type_v = 0
    context = llama_cpp.llama_init_from_model(model, options)
    size = llama_cpp.llama_vocab_n_tokens(llama_cpp.llama_model_get_vocab(model))

    def step(tokens):
        array = (llama_cpp.llama_token * len(tokens))(*tokens)
        assert llama_cpp.llama_decode(context, llama_cpp.llama_batch_get_one(array, len(tokens))) == 0
        return np.ctypeslib.as_array(llama_cpp.llama_get_logits_ith(context, -1), (size,)).copy()

    logits = step(PROMPT)
    first, tokens = logits, []
    for _ in range(16):
        tokens.append(int(logits.argmax()))
        logits = step(tokens[-1:])
    return {"prompt": PROMPT, "greedy": tokens, "logits": [round(float(x), 5) for x in first]}


def main(checkpoints, out):
    llama_cpp.llama_backend_init()
    quiet = llama_cpp.llama_log_callback(lambda level, text, data: None)
    llama_cpp.llama_log_set(quiet, None)
    os.makedirs(out, exist_ok=True)
    report = {"llama_cpp_python": llama_cpp.__version__, "files": {}, "f32": {}}
    for name, architecture, split in FILES:
        path = os.path.join(out, f"{name}.gguf")
        write(os.path.join(checkpoints, name), path, architecture, split)
        report["files"][name] = expected(path)
        print(name, os.path.getsize(path), report["files"][name]["greedy"])
        with tempfile.TemporaryDirectory() as folder:
            exact = os.path.join(folder, f"{name}.gguf")
            write(os.path.join(checkpoints, name), exact, architecture, split, is_exact=True)
            report["f32"][name] = expected(exact)
    with open(os.path.join(out, "expected.json"), "w") as file:
        json.dump(report, file, indent=1)
        file.write("\n")


main(*sys.argv[1:])
