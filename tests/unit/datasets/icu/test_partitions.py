"""Ordering events by ranges of stays: equal to ordering all at once, in bounded pieces."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from benchmark.core.errors import DataError, UsageError
from benchmark.datasets.icu import partitions
from benchmark.datasets.icu.partitions import (
    BASE_BYTES,
    EVENT_BYTES,
    SHARE,
    memory_cap,
    ranges,
    read_events,
    write_events,
)
from benchmark.datasets.icu.ragged import Ragged

STAYS = np.array([7, 11, 12, 20, 31, 44, 45, 50, 71, 90])
NAMES = ("b", "a", "never", "c")
#: Bytes within which a partition has at most 40 events.
SMALL = BASE_BYTES + int(40 * EVENT_BYTES / SHARE)


@pytest.fixture
def table() -> pl.DataFrame:
    """300 events of all stays but one, many at the same time, one stay with most of them."""
    rng = np.random.default_rng(0)
    often = rng.choice(STAYS[STAYS != 20], 300, p=[0.3, *[0.1] * 7, 0.0])
    return pl.DataFrame(
        {
            "stay": often,
            "minutes": rng.integers(0, 20, 300),
            "name": rng.choice(["a", "b", "c"], 300),
            "value": rng.normal(size=300),
        }
    )


@pytest.fixture
def parts(table: pl.DataFrame, tmp_path: Path) -> list[Path]:
    files = [tmp_path / f"{k}.parquet" for k in range(6)]
    for k, file in enumerate(files):
        table[50 * k : 50 * k + 50].write_parquet(file)
    return files


def at_once(table: pl.DataFrame) -> Ragged:
    return Ragged.build(
        len(STAYS),
        np.searchsorted(STAYS, table["stay"].to_numpy()),
        table["minutes"].to_numpy(),
        np.array([NAMES.index(name) for name in table["name"]]),
        table["value"].to_numpy(),
    )


def assert_same(found: Ragged, wanted: Ragged) -> None:
    for name in ("offsets", "minutes", "kinds", "values"):
        np.testing.assert_array_equal(getattr(found, name), getattr(wanted, name), err_msg=name)


def test_partitions_are_sorted_one_by_one_within_the_cap(
    table: pl.DataFrame, parts: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[tuple[int, int]] = []
    build = Ragged.build.__func__  # type: ignore[attr-defined]

    def seen(cls: type[Ragged], n: int, stays: np.ndarray, *rest: np.ndarray) -> Ragged:
        sizes.append((n, len(stays)))
        found: Ragged = build(cls, n, stays, *rest)
        return found

    monkeypatch.setattr(Ragged, "build", classmethod(seen))
    write_events(parts, tmp_path / "out", STAYS, NAMES, SMALL)
    monkeypatch.undo()
    assert sum(stays for stays, _ in sizes) == len(STAYS)
    assert sum(events for _, events in sizes) == 300
    assert len(sizes) >= 6
    assert all(events <= 40 or stays == 1 for stays, events in sizes)
    found, names = read_events(tmp_path / "out")
    assert names == NAMES
    assert_same(found, at_once(table))
    assert isinstance(found.minutes, np.memmap)
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == [
        "done", "kinds.json", "kinds.npy", "minutes.npy", "offsets.npy", "state.json",
        "values.npy",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("where", "after"), [("_write_at", 1), ("_write_at", 4), ("_write_at", 8), ("_split", 4)]
)
def test_goes_on_where_it_was_killed(
    table: pl.DataFrame,
    parts: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    where: str,
    after: int,
) -> None:
    class Killed(Exception):
        pass

    calls, real = [0], getattr(partitions, where)

    def dies(*given: object) -> object:
        calls[0] += 1
        if calls[0] > after:
            raise Killed
        return real(*given)

    monkeypatch.setattr(partitions, where, dies)
    with pytest.raises(Killed):
        write_events(parts, tmp_path / "out", STAYS, NAMES, SMALL)
    monkeypatch.setattr(partitions, where, real)
    told: list[int] = []
    read: list[Path] = []
    scan = pl.read_parquet

    def noted(file: Path, **options: object) -> pl.DataFrame:
        read.append(file)
        return scan(file, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(pl, "read_parquet", noted)
    write_events(parts, tmp_path / "out", STAYS, NAMES, SMALL, lambda _, at, total: told.append(at))
    assert_same(read_events(tmp_path / "out")[0], at_once(table))
    assert told[0] == (after // 3 if where == "_write_at" else 0)  # three arrays a partition
    scattered = len(parts) if where == "_write_at" else after
    # Every part is read for its counts, and scattered only if it was not before.
    assert sum(file in parts for file in read) == 2 * len(parts) - scattered
    read.clear()
    write_events(parts, tmp_path / "out", STAYS, NAMES, SMALL)
    assert not read  # done


def test_another_cap_begins_anew_and_gives_the_same(
    table: pl.DataFrame, parts: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = partitions._write_at
    monkeypatch.setattr(partitions, "_write_at", lambda *_: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        write_events(parts, tmp_path / "out", STAYS, NAMES, SMALL)
    monkeypatch.setattr(partitions, "_write_at", real)
    write_events(parts, tmp_path / "out", STAYS, NAMES, 2 * SMALL)
    assert_same(read_events(tmp_path / "out")[0], at_once(table))


def test_codes_are_numbered_in_order_of_spelling(table: pl.DataFrame, tmp_path: Path) -> None:
    file = tmp_path / "codes.parquet"
    table.drop("value").write_parquet(file)
    write_events([file], tmp_path / "out", STAYS, None, SMALL)
    found, names = read_events(tmp_path / "out")
    assert names == ("a", "b", "c")
    assert found.values is None
    first = table.filter(pl.col("stay") == 7).sort("minutes", "name")
    assert [names[kind] for kind in found.kinds[: len(first)]] == first["name"].to_list()


def test_nothing_extracted_is_no_event_of_anybody(tmp_path: Path) -> None:
    write_events([], tmp_path / "out", STAYS, None, SMALL)
    found, names = read_events(tmp_path / "out")
    assert names == ()
    assert found.counts.tolist() == [0] * len(STAYS)
    assert len(found.minutes) == 0


def test_strangers_are_refused(table: pl.DataFrame, tmp_path: Path) -> None:
    file = tmp_path / "codes.parquet"
    table.with_columns(stay=pl.lit(8, dtype=pl.Int64)).write_parquet(file)
    with pytest.raises(DataError, match="unknown stay 8"):
        write_events([file], tmp_path / "out", STAYS, NAMES, SMALL)
    table.with_columns(name=pl.lit("z")).write_parquet(file)
    with pytest.raises(DataError, match="unknown kind 'z'"):
        write_events([file], tmp_path / "out", STAYS, NAMES, SMALL)


def test_ranges_hold_whole_stays() -> None:
    assert ranges(np.array([3, 3, 3, 9, 0, 1]), 6) == [0, 2, 3, 4, 6]
    assert ranges(np.array([1, 1]), 0) == [0, 1, 2]
    assert ranges(np.array([2, 0, 0]), 5) == [0, 3]
    assert ranges(np.array([], dtype=np.int64), 5) == [0]


def test_some_stays_of_many(table: pl.DataFrame) -> None:
    whole = at_once(table)
    rows = np.array([8, 0, 3])
    some = whole.of(rows)
    assert some.counts.tolist() == whole.counts[rows].tolist()
    for one, other in zip(some.select(np.array([1, 0])), whole.select(np.array([0, 8])),
                          strict=True):  # fmt: skip
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(some.of(np.array([2, 1])).counts, whole.counts[[3, 0]])


@pytest.mark.parametrize("text", ["much", "0.1", "-4", "inf", "nan"])
def test_a_cap_that_is_no_number_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MMBENCH_MEMORY", text)
    with pytest.raises(UsageError, match="MMBENCH_MEMORY"):
        memory_cap()


def test_the_cap_is_four_gigabytes_unless_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MMBENCH_MEMORY", raising=False)
    assert memory_cap() == 4 * 2**30
    monkeypatch.setenv("MMBENCH_MEMORY", "1.5")
    assert memory_cap() == 3 * 2**29
