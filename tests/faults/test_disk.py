"""Damaged files, a full disk and a cache that cannot be written."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from benchmark.core.errors import StoreError
from benchmark.core.paths import Paths
from benchmark.execution.supervisor import SuperviseOptions, run_all
from benchmark.manifest.plan import PlannedRun
from benchmark.store import record
from benchmark.store.runs import RunStore
from benchmark.store.verify import verify
from benchmark.store.view import load_view

MakeRun = Callable[..., PlannedRun]
Executions = Callable[[], list[str]]


def truncate(data: bytes) -> bytes:
    return data[:-100]


def flip(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 4]) + data[middle + 1 :]


def empty(data: bytes) -> bytes:
    return b""


def other_kind(data: bytes) -> bytes:
    return b'{"results": [{"accuracy": 1.0}]}'


def other_schema(data: bytes) -> bytes:
    body = data.partition(b"\n")[2].replace(b'"rows":', b'"lines":')
    return record._first_line(body) + body


@pytest.mark.parametrize("damage", [truncate, flip, empty, other_kind, other_schema])
def test_damaged_result_is_computed_again(
    make_run: MakeRun,
    options: SuperviseOptions,
    store: RunStore,
    executions: Executions,
    damage: Callable[[bytes], bytes],
) -> None:
    runs = [make_run(seed=seed) for seed in range(3)]
    run_all(runs, options)
    before = store.read(runs[1].spec.fingerprint)
    path = store.path(runs[1].spec.fingerprint)
    path.write_bytes(damage(path.read_bytes()))
    # A report reads everything; reading is what finds the damage and must not crash.
    assert len(load_view(store)) == 2
    assert run_all(runs, options).counts == {"ok": 3}
    after = store.read(runs[1].spec.fingerprint)
    assert before is not None
    assert after is not None
    assert after.rows == before.rows
    assert len(executions()) == 4
    assert len(verify(store).quarantined) == 1


def test_result_of_a_newer_version_is_left_alone(
    make_run: MakeRun, options: SuperviseOptions, store: RunStore
) -> None:
    run = make_run()
    run_all([run], options)
    result = store.read(run.spec.fingerprint)
    assert result is not None
    path = store.path(run.spec.fingerprint)
    path.write_bytes(record.encode(result.model_copy(update={"schema_version": 99})))
    before = path.read_bytes()
    with pytest.raises(StoreError, match="upgrade mmbench"):
        run_all([run], options)
    assert path.read_bytes() == before


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte, where this machine lets us mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount command")
    if done.returncode:
        pytest.skip(f"may not mount a tmpfs: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def on_small_disk(options: SuperviseOptions, small_disk: Path) -> SuperviseOptions:
    return replace(options, paths=Paths(cache=small_disk / "cache"))


def test_full_disk(make_run: MakeRun, on_small_disk: SuperviseOptions) -> None:
    cache = on_small_disk.paths.cache
    first, filler, last = make_run(seed=1), make_run("fill_disk"), make_run(seed=2)
    with pytest.raises(StoreError, match="the disk is full") as caught:
        run_all([first, filler, last], on_small_disk)
    assert str(cache) in caught.value.message
    assert "MB free" in caught.value.message
    assert "free some space" in caught.value.hint
    store = RunStore(cache)
    assert store.statuses([first.spec.fingerprint]) == {first.spec.fingerprint: "ok"}
    with pytest.raises(StoreError, match="the disk is full"):
        run_all([last], on_small_disk)
    assert verify(store).sound

    (cache / "ballast").unlink()
    assert run_all([first, last], on_small_disk).counts == {"ok": 2}
    assert verify(store).sound


def test_read_only_cache(
    make_run: MakeRun, on_small_disk: SuperviseOptions, small_disk: Path
) -> None:
    done = make_run(seed=1)
    run_all([done], on_small_disk)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(StoreError, match="the file system is read-only") as caught:
        run_all([done, make_run(seed=2)], on_small_disk)
    assert "--cache" in caught.value.hint
    # What is there can still be read, and nothing to compute is no reason to complain.
    assert len(load_view(RunStore(on_small_disk.paths.cache))) == 1
    assert run_all([done], on_small_disk).counts == {"ok": 1}


def test_result_that_is_no_json(
    make_run: MakeRun, options: SuperviseOptions, store: RunStore
) -> None:
    run = make_run("not_json")
    summary = run_all([run, make_run(seed=1)], options)
    assert summary.counts == {"error": 1, "ok": 1}
    assert "the result cannot be stored" in summary.failures[0].message
