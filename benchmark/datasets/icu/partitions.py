"""Events of a whole release, put in order range of stays by range of stays, in bounded memory.

Extracted parts hold events in the order of their table. They are scattered into partitions, each of
the events of consecutive stays and small enough to be sorted in memory, and one partition after
another is appended to flat arrays that are read through memory maps.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmark.core.atomic import make_folder, replacing, write_text
from benchmark.core.errors import DataError, UsageError
from benchmark.datasets._base import Progress, silent
from benchmark.datasets.icu.ragged import Index, Ragged

if TYPE_CHECKING:
    import polars as pl

#: Gigabytes that preparing a release may take, if ``MMBENCH_MEMORY`` does not say.
DEFAULT_GB = 4.0
#: Bytes that one event takes at most while its partition is read and sorted.
EVENT_BYTES = 160
#: Bytes of the cap for the interpreter, its libraries and the table of stays; of what is left, the
#: share that a partition may take.
BASE_BYTES, SHARE = 2**28, 0.5
_KINDS, _STATE, _DONE = "kinds.json", "state.json", "done"
_ARRAYS = {"minutes": np.float32, "kinds": np.int32, "values": np.float32}


def memory_cap() -> int:
    """Return the bytes that preparing may take: ``MMBENCH_MEMORY`` gigabytes, else 4.

    Raises:
        UsageError: The variable is no number of at least 0.5.
    """
    text = os.environ.get("MMBENCH_MEMORY", "").strip()
    try:
        found = float(text) if text else DEFAULT_GB
    except ValueError:
        found = float("nan")
    if not 0.5 <= found < float("inf"):
        raise UsageError(
            f"MMBENCH_MEMORY is {text!r}, not a number of gigabytes of at least 0.5",
            "set it to e.g. 4",
        )
    return int(found * 2**30)


@dataclass(frozen=True)
class _State:
    """How far a folder is: ranges of stays as planned, and how many of them are in the arrays."""

    edges: list[int]
    written: int = 0


def write_events(
    parts: Sequence[Path],
    folder: Path,
    stays: Index,
    kinds: Sequence[str] | None = None,
    memory: int | None = None,
    progress: Progress = silent,
) -> None:
    """Write the events of parquet parts as arrays in order of stay, time, kind and appearance.

    Goes on where it was killed; a folder that is done is left alone.

    Args:
        parts: Files with ``stay, minutes, name`` and, in all or in none, ``value``.
        folder: Of these events alone.
        stays: (N,) identifiers in ascending order; events of others raise.
        kinds: Names by number; None numbers those found in order of spelling.
        memory: Bytes that may be taken; None takes :func:`memory_cap`.
        progress: Is told of partitions.

    Raises:
        DataError: An event of no known stay or kind.
        StoreError: The folder cannot be written.
    """
    if (folder / _DONE).is_file():
        return
    make_folder(folder)
    names = sorted(_names(parts)) if kinds is None else list(kinds)
    counts = _counts(parts, stays)
    cap = memory_cap() if memory is None else memory
    budget = int(max(cap - BASE_BYTES, 0) * SHARE / EVENT_BYTES)
    state = _resumed(folder, ranges(counts, budget))
    valued = bool(parts) and "value" in _columns(parts[0])
    _scatter(parts, folder, stays, names, state.edges)
    total = int(counts.sum())
    for at in range(state.written, len(state.edges) - 1):
        progress(f"ordering {folder.name}", at, len(state.edges) - 1)
        _append(folder, at, state.edges, counts, total, valued)
        state = replace(state, written=at + 1)
        write_text(folder / _STATE, json.dumps(asdict(state)))
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    with replacing(folder / "offsets.npy") as temp, temp.open("wb") as file:
        np.save(file, offsets)
    write_text(folder / _KINDS, json.dumps(names))
    shutil.rmtree(folder / "by_stay", ignore_errors=True)
    write_text(folder / _DONE, "")


def read_events(folder: Path) -> tuple[Ragged, tuple[str, ...]]:
    """Return events of :func:`write_events` through memory maps, and the names of kinds.

    What is assigned to the arrays stays in this process.
    """
    arrays: dict[str, Any] = {
        name: _map(folder / f"{name}.npy", kind)
        for name, kind in _ARRAYS.items()
        if (folder / f"{name}.npy").is_file()
    }
    names = tuple(json.loads((folder / _KINDS).read_text(encoding="utf-8")))
    return Ragged(offsets=np.load(folder / "offsets.npy"), **arrays), names


def ranges(counts: Index, budget: int) -> list[int]:
    """Return edges of ranges of stays of at most ``budget`` events; a stay is never cut.

    Args:
        counts: (N,) events by stay.
        budget: Events a range may have, unless it is a single stay.

    Returns:
        Range k holds stays ``edges[k]`` to ``edges[k + 1] - 1``.
    """
    ends = np.cumsum(counts)
    edges, before = [0], 0
    while edges[-1] < len(counts):
        fits = int(np.searchsorted(ends, before + budget, side="right"))
        edges.append(max(fits, edges[-1] + 1))
        before = int(ends[edges[-1] - 1])
    return edges


def _resumed(folder: Path, edges: list[int]) -> _State:
    """Return how far a killed call came; it counts only if its ranges were these."""
    file = folder / _STATE
    if file.is_file():
        state = _State(**json.loads(file.read_text(encoding="utf-8")))
        if state.edges == edges:
            return state
    shutil.rmtree(folder / "by_stay", ignore_errors=True)
    write_text(file, json.dumps(asdict(_State(edges))))
    return _State(edges)


def _columns(part: Path) -> list[str]:
    import polars as pl

    return list(pl.read_parquet_schema(part))


def _names(parts: Sequence[Path]) -> set[str]:
    import polars as pl

    found: set[str] = set()
    for part in parts:
        found.update(pl.read_parquet(part, columns=["name"])["name"].unique().to_list())
    return found


def _counts(parts: Sequence[Path], stays: Index) -> Index:
    import polars as pl

    counts = np.zeros(len(stays), dtype=np.int64)
    for part in parts:
        rows = _positions(pl.read_parquet(part, columns=["stay"])["stay"].to_numpy(), stays, part)
        counts += np.bincount(rows, minlength=len(stays))
    return counts


def _positions(found: NDArray[np.int64], stays: Index, part: Path) -> Index:
    at = np.searchsorted(stays, found)
    odd = np.flatnonzero(stays[np.minimum(at, len(stays) - 1)] != found)
    if len(odd):
        raise DataError(f"{part} holds events of unknown stay {found[odd[0]]}")
    return at.astype(np.int64)


def _scatter(
    parts: Sequence[Path], folder: Path, stays: Index, names: Sequence[str], edges: list[int]
) -> None:
    """Split every part by ranges of stays, ``by_stay/<range>/<part>.parquet``."""
    import polars as pl

    numbers: Mapping[str, int] = {name: at for at, name in enumerate(names)}
    for order, part in enumerate(parts):
        last = folder / "by_stay" / f"{order:05d}"
        if last.is_file():
            continue
        table = pl.read_parquet(part)
        kinds = table["name"].replace_strict(numbers, default=None, return_dtype=pl.Int32)
        if kinds.null_count():
            odd = table["name"].filter(kinds.is_null())[0]
            raise DataError(f"{part} holds events of unknown kind {odd!r}")
        rows = _positions(table["stay"].to_numpy(), stays, part)
        small = [pl.Series("row", rows, dtype=pl.UInt32), table["minutes"].cast(pl.Float64),
                 kinds.alias("kind"), *(table[one].cast(pl.Float32) for one in ("value",)
                                        if one in table.columns)]  # fmt: skip
        for at, frame in _split(pl.DataFrame(small), edges):
            target = folder / "by_stay" / f"{at:05d}-{order:05d}.parquet"
            make_folder(target.parent)
            with replacing(target) as temp:
                frame.write_parquet(temp)
        make_folder(last.parent)
        write_text(last, "")


def _split(table: pl.DataFrame, edges: list[int]) -> Iterator[tuple[int, pl.DataFrame]]:
    """Yield the rows of each range that has some, in their order."""
    at = np.searchsorted(edges, table["row"].to_numpy(), side="right") - 1
    order = np.argsort(at, kind="stable")
    starts = np.searchsorted(at[order], np.arange(len(edges)))
    moved = table[order]
    for k in np.flatnonzero(np.diff(starts)):
        yield int(k), moved[int(starts[k]) : int(starts[k + 1])]


def _append(
    folder: Path, at: int, edges: list[int], counts: Index, total: int, valued: bool
) -> None:
    """Sort the events of one range and write them behind those of the ranges before."""
    import polars as pl

    files = sorted((folder / "by_stay").glob(f"{at:05d}-*.parquet"))
    first, stop = edges[at], edges[at + 1]
    kinds = {"row": pl.UInt32, "minutes": pl.Float64, "kind": pl.Int32}
    empty = pl.DataFrame(schema={**kinds, **({"value": pl.Float32} if valued else {})})
    table = pl.concat([empty, *(pl.read_parquet(file, memory_map=False) for file in files)])
    events = Ragged.build(
        stop - first,
        table["row"].to_numpy().astype(np.int64) - first,
        table["minutes"].to_numpy(),
        table["kind"].to_numpy(),
        table["value"].to_numpy() if valued else None,
    )
    before = int(counts[:first].sum())
    for name in _ARRAYS:
        array = getattr(events, name)
        if array is not None:
            _write_at(folder / f"{name}.npy", array, before, total)


def _write_at(path: Path, array: NDArray[Any], before: int, total: int) -> None:
    """Write numbers ``before`` .. of an array of ``total`` that grows on disk."""
    with path.open("r+b" if before and path.is_file() else "wb") as file:
        np.lib.format.write_array_header_1_0(
            file,
            {"shape": (total,), "fortran_order": False,
             "descr": np.lib.format.dtype_to_descr(array.dtype)},
        )  # fmt: skip
        file.seek(file.tell() + before * array.itemsize)
        array.tofile(file)
        file.flush()
        os.fsync(file.fileno())


def _map(path: Path, kind: type[Any]) -> NDArray[Any]:
    """Map an array copy-on-write; an empty file cannot be mapped."""
    found: NDArray[Any] = (
        np.load(path, mmap_mode="c") if path.stat().st_size > 128 else np.load(path)
    )
    if found.dtype != kind:
        raise DataError(f"{path} holds {found.dtype}", "prepare this release again")
    return found
