"""The contrastive loss, with several positives and with pairs left out."""

import torch
import torch.nn.functional as F


def contrast(
    similarity: torch.Tensor,
    positive: torch.Tensor,
    ignored: torch.Tensor | None = None,
) -> torch.Tensor:
    """InfoNCE of each row's positives against that row's negatives.

    similarity (A, B) is already divided by the temperature; positive and ignored are
    (A, B) bool. Each positive competes with the row's negatives alone: other positives
    say the same and must not be pushed away, and ignored pairs are neither. Rows
    weigh the same; a row without a positive weighs nothing.

    >>> s = torch.tensor([[0.0, 0.0, 9.0]])
    >>> p = torch.tensor([[True, False, True]])
    >>> round(float(contrast(s, p)), 3)  # (log 2 + log(1 + e^-9)) / 2
    0.347
    """
    out = positive if ignored is None else positive | ignored
    negatives = similarity.masked_fill(out, -1e4).logsumexp(1, keepdim=True)
    losses = F.softplus(negatives - similarity) * positive
    counts = positive.sum(1)
    rows = losses.sum(1) / counts.clamp(min=1)
    return rows.sum() / (counts > 0).sum().clamp(min=1)


def both_ways(
    similarity: torch.Tensor,
    positive: torch.Tensor,
    ignored: torch.Tensor | None = None,
) -> torch.Tensor:
    """The mean of the loss from rows to columns and from columns to rows."""
    across = None if ignored is None else ignored.T
    one = contrast(similarity, positive, ignored)
    return (one + contrast(similarity.T, positive.T, across)) / 2
