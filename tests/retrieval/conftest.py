"""An endpoint for the tests of the chooser chat, and no way out of this machine."""

import os
import socket
import time

import pytest
from chat_endpoint import SECRET, Stub

from cocofacet.retrieval.endpoint import KEY


@pytest.fixture
def stub():
    stub = Stub()
    yield stub
    stub.stop()


@pytest.fixture(autouse=True)
def no_settings(monkeypatch):
    """No setting of whoever runs the tests, and no way out of this machine."""
    for name in [n for n in os.environ if n.startswith(("OPENAI_", "COCOFACET_CHAT"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv(KEY, SECRET)
    connect = socket.socket.connect

    def guarded(self, address):
        if isinstance(address, tuple) and address[0] != "127.0.0.1":
            raise AssertionError(f"reached out to {address}")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture
def waits(monkeypatch):
    """The seconds that were to be waited between tries; none is."""
    waited = []
    monkeypatch.setattr(time, "sleep", waited.append)
    return waited
