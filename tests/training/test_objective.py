"""The contrastive loss, by hand and against the library's."""

import math

import pytest
import torch

from training.objective import both_ways, contrast


def test_contrast_by_hand():
    # Row 0: positives 1 and 3 against the negative 0; 2 is ignored. Row 1: nothing.
    scores = torch.tensor([[0.0, 0.0, 9.0, 2.0], [1.0, 1.0, 1.0, 1.0]])
    positive = torch.tensor([[0, 1, 0, 1], [0, 0, 0, 0]]).bool()
    ignored = torch.tensor([[0, 0, 1, 0], [0, 0, 0, 0]]).bool()
    expected = (math.log(2) + math.log(1 + math.exp(-2))) / 2
    assert float(contrast(scores, positive, ignored)) == pytest.approx(expected)


def test_contrast_with_one_positive_is_cross_entropy():
    torch.manual_seed(0)
    scores = torch.randn(6, 6)
    target = torch.arange(6)
    expected = sum(
        torch.nn.functional.cross_entropy(s, target) for s in (scores, scores.T)
    )
    assert torch.allclose(both_ways(scores, torch.eye(6).bool()), expected / 2)
