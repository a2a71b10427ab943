"""What a cohort needs of a big event table, extracted once, in parts that survive a kill."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.core.atomic import make_folder, replacing, write_text
from benchmark.datasets._base import Progress, silent
from benchmark.datasets._csv_stream import stream_csv

if TYPE_CHECKING:
    import polars as pl

#: Kept rows are written when they fill this many bytes.
PART_BYTES = 2**26


@dataclass(frozen=True)
class Kept:
    """What is kept of a piece, and how many rows were left out for which reason."""

    frame: pl.DataFrame
    dropped: Mapping[str, int]


@dataclass
class Extracted:
    """What was read of a table so far.

    Attributes:
        end: Decompressed bytes read.
        rows: Rows of the table.
        kept: Rows written.
        dropped: Rows left out by reason, where they are told.
        unreadable: Values that are not of their column's type, by column.
        parts: Files written, in the table's order.
        done: The end of the table was reached.
    """

    end: int = 0
    rows: int = 0
    kept: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    unreadable: dict[str, int] = field(default_factory=dict)
    parts: list[str] = field(default_factory=list)
    done: bool = False


def extract(
    path: Path,
    columns: Mapping[str, pl.DataType | type[pl.DataType]],
    keep: Callable[[pl.DataFrame], pl.DataFrame | Kept],
    folder: Path,
    progress: Progress = silent,
    part_bytes: int = PART_BYTES,
) -> Extracted:
    """Stream a table and write what ``keep`` leaves of it as parquet parts.

    The state beside the parts says how far the table was read, so that a run that was killed goes
    on there. One process at a time may work in ``folder``.

    Args:
        path: ``.csv`` or ``.csv.gz``.
        columns: Columns read, with types.
        keep: Filters and changes a piece, and may tell what it left out.
        folder: Of this table alone.
        progress: Told of rows read.
        part_bytes: Size of a part in memory.

    Raises:
        DataError: The table is damaged or not what it should be.
        StoreError: The folder cannot be written.
    """
    make_folder(folder)
    state = _state(folder)
    if state.done:
        return state
    held: list[pl.DataFrame] = []
    for piece in stream_csv(path, columns, start=state.end):
        state.end, state.rows = piece.end, state.rows + piece.rows
        _add(state.unreadable, piece.unreadable)
        kept = keep(piece.frame)
        if isinstance(kept, Kept):
            _add(state.dropped, kept.dropped)
            kept = kept.frame
        held.append(kept)
        if sum(frame.estimated_size() for frame in held) >= part_bytes:
            _flush(held, folder, state)
            progress(f"reading {path.name}", state.rows, 0)
    state.done = True
    _flush(held, folder, state)
    return state


def load_parts(folder: Path, state: Extracted) -> pl.DataFrame | None:
    """Return everything extracted; None where nothing was kept."""
    import polars as pl

    files = [folder / name for name in state.parts]
    return pl.concat([pl.read_parquet(file) for file in files]) if files else None


def _add(counts: dict[str, int], more: Mapping[str, int]) -> None:
    for name, count in more.items():
        counts[name] = counts.get(name, 0) + count


def _state(folder: Path) -> Extracted:
    file = folder / "state.json"
    return Extracted(**json.loads(file.read_text())) if file.is_file() else Extracted()


def _flush(held: list[pl.DataFrame], folder: Path, state: Extracted) -> None:
    """Write a part, then the state that counts it."""
    import polars as pl

    frame = pl.concat(held) if held else None
    held.clear()
    if frame is not None and len(frame):
        name = f"{len(state.parts):05d}.parquet"
        with replacing(folder / name) as temp:
            frame.write_parquet(temp)
        state.parts.append(name)
        state.kept += len(frame)
    write_text(folder / "state.json", json.dumps(asdict(state)))
