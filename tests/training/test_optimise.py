"""The loop of every training."""

import pytest
import torch

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
