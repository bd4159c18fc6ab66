"""What every retriever shares: rows made unit."""

import numpy as np
import pytest

from cocofacet.io import InputError
from cocofacet.retrievers.base import unit_rows


def test_rows_become_unit_and_float32():
    found = unit_rows(np.array([[3.0, 4.0], [0.0, -2.0]]), "r")
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [[0.6, 0.8], [0.0, -1.0]])


@pytest.mark.parametrize("bad", [np.nan, np.inf, 0.0])
def test_rows_that_point_nowhere_are_an_error(bad):
    with pytest.raises(InputError, match="tiny"):  # no traceback on the command line
        unit_rows(np.array([[1.0, 0.0], [bad, 0.0]]), "tiny")
