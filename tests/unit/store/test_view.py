from __future__ import annotations

import logging
from collections.abc import Callable

import pandas as pd
import pytest

from benchmark.core.errors import StoreError
from benchmark.core.result import RunResult
from benchmark.store import view
from benchmark.store.runs import RunStore
from benchmark.store.view import COLUMNS, load_view

MakeResult = Callable[..., RunResult]


@pytest.fixture
def filled(store: RunStore, make_result: MakeResult) -> RunStore:
    for seed in range(6):
        store.write(make_result(seed))
    store.write(make_result(7, status="error"))
    return store


def test_columns_and_values(filled: RunStore, make_result: MakeResult) -> None:
    frame = load_view(filled)
    assert tuple(frame.columns) == COLUMNS
    assert len(frame) == 12
    run = frame[frame["fingerprint"] == make_result(3).fingerprint]
    assert list(run["metric"]) == ["acc", "auroc_binary"]
    assert run["value"].iloc[0] == 0.9
    assert pd.isna(run["value"].iloc[1])
    assert pd.isna(run["n_pos"].iloc[0])
    assert run["n_pos"].iloc[1] == 0
    first = run.iloc[0]
    assert (first["seed"], first["fold"], first["n"]) == (3, 3, 100)
    assert (first["model"], first["source"], first["release"]) == (
        "early_fusion", "real", "WDBC 1995",
    )  # fmt: skip
    assert (first["status"], first["device"], first["seconds_total"]) == ("ok", "cpu", 1.5)


def test_empty_store(store: RunStore) -> None:
    frame = load_view(store)
    assert tuple(frame.columns) == COLUMNS
    assert len(frame) == 0


def test_current_view_reads_no_run(filled: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    first = load_view(filled)

    def fail(self: RunStore, fingerprint: str) -> None:
        raise AssertionError("a run was read")

    monkeypatch.setattr(RunStore, "plain", fail)
    pd.testing.assert_frame_equal(load_view(filled), first)


def test_only_changed_runs_are_read_and_the_result_equals_a_rebuild(
    filled: RunStore, make_result: MakeResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_view(filled)
    filled.write(make_result(1, value=0.25))
    filled.write(make_result(20))
    filled.path(make_result(2).fingerprint).unlink()
    read: list[str] = []
    plain = RunStore.plain

    def spy(self: RunStore, fingerprint: str) -> object:
        read.append(fingerprint)
        return plain(self, fingerprint)

    monkeypatch.setattr(RunStore, "plain", spy)
    updated = load_view(filled)
    assert set(read) == {make_result(1).fingerprint, make_result(20).fingerprint}
    (filled.cache / "metrics.parquet").unlink()
    pd.testing.assert_frame_equal(load_view(filled), updated)
    assert set(updated["seed"]) == {0, 1, 3, 4, 5, 20}
    assert 0.25 in set(updated["value"])


@pytest.mark.parametrize("damage", [b"", b"PAR1", b"nonsense"])
def test_unreadable_view_is_rebuilt(filled: RunStore, damage: bytes) -> None:
    first = load_view(filled)
    (filled.cache / "metrics.parquet").write_bytes(damage)
    pd.testing.assert_frame_equal(load_view(filled), first)


def test_truncated_view_is_rebuilt(filled: RunStore) -> None:
    first = load_view(filled)
    path = filled.cache / "metrics.parquet"
    path.write_bytes(path.read_bytes()[:-5])
    pd.testing.assert_frame_equal(load_view(filled), first)


def test_view_of_another_layout_is_rebuilt(
    filled: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = load_view(filled)
    monkeypatch.setattr(view, "VIEW_SCHEMA", 2)
    pd.testing.assert_frame_equal(load_view(filled), first)


def test_view_that_cannot_be_saved_is_computed(
    filled: RunStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise StoreError("read-only")

    monkeypatch.setattr(view, "replacing", fail)
    with caplog.at_level(logging.WARNING):
        assert len(load_view(filled)) == 12
    assert "stays in memory: read-only" in caplog.text


def test_bad_run_is_left_out(filled: RunStore, make_result: MakeResult) -> None:
    filled.path(make_result(4).fingerprint).write_bytes(b"{}")
    frame = load_view(filled)
    assert make_result(4).fingerprint not in set(frame["fingerprint"])
    assert len(frame) == 10
