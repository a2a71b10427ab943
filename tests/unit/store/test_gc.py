"""Only what nobody needs is deleted, and only when asked to."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from benchmark.core import leases
from benchmark.core.errors import StoreError
from benchmark.core.locks import exclusive
from benchmark.core.result import RunResult
from benchmark.store.gc import Garbage, delete, find_garbage, made_data, size
from benchmark.store.runs import RunStore

MakeResult = Callable[..., RunResult]
PREDICTIONS = pd.DataFrame({"part": ["test"], "y0": [1.0], "s0": [0.7]})
ORPHAN = "0" * 32


@pytest.fixture
def run(store: RunStore, make_result: MakeResult) -> str:
    """A finished run with all it leaves behind."""
    result = make_result(1)
    store.write(result, PREDICTIONS)
    return leave_log(store, result.fingerprint)


def leave_log(store: RunStore, name: str) -> str:
    log = store.cache / "logs" / f"{name}.log"
    log.parent.mkdir(exist_ok=True, parents=True)
    log.write_text("done\n")
    return name


def put(path: Path, age: float = 2 * 3600) -> Path:
    """Make a file that was written some seconds ago."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"12345")
    old(path, age)
    return path


def old(path: Path, age: float = 2 * 3600) -> None:
    then = time.time() - age
    for one in [path, *path.rglob("*")]:
        os.utime(one, (then, then))


def found(store: RunStore, **options: object) -> list[tuple[str, Path]]:
    return [(one.kind, one.path) for one in find_garbage(store, **options)]  # type: ignore[arg-type]


def test_a_sound_cache_holds_no_garbage(store: RunStore, run: str) -> None:
    old(store.cache)
    assert found(store) == []
    assert find_garbage(RunStore(store.cache / "nowhere")) == []


def test_temporary_files_of_dead_writers(store: RunStore, run: str) -> None:
    from benchmark.core import atomic

    dead = store.runs / "ab" / atomic._temp_name().replace(f"~{os.getpid()}~", "~4194305~")
    put(dead)
    put(store.runs / "ab" / atomic._temp_name())
    assert found(store) == [("temporary", dead)]


def test_quarantine_is_kept_for_a_while(store: RunStore) -> None:
    bad = put(store.quarantine / "bad.json.1", age=90 * 24 * 3600)
    # It was written long ago but set aside just now: the change of its status counts.
    assert found(store) == []
    assert found(store, quarantine_days=0) == [("quarantine", bad)]


def test_artifacts_without_a_run(store: RunStore, run: str) -> None:
    folder = put(store.artifacts / ORPHAN / "predictions.parquet").parent
    old(folder)
    assert found(store) == [("artifacts", folder)]
    put(folder / "weights.safetensors", age=10)
    assert found(store) == [], "its record may be about to be written"


def test_checkpoints_of_interrupted_runs_stay(
    store: RunStore, run: str, make_result: MakeResult
) -> None:
    put(store.checkpoint_path(ORPHAN))
    leave_log(store, ORPHAN)
    killed = make_result(2, "killed")
    store.write(killed)
    put(store.checkpoint_path(killed.fingerprint))
    old(store.cache)
    assert found(store) == []
    finished = put(store.checkpoint_path(run))
    assert found(store) == [("checkpoint", finished)]


def test_logs_without_a_run(store: RunStore, run: str) -> None:
    log = put(store.cache / "logs" / f"{ORPHAN}.log")
    assert found(store) == [("log", log)]


def test_unplanned_runs_go_only_when_asked_for(
    store: RunStore, run: str, make_result: MakeResult
) -> None:
    other = make_result(2)
    store.write(other, PREDICTIONS)
    leave_log(store, other.fingerprint)
    old(store.cache)
    assert found(store) == []
    (one,) = find_garbage(store, planned={run})
    assert (one.kind, one.path) == ("unplanned", store.path(other.fingerprint))
    assert one.bytes > size(one.path) > 0
    assert delete(store, [one]) == [one]
    assert store.fingerprints() == [run]
    assert not (store.artifacts / other.fingerprint).exists()
    assert not (store.cache / "logs" / f"{other.fingerprint}.log").exists()
    assert store.read_predictions(run) is not None


def test_what_a_living_process_works_on_stays(store: RunStore, run: str) -> None:
    folder = put(store.artifacts / ORPHAN / "predictions.parquet").parent
    old(folder)
    before = find_garbage(store)
    lease = leases.acquire(store.cache / "leases", ORPHAN)
    assert lease is not None
    with lease:
        assert found(store) == []
        assert delete(store, before) == []
    assert delete(store, before) == before
    assert not folder.exists()


def test_a_run_that_ended_meanwhile_keeps_its_files(
    store: RunStore, make_result: MakeResult
) -> None:
    result = make_result(1)
    folder = put(store.predictions_path(result.fingerprint)).parent
    old(folder)
    before = find_garbage(store)
    assert [one.kind for one in before] == ["artifacts"]
    store.write(result, PREDICTIONS)
    assert delete(store, before) == []
    assert store.read_predictions(result.fingerprint) is not None


def test_deleting_twice_is_no_error(store: RunStore) -> None:
    put(store.quarantine / "bad.json.1")
    garbage = find_garbage(store, quarantine_days=0)
    assert delete(store, garbage) == garbage
    assert delete(store, garbage) == []


def test_what_cannot_be_deleted_is_named(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(store.quarantine / "bad.json.1")

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(StoreError, match=r"bad\.json\.1: permission denied"):
        delete(store, [Garbage("quarantine", path, 5)])


def test_half_prepared_data_goes_after_a_day_unless_somebody_works_on_it(store: RunStore) -> None:
    data = store.cache / "data" / "prepared"
    part = put(data / "toy-12.part" / "images.npy", age=25 * 3600).parent
    old(part, age=25 * 3600)
    put(data / "toy-34.part" / "images.npy")
    put(data / "toy-56" / "images.npy", age=99 * 24 * 3600)
    assert found(store) == [("preparation", part)]
    with exclusive(store.cache / "locks" / "toy-12.lock"):
        assert found(store) == []
        assert delete(store, [Garbage("preparation", part, 5)]) == []
    assert len(delete(store, find_garbage(store))) == 1
    assert not part.exists()


def test_prepared_and_generated_data_is_kept_and_counted(store: RunStore) -> None:
    put(store.cache / "data" / "prepared" / "toy-56" / "images.npy")
    put(store.cache / "data" / "synthetic" / "toy-78" / "table.csv")
    put(store.cache / "data" / "synthetic" / "toy-78.truth" / "factors.csv")
    put(store.cache / "data" / "prepared" / "toy-12.part" / "images.npy")
    assert found(store) == []
    assert made_data(store.cache) == {
        "data/prepared/toy-56": 5,
        "data/synthetic/toy-78": 5,
        "data/synthetic/toy-78.truth": 5,
    }
