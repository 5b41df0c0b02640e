"""What the symbolic analysis refuses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import mmtriage
from mmtriage.engine.algebra import symbolic as fronts
from mmtriage.errors import UnjudgedError


def test_a_dense_root_that_no_memory_holds_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fronts, "LARGEST_ROOT", 30)
    rng = np.random.default_rng(5)
    a, b = rng.integers(0, 60, 400), rng.integers(0, 40, 400)
    frame = pd.DataFrame({"y": rng.normal(size=400), "a": [f"a{i}" for i in a], "b": [f"b{i}" for i in b]})
    with pytest.raises(UnjudgedError) as refusal:
        mmtriage.triage(frame, "y ~ 1 + (1 | a) + (1 | b)")
    assert refusal.value.message == (
        "the crossed grouping factors (a 60, b 40) leave a dense block of 40 random effects, more than the "
        "30 that can be factored"
    )
    assert refusal.value.hint == (
        "Triage a subset of the levels, or a model without the smaller crossed factors."
    )


def test_a_dense_root_that_this_machine_does_not_hold_is_refused_before_it_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fronts, "LITTLE", 0.0)
    monkeypatch.setattr(fronts, "free_memory", lambda: 1e4)
    rng = np.random.default_rng(5)
    a, b = rng.integers(0, 60, 400), rng.integers(0, 40, 400)
    frame = pd.DataFrame({"y": rng.normal(size=400), "a": [f"a{i}" for i in a], "b": [f"b{i}" for i in b]})
    with pytest.raises(UnjudgedError, match=r"which takes 38 kB of memory, and 10 kB are free"):
        mmtriage.triage(frame, "y ~ 1 + (1 | a) + (1 | b)")
