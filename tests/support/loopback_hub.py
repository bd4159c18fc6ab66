"""A loopback hub that this process's client of Hugging Face speaks to."""

import pytest
from huggingface_hub import constants

from rehearsal.hub import Hub


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """A hub, and an empty cache in ``tmp_path``. A process that a test starts needs
    HF_ENDPOINT and HF_HUB_CACHE instead."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    with Hub() as started:
        template = started.url() + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "ENDPOINT", started.url())
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub-cache"))
        yield started
