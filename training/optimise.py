"""The loop that every training here runs, and the record that it leaves."""

import json
import platform
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file

WARM_UP = 0.05  # share of the steps in which the learning rate rises
KEEP_EVERY = 200  # seconds
MOMENTS = ("exp_avg", "exp_avg_sq")  # of AdamW


def schedule(step: int, steps: int) -> float:
    """Factor of the learning rate: a short rise, then half a cosine down to zero."""
    rise = max(1, round(WARM_UP * steps))
    if step < rise:
        return (step + 1) / rise
    return 0.5 * (1 + np.cos(np.pi * (step - rise) / max(1, steps - rise)))


def optimise(
    parameters: list[torch.nn.Parameter],
    loss_at: Callable[[int], torch.Tensor],
    steps: int,
    rate: float,
    measure: Callable[[], dict] | None = None,
    measure_every: int = 0,
    name: str = "",
    kept: Path | None = None,
) -> list[dict]:
    """Run AdamW for `steps` steps and return the log.

    kept: the file that holds the state every few minutes and at the end; a run goes on
    from it. That gives the same weights only if `loss_at` depends on nothing but its
    step and the parameters.

    Each entry holds the step, the mean loss since the last entry, the seconds so far
    and what `measure` gives. The last state is the one that is kept: the number of
    steps is fixed beforehand, and nothing is chosen by looking at a score. Raises
    FloatingPointError when a loss is not finite.
    """
    matrices = [p for p in parameters if p.ndim > 1]
    others = [p for p in parameters if p.ndim <= 1]
    groups = [{"params": matrices}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, rate, betas=(0.9, 0.98), weight_decay=0.05)
    scheduler = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: schedule(step, steps)
    )
    log, losses, done, before = [], [], 0, 0.0
    if kept and kept.exists():
        log, losses, done, before = _resume(kept, parameters, optimizer, scheduler)
    begin = saved = time.perf_counter()
    every = measure_every or max(1, steps // 10)
    for step in range(done + 1, steps + 1):
        loss = loss_at(step)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        scheduler.step()
        losses.append(float(loss.detach()))
        if not np.isfinite(losses[-1]):
            raise FloatingPointError(f"{name}: the loss at step {step} is not finite")
        if step % every == 0 or step == steps:
            seconds = before + time.perf_counter() - begin
            entry = {
                "step": step,
                "loss": round(float(np.mean(losses)), 4),
                "seconds": round(seconds, 1),
            }
            if measure:
                entry |= measure()
            log.append(entry)
            losses = []
            print(name, json.dumps(entry), flush=True)
        if kept and (step == steps or time.perf_counter() - saved > KEEP_EVERY):
            saved = time.perf_counter()
            progress = {
                "log": log,
                "losses": losses,
                "step": step,
                "seconds": before + saved - begin,
            }
            _keep(kept, parameters, optimizer, progress)
    return log


def _keep(path: Path, parameters: list, optimizer, progress: dict) -> None:
    """Write parameters, AdamW's moments and the progress as safetensors."""
    tensors = {}
    for i, parameter in enumerate(parameters):
        state = optimizer.state[parameter]
        tensors[f"{i}"] = parameter.detach().contiguous()
        if state:  # a parameter without a gradient has none
            tensors |= {f"{i}.{name}": state[name].contiguous() for name in MOMENTS}
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}")
    save_file(tensors, temporary, {"progress": json.dumps(progress)})
    temporary.rename(path)


def _resume(path: Path, parameters: list, optimizer, scheduler) -> tuple:
    """Put back what `_keep` wrote; returns log, losses, steps done and seconds."""
    with safe_open(path, "pt") as file:
        progress = json.loads(file.metadata()["progress"])
        names = set(file.keys())
        for i, parameter in enumerate(parameters):
            parameter.data.copy_(file.get_tensor(f"{i}"))
            if f"{i}.{MOMENTS[0]}" in names:
                state = {name: file.get_tensor(f"{i}.{name}") for name in MOMENTS}
                state["step"] = torch.tensor(float(progress["step"]))
                optimizer.state[parameter] = state
    scheduler.last_epoch = progress["step"]
    for group in optimizer.param_groups:
        group["lr"] = group["initial_lr"] * scheduler.lr_lambdas[0](progress["step"])
    return progress["log"], progress["losses"], progress["step"], progress["seconds"]


def record(path: Path, settings: dict, log: list[dict], began: float) -> None:
    """Write what made a checkpoint: settings, versions, seconds and the short log."""
    import open_clip
    import tokenizers
    import transformers

    content = {
        "settings": settings,
        "wall_seconds": round(time.perf_counter() - began, 1),
        "threads": torch.get_num_threads(),
        "processor": torch.backends.cpu.get_cpu_capability(),
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "transformers": transformers.__version__,
            "tokenizers": tokenizers.__version__,
            "open_clip": open_clip.__version__,
        },
        "log": log,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(content, indent=1, sort_keys=True)
    path.write_text(text + "\n")
