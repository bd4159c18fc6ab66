"""The loop of every training."""

import pytest
import torch

from training import optimise as loop
from training.optimise import optimise, schedule


def test_schedule_rises_then_falls_to_zero():
    values = [schedule(step, 100) for step in range(101)]
    assert values[0] == pytest.approx(0.2) and values[5] == 1
    assert values[100] == pytest.approx(0)
    assert values[5:] == sorted(values[5:], reverse=True)


def test_a_loss_that_is_not_finite_stops_the_training():
    weight = torch.nn.Parameter(torch.ones(1))
    with pytest.raises(FloatingPointError, match="step 1"):
        optimise([weight], lambda step: weight.sum() * float("nan"), 2, 0.1)


def test_a_training_that_was_stopped_goes_on_as_if_it_had_not_been(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(loop, "KEEP_EVERY", 0)

    def run(stop_at: int | None, kept=None):
        torch.manual_seed(0)
        weights = [
            torch.nn.Parameter(torch.randn(3, 2)),
            torch.nn.Parameter(torch.ones(2)),
        ]
        unused = torch.nn.Parameter(torch.ones(4))

        def loss_at(step: int) -> torch.Tensor:
            if step == stop_at:
                raise KeyboardInterrupt
            x = torch.randn(5, 3, generator=torch.Generator().manual_seed(step))
            return (x @ weights[0] + weights[1]).square().mean()

        log = optimise([*weights, unused], loss_at, 9, 0.1, measure_every=4, kept=kept)
        return weights, log

    straight, log = run(None)
    kept = tmp_path / "phase.safetensors"
    for stop_at in (4, 8):
        with pytest.raises(KeyboardInterrupt):
            run(stop_at, kept)
    resumed, again = run(None, kept)
    assert all(torch.equal(a, b) for a, b in zip(straight, resumed, strict=True))
    assert [(e["step"], e["loss"]) for e in again] == [
        (e["step"], e["loss"]) for e in log
    ]
    finished, _ = run(1, kept)  # nothing is left to do
    assert all(torch.equal(a, b) for a, b in zip(straight, finished, strict=True))
