"""Results of another cache are taken over whole, or not at all."""

from __future__ import annotations

import os
import re
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from benchmark.core import leases
from benchmark.core.errors import StoreError
from benchmark.core.result import RunResult
from benchmark.store import merge as merge_module
from benchmark.store.merge import merge
from benchmark.store.runs import RunStore

MakeResult = Callable[..., RunResult]
PREDICTIONS = pd.DataFrame({"part": ["test"], "y0": [1.0], "s0": [0.7]})


@pytest.fixture
def other(tmp_path: Path) -> RunStore:
    """The cluster's cache."""
    return RunStore(tmp_path / "cluster")


def write(store: RunStore, result: RunResult) -> str:
    """Store a result, with predictions if it has any."""
    store.write(result, PREDICTIONS if result.status == "ok" else None)
    return result.fingerprint


def snapshot(folder: Path) -> dict[str, bytes]:
    """Every file and its bytes."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def actions(store: RunStore, other: RunStore, **options: Any) -> dict[str, str]:
    return {run.fingerprint: run.action for run in merge(other.cache, store, **options)}


def test_new_runs_come_with_all_that_belongs_to_them(
    store: RunStore, other: RunStore, make_result: MakeResult
) -> None:
    name = write(other, make_result(1))
    (other.cache / "logs").mkdir()
    (other.cache / "logs" / f"{name}.log").write_text("epoch 1\n")
    before = snapshot(other.cache)
    assert actions(store, other) == {name: "new"}
    assert store.read(name) == other.read(name)
    predictions = store.read_predictions(name)
    assert predictions is not None
    assert predictions.equals(PREDICTIONS)
    assert (store.cache / "logs" / f"{name}.log").read_text() == "epoch 1\n"
    assert snapshot(other.cache) == before
    assert not list((store.cache / "leases").iterdir())


def test_a_second_merge_changes_nothing(
    store: RunStore, other: RunStore, make_result: MakeResult
) -> None:
    names = [write(other, make_result(seed)) for seed in range(3)]
    merge(other.cache, store)
    before = snapshot(store.cache)
    assert actions(store, other) == dict.fromkeys(names, "known")
    assert snapshot(store.cache) == before


@pytest.mark.parametrize(
    ("here", "there", "action"),
    [
        ("error", "ok", "replaced"),
        ("timeout", "ok", "replaced"),
        ("diverged", "ok", "replaced"),
        ("killed", "diverged", "replaced"),
        ("ok", "error", "known"),
        ("ok", "diverged", "known"),
        ("diverged", "oom", "known"),
        ("error", "timeout", "known"),
        ("ok", "ok", "known"),
    ],
)
def test_ok_wins_over_failure(
    store: RunStore, other: RunStore, make_result: MakeResult, here: str, there: str, action: str
) -> None:
    name = write(store, make_result(1, here))
    write(other, make_result(1, there))
    assert actions(store, other) == {name: action}
    status = store.statuses([name])[name]
    assert status == (there if action == "replaced" else here)


def test_two_results_that_differ_are_reported_and_left_alone(
    store: RunStore, other: RunStore, make_result: MakeResult
) -> None:
    name = write(store, make_result(1, value=0.9))
    write(other, make_result(1, value=0.8))
    before = snapshot(store.cache)
    (run,) = merge(other.cache, store)
    assert (run.fingerprint, run.action) == (name, "conflict")
    assert run.why.endswith("acc: 0.9 here, 0.8 there; the result here stays")
    assert snapshot(store.cache) == before


def test_predictions_that_are_gone_here_come_back(
    store: RunStore, other: RunStore, make_result: MakeResult
) -> None:
    name = write(store, make_result(1))
    write(other, make_result(1))
    store.predictions_path(name).unlink()
    assert actions(store, other) == {name: "restored"}
    assert store.read_predictions(name) is not None


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda store, name: store.path(name).write_bytes(b""), "the file is empty"),
        (
            lambda store, name: store.path(name).write_bytes(store.path(name).read_bytes()[:-9]),
            "the checksum does not match",
        ),
        (
            lambda store, name: store.predictions_path(name).write_bytes(b"x"),
            r"predictions\.parquet is gone or not what was stored",
        ),
        (
            lambda store, name: store.predictions_path(name).unlink(),
            r"predictions\.parquet is gone",
        ),
    ],
)
def test_damaged_runs_are_named_and_stay_out(
    store: RunStore,
    other: RunStore,
    make_result: MakeResult,
    spoil: Callable[[RunStore, str], None],
    why: str,
) -> None:
    bad, good = write(other, make_result(1)), write(other, make_result(2))
    spoil(other, bad)
    before = snapshot(other.cache)
    found = {run.fingerprint: run for run in merge(other.cache, store)}
    assert found[bad].action == "damaged"
    assert re.search(why, found[bad].why)
    assert store.fingerprints() == [good]
    assert snapshot(other.cache) == before, "the other cache was changed"


def test_a_dry_run_copies_nothing(
    store: RunStore, other: RunStore, make_result: MakeResult
) -> None:
    name = write(other, make_result(1))
    assert actions(store, other, dry_run=True) == {name: "new"}
    assert not store.cache.exists()


def test_a_run_in_work_is_left_to_its_process(
    store: RunStore, other: RunStore, make_result: MakeResult
) -> None:
    name = write(other, make_result(1))
    lease = leases.acquire(store.cache / "leases", name)
    assert lease is not None
    with lease:
        assert actions(store, other) == {name: "in work"}
    assert actions(store, other) == {name: "new"}


def test_only_caches_are_merged(store: RunStore, other: RunStore, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is no cache of mmbench: it has no folder runs"):
        merge(tmp_path, store)
    store.runs.mkdir(parents=True)
    with pytest.raises(StoreError, match="is this cache itself"):
        merge(store.cache, store)


@pytest.mark.parametrize("steps", range(8))
def test_killed_at_any_step_nothing_is_half_there(
    store: RunStore,
    other: RunStore,
    make_result: MakeResult,
    monkeypatch: pytest.MonkeyPatch,
    steps: int,
) -> None:
    """A merge that stops before its n-th write leaves whole runs, and can be repeated."""
    names = sorted(write(other, make_result(seed)) for seed in range(3))
    write(store, make_result(7))
    kept = store.fingerprints()
    counted = Counter[str]()

    def stop_before(function: Callable[..., Any]) -> Callable[..., Any]:
        def counting(*words: Any) -> Any:
            counted["writes"] += 1
            if counted["writes"] > steps:
                raise KeyboardInterrupt
            return function(*words)

        return counting

    with monkeypatch.context() as patch:
        patch.setattr(merge_module, "replacing", stop_before(merge_module.replacing))
        patch.setattr(merge_module, "write_bytes", stop_before(merge_module.write_bytes))
        try:
            merge(other.cache, store)
            assert steps >= 6
        except KeyboardInterrupt:
            assert steps < 6
    for name in set(store.fingerprints()) - set(kept):
        assert store.read(name) == other.read(name)
        assert store.read_predictions(name) is not None
    assert set(kept) <= set(store.fingerprints())
    merge(other.cache, store)
    assert set(store.fingerprints()) == {*names, *kept}


def test_a_read_only_cache_can_be_merged(
    store: RunStore, other: RunStore, make_result: MakeResult
) -> None:
    name = write(other, make_result(1))
    for folder in [other.cache, *(path for path in other.cache.rglob("*") if path.is_dir())]:
        folder.chmod(0o555)
    try:
        assert actions(store, other) == {name: "new"}
    finally:
        for folder, _, _ in os.walk(other.cache):
            Path(folder).chmod(0o755)
        shutil.rmtree(other.cache)
