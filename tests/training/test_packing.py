"""Several texts about one picture in one row."""

import numpy as np
import pytest

from training.packing import pack


def test_pack_by_hand():
    # Two branches on a root of two tokens; the first goes on with a third segment.
    row = [([1, 2], -1), ([3], 0), ([4, 5], 0), ([6], 1)]
    packed = pack([row], pad=0, length=7)
    assert packed.ids.tolist() == [[1, 2, 3, 4, 5, 6, 0]]
    assert packed.positions[0].tolist() == [[0, 1, 2, 2, 3, 3, 0]]
    assert packed.starts.tolist() == [[0, 2, 3, 5]]
    assert packed.ends.tolist() == [[1, 2, 4, 5]]
    assert packed.visible[0, 0].int().tolist() == [
        [1, 0, 0, 0, 0, 0, 0],
        [1, 1, 0, 0, 0, 0, 0],
        [1, 1, 1, 0, 0, 0, 0],
        [1, 1, 0, 1, 0, 0, 0],
        [1, 1, 0, 1, 1, 0, 0],
        [1, 1, 1, 0, 0, 1, 0],
        [0, 0, 0, 0, 0, 0, 1],
    ]
    with pytest.raises(ValueError, match="does not fit"):
        pack([row], pad=0, length=5)
    # The root's own positions, as a picture's: what follows goes on at the highest + 1.
    root = np.array([[0, 5], [0, 1], [0, 1]])
    packed = pack([row], pad=0, length=7, root=root)
    assert packed.positions[0].tolist() == [[0, 5, 6, 6, 7, 7, 0]]
    assert packed.positions[1].tolist() == [[0, 1, 6, 6, 7, 7, 0]]
