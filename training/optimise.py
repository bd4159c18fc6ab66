"""The loop that every training here runs, and the record that it leaves."""

import json
import platform
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

WARM_UP = 0.05  # share of the steps in which the learning rate rises


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
) -> list[dict]:
    """Run AdamW for `steps` steps and return the log.

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
    log, losses, begin = [], [], time.perf_counter()
    every = measure_every or max(1, steps // 10)
    for step in range(1, steps + 1):
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
            seconds = time.perf_counter() - begin
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
    return log


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
