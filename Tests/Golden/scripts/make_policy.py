"""Losses and gradients of TRL's GRPOTrainer on one stored batch, with the network that make_training.py begins with.

    python make_policy.py OUT        trl, torch, transformers, safetensors; writes OUT/{grpo,bnpo,dr_grpo,dapo}.safetensors and cases.json

The loss is TRL's own `GRPOTrainer._compute_loss`; only what it asks of a trainer around it is put in its place here.
"""
import contextlib
import json
import os
import sys
import types
from types import SimpleNamespace

import torch
import trl
from safetensors.torch import save_file
from trl import GRPOConfig
from trl.trainer.grpo_trainer import GRPOTrainer
from trl.trainer.utils import add_fused_lm_head

from make_training import CONFIG, build, official

PROMPT, LENGTHS, GROUP = 6, [9, 4, 7, 10, 3, 8, 5, 6], 4
CASES = {
    "dapo": dict(loss_type="dapo", beta=0.0),
    "grpo": dict(loss_type="grpo", beta=0.04, use_bias_correction_kl=False, epsilon=0.1, epsilon_high=0.28),
    "bnpo": dict(loss_type="bnpo", beta=0.2, temperature=0.7),
    "dr_grpo": dict(loss_type="dr_grpo", beta=0.01, off_policy_mask_threshold=0.05, scale_rewards="none"),
}


class Accelerator:
    num_processes, device, is_main_process, sync_gradients = 1, "cpu", False, True
    gather = gather_for_metrics = staticmethod(lambda x: x)
    reduce = staticmethod(lambda x, reduction=None: x)
    autocast = staticmethod(contextlib.nullcontext)


def stub(options):
    args = GRPOConfig(output_dir="/tmp/none", bf16=False, use_cpu=True, report_to="none", **options)
    trainer = SimpleNamespace(
        args=args, loss_type=args.loss_type, beta=args.beta, epsilon_low=args.epsilon,
        epsilon_high=args.epsilon_high or args.epsilon, temperature=args.temperature, aux_loss_enabled=False,
        top_entropy_quantile=1.0, off_policy_mask_threshold=args.off_policy_mask_threshold,
        importance_sampling_level="token", use_vllm=False, vllm_importance_sampling_correction=False,
        current_gradient_accumulation_steps=1, max_completion_length=12, accelerator=Accelerator(),
        _entropy_bonus_enabled=False, model_kwarg_keys=set(), get_off_policy_mask=GRPOTrainer.get_off_policy_mask,
        _metrics={"train": __import__("collections").defaultdict(list)})
    trainer.args.steps_per_generation = 1
    trainer._get_per_token_logps_and_entropies = types.MethodType(
        GRPOTrainer._get_per_token_logps_and_entropies, trainer)
    return trainer


def advantages(rewards, scale):
    groups = rewards.view(-1, GROUP)
    a = groups - groups.mean(1, keepdim=True)
    return (a if scale == "none" else a / (groups.std(1, keepdim=True) + 1e-4)).flatten()


def main():
    out = sys.argv[1]
    os.makedirs(out, exist_ok=True)
    random = torch.Generator().manual_seed(11)
    n, longest = len(LENGTHS), max(LENGTHS)
    prompts = torch.randint(0, CONFIG["vocab_size"], (2, PROMPT), generator=random).repeat_interleave(GROUP, 0)
    answers = torch.randint(0, CONFIG["vocab_size"], (n, longest), generator=random)
    mask = (torch.arange(longest)[None] < torch.tensor(LENGTHS)[:, None]).long()
    rewards = torch.tensor([1.1, 0.1, 0.0, 1.0, 0.0, 1.1, 0.1, 0.1])
    stored = dict(config={**CONFIG, "model_type": "deepseek_v3", "scoring_func": "sigmoid", "topk_method": "noaux_tc"},
                  group=GROUP, max_tokens=12, rewards=rewards.tolist(), trl=trl.__version__, torch=torch.__version__,
                  prompts=prompts.tolist(), answers=[row[:k].tolist() for row, k in zip(answers, LENGTHS)], cases={})
    for name, options in CASES.items():
        model = build()
        trainer = stub(options)
        add_fused_lm_head(model, temperature=trainer.temperature, outputs=("log_probs", "entropy"))
        a = advantages(rewards, options.get("scale_rewards", "group"))
        inputs = dict(prompt_ids=prompts, prompt_mask=torch.ones_like(prompts), completion_ids=answers,
                      completion_mask=mask, advantages=a, num_items_in_batch=mask.sum())
        with torch.no_grad():
            now = trainer._get_per_token_logps_and_entropies(
                model, torch.cat([prompts, answers], 1), torch.cat([inputs["prompt_mask"], mask], 1), longest)[0]
        noise = torch.randn(2, n, longest, generator=random) * 0.25
        if name != "dapo":
            inputs["old_per_token_logps"] = now + noise[0]
        inputs["ref_per_token_logps"] = now + noise[1]
        model.train()
        trainer.model = model
        loss = GRPOTrainer._compute_loss(trainer, model, inputs)
        loss.backward()
        gradients = official(SimpleNamespace(state_dict=lambda: {
            k: p.grad for k, p in model.named_parameters() if p.grad is not None}))
        save_file(gradients, f"{out}/{name}.safetensors", metadata={"format": "pt"})

        def rows(x):
            return [row[:k].tolist() for row, k in zip(x, LENGTHS)]
        metrics = trainer._metrics["train"]
        stored["cases"][name] = dict(
            options=options, loss=float(loss.detach()), advantages=a.tolist(), logprobs=rows(now),
            old=rows(inputs["old_per_token_logps"]) if name != "dapo" else None,
            reference=rows(inputs["ref_per_token_logps"]),
            entropy=metrics["entropy"][-1], clip_fraction=metrics["clip_ratio/region_mean"][-1],
            kl=metrics["kl"][-1] if metrics.get("kl") else None)
    json.dump(stored, open(f"{out}/cases.json", "w"))


main()
