"""How a time is taken, and what stands beside it."""

import os
import time

import machine


def test_the_fastest_call_counts(monkeypatch):
    clock = iter([0, 5, 10, 12, 20, 23])
    monkeypatch.setattr(time, "perf_counter", lambda: next(clock))
    results = iter("abc")
    assert machine.best_of(lambda: next(results), 3) == (2, "c")


def test_what_a_number_was_measured_on():
    found = machine.described()
    assert found["device"] == found["processor"] == machine.processor()
    assert found["cores"] == os.cpu_count() and found["threads"] >= 1
    assert found["versions"].keys() == {"python", *machine.PACKAGES}
    assert len(found["date"]) == len("2026-01-31")
