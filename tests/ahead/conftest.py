"""Where the stage's runs lie."""

import pytest


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty folder that data and results go to."""
    monkeypatch.setenv("COCOFACET_HOME", str(tmp_path))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    return tmp_path
