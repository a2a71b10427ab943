from __future__ import annotations

import os
import time
from collections.abc import Callable

import pandas as pd

from benchmark.core.result import RunResult
from benchmark.store.runs import RunStore
from benchmark.store.verify import summarise, verify

MakeResult = Callable[..., RunResult]


def test_sound_store(store: RunStore, make_result: MakeResult, predictions: pd.DataFrame) -> None:
    store.write(make_result(1), predictions)
    store.write(make_result(2, status="error"))
    report = verify(store)
    assert report.sound
    assert report.checked == 2
    assert report.orphans == report.temps == report.quarantined == ()


def test_empty_cache(store: RunStore) -> None:
    assert verify(store).checked == 0
    assert summarise(store).runs == {}


def test_finds_everything_that_is_wrong(
    store: RunStore, make_result: MakeResult, predictions: pd.DataFrame
) -> None:
    for seed in range(4):
        store.write(make_result(seed), predictions)
    names = [make_result(seed).fingerprint for seed in range(4)]
    store.path(names[0]).write_bytes(b"damaged")
    beside = store.predictions_path(names[1])
    beside.write_bytes(beside.read_bytes().replace(b"score", b"scare"))
    store.predictions_path(names[2]).unlink()
    in_flight = store.checkpoint_path("ef" * 16)
    in_flight.parent.mkdir()
    in_flight.write_bytes(b"")
    temp = store.runs / ".tmp~1~elsewhere~abc"
    temp.write_text("")
    os.utime(temp, (0, 0))
    lease = store.cache / "leases" / names[3]
    lease.parent.mkdir()
    lease.write_text("")
    old = time.time() - 3600
    os.utime(lease, (old, old))

    report = verify(store)
    assert not report.sound
    assert report.bad == (names[0],)
    assert set(report.missing) == {names[1], names[2]}
    assert len(report.quarantined) == 1
    assert report.temps == (temp,)
    assert not temp.exists()
    assert report.stale_leases == (names[3],)
    assert not lease.exists()
    assert report.orphans == (store.artifacts / names[0],)
    assert report.checkpoints == ("ef" * 16,)
    assert verify(store).bad == ()


def test_summary(store: RunStore, make_result: MakeResult, predictions: pd.DataFrame) -> None:
    store.write(make_result(1), predictions)
    store.write(make_result(2, status="error"))
    summary = summarise(store)
    assert summary.runs == {"ok": 1, "error": 1}
    assert summary.models == {"early_fusion": 2}
    assert summary.datasets == {"wdbc": 2}
    assert summary.tables == {"suite/quickstart": 2}
    assert set(summary.bytes) == {"runs", "artifacts"}
    assert summary.table_bytes["suite/quickstart"] == sum(summary.bytes.values())
