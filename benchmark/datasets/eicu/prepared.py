"""The prepared form of eICU: stays, events in mapped arrays, facts, and what was left out."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmark.datasets._base import AttritionStep, Progress, silent
from benchmark.datasets._prepared import write_attrition
from benchmark.datasets.eicu import cohort
from benchmark.datasets.eicu.apache import read_apache
from benchmark.datasets.eicu.config import CHANNELS, CODED, HOURLY_CHANNELS, EICUConfig
from benchmark.datasets.eicu.tables import (
    NOTE,
    REASONS,
    STAY,
    EventTable,
    code_tables,
    hourly_events,
    series_tables,
    table_file,
)
from benchmark.datasets.icu.extract import PART_BYTES, Extracted, Kept, extract
from benchmark.datasets.icu.leaks import refuse_outcomes
from benchmark.datasets.icu.partitions import memory_cap, read_events, write_events
from benchmark.datasets.icu.ragged import Ragged

#: Where no table of measurements is there.
_NONE = np.zeros(0, dtype=np.float32)


def write_prepared(
    root: Path,
    hourly: Sequence[Path],
    config: EICUConfig,
    part: Path,
    jobs: int = 1,
    progress: Progress = silent,
) -> None:
    """Write the stays, their events and facts; goes on after a kill.

    Memory is bounded by :func:`benchmark.datasets.icu.partitions.memory_cap`.

    Args:
        root: Folder of the release.
        hourly: The hourly export, where series come from it.
        config: Window and source of series.
        part: Folder to fill.
        jobs: Tables read at once.
        progress: Is told of rows and partitions.

    Raises:
        DataError: A table is damaged or not laid out as released.
    """
    memory = memory_cap()
    stays = cohort.read_stays(root)
    stays.write_parquet(part / "stays.parquet")
    ids, window = stays[STAY], config.window_hours * cohort.HOUR
    states = _extract_all(root, config, ids, part, jobs, memory, progress)
    parts = {
        name: [_parts(part, name) / file for file in state.parts] for name, state in states.items()
    }
    series = [file for name in parts if name.startswith("series_") for file in parts[name]]
    for path in hourly:
        file = part / "parts_hourly.parquet"
        hourly_events(path, window).filter(pl.col("stay").is_in(ids.to_list())).write_parquet(file)
        series.append(file)
    channels = HOURLY_CHANNELS if config.series == "hourly" else CHANNELS
    keys = ids.to_numpy()
    write_events(series, part / "series", keys, channels, memory, progress)
    for name in (*(f"code_{one}" for one in CODED), "note"):
        write_events(parts.get(name, []), part / name, keys, None, memory, progress)
    for name, facts in read_apache(root, ids.to_list()).items():
        facts.write_parquet(part / f"{name}.parquet")
    write_attrition(part, [step for name in states for step in _steps(name, states[name])])
    # Kept until all is there: after a kill, what was read of any table is not read again.
    for left in part.glob("parts_*"):
        shutil.rmtree(left) if left.is_dir() else left.unlink()


def read_series(folder: Path) -> tuple[Ragged, tuple[str, ...]]:
    """Return the measurements of all stays, and the names of channels."""
    events, names = read_events(folder / "series")
    return events if events.values is not None else replace(events, values=_NONE), names


def read_coded(folder: Path, name: str) -> tuple[Ragged, tuple[str, ...]]:
    """Return the coded events of a kind, or ``note``, of all stays, and the names of codes."""
    return read_events(folder / (name if name == "note" else f"code_{name}"))


def coded_counts(folder: Path) -> NDArray[np.int64]:
    """Return (N,) coded events of all kinds by stay."""
    counts = np.stack([read_coded(folder, name)[0].counts for name in CODED])
    total: NDArray[np.int64] = counts.sum(axis=0)
    return total


def _parts(part: Path, name: str) -> Path:
    return part / f"parts_{name}"


def _tables(config: EICUConfig) -> dict[str, EventTable]:
    """Return the tables extracted, by what they are called in the prepared form."""
    codes = code_tables(config.known_by)
    tables = {f"code_{name}": table for name, table in codes.items()} | {"note": NOTE}
    if config.series == "official":
        tables |= {f"series_{table.name}": table for table in series_tables(config.known_by)}
    return tables


def _extract_all(
    root: Path,
    config: EICUConfig,
    ids: pl.Series,
    part: Path,
    jobs: int,
    memory: int,
    progress: Progress,
) -> dict[str, Extracted]:
    """Read every table that is there; decompression takes a core of each."""
    window = config.window_hours * cohort.HOUR
    files = {
        name: (path, table)
        for name, table in _tables(config).items()
        if (path := table_file(root, table.name)) is not None
    }
    workers = max(1, min(jobs, len(files), memory // (16 * PART_BYTES)))
    size = min(PART_BYTES, memory // (8 * workers))
    stopped, pending = threading.Event(), {}
    with ThreadPoolExecutor(workers) as pool:
        for name, (path, table) in files.items():
            refuse_outcomes(table.name, table.columns)
            keep = partial(_keep, table, window, ids, stopped)
            pending[name] = pool.submit(
                extract, path, table.columns, keep, _parts(part, name), progress, size
            )
        try:
            done, _ = wait(pending.values(), return_when=FIRST_EXCEPTION)
            failed = next((error for one in done if (error := one.exception())), None)
            if failed is not None:
                raise failed
        except BaseException:
            stopped.set()
            pool.shutdown(cancel_futures=True)
            raise
    return {name: one.result() for name, one in pending.items()}


class _StoppedError(Exception):
    """Another table could not be read."""


def _keep(
    table: EventTable, window: int, ids: pl.Series, stopped: threading.Event, rows: pl.DataFrame
) -> Kept:
    if stopped.is_set():
        raise _StoppedError
    return table.events(window, ids, rows)


def _steps(name: str, state: Extracted) -> Iterator[AttritionStep]:
    """Yield what was left out of a table; a value that cannot be read leaves its row there."""
    table = name.removeprefix("code_").removeprefix("series_")
    what = f"{table} as {'measurements' if name.startswith('series_') else 'events'}"
    left = state.rows
    yield AttritionStep(f"{what}: rows", left)
    for reason in REASONS:
        count = state.dropped.get(reason, 0)
        if count:
            left -= count
            yield AttritionStep(f"{what}: rows left", left, count, reason)
    for column, count in sorted(state.unreadable.items()):
        why = f"{column} of any row that cannot be read"
        yield AttritionStep(f"{what}: all rows", state.rows, count, why)
    yield AttritionStep(f"{what}: found", state.kept)
