"""Checkpoints that are whole, ours, or ignored."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmark.training.checkpoint import Checkpoint

STATE: dict[str, Any] = {"epoch": 3, "model": {"w": torch.arange(4.0)}, "best": None, "val": [0.5]}


def _save(path: Path, key: str = "k") -> Checkpoint:
    checkpoint = Checkpoint(path, key, every=0)
    checkpoint.save(STATE)
    return checkpoint


def test_round_trip(tmp_path: Path) -> None:
    state = _save(tmp_path / "new" / "c.pt").load()
    assert state is not None
    assert torch.equal(state["model"]["w"], STATE["model"]["w"])
    assert (state["epoch"], state["best"], state["val"]) == (3, None, [0.5])
    assert [one.name for one in (tmp_path / "new").iterdir()] == ["c.pt"]


def test_no_path_keeps_nothing() -> None:
    checkpoint = Checkpoint(None, "k", every=0)
    checkpoint.save(STATE)
    assert checkpoint.load() is None


def test_writes_at_most_every_so_often(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path / "c.pt", "k", every=1000)
    checkpoint.save(STATE)
    assert not (tmp_path / "c.pt").exists()


def test_of_another_run_is_ignored(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    _save(tmp_path / "c.pt", key="other")
    assert Checkpoint(tmp_path / "c.pt", "k", every=0).load() is None
    assert "belongs to another run or other code" in caplog.text


@pytest.mark.parametrize("damage", ["empty", "truncated", "flipped", "text"])
def test_damaged_is_ignored(tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: str) -> None:
    path = tmp_path / "c.pt"
    checkpoint = _save(path)
    data = bytearray(path.read_bytes())
    if damage == "flipped":
        data[len(data) // 2] ^= 1
    path.write_bytes(
        {"empty": b"", "truncated": data[:-9], "flipped": data, "text": b"hello" * 99}[damage]
    )
    assert checkpoint.load() is None
    assert "is unreadable" in caplog.text


def test_a_disk_that_fails_costs_the_checkpoint_only(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    with caplog.at_level(logging.WARNING):
        _save(tmp_path / "file" / "c.pt")
    assert "cannot be written" in caplog.text
