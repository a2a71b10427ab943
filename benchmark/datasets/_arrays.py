"""Arrays with one entry per item, filled once by several processes and memory-mapped afterwards.

``<name>.npy`` holds (N, *shape); ``done-<name>.npy`` (N,) says of each item whether it is still to
do (0), there (1) or broken (2). An item is marked only after its values are in the file, so that
filling goes on where a killed process stopped. Values are written, not mapped, while filling: a
process holds one chunk of items, whatever the size of the file.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from benchmark.core.atomic import store_error, write_text
from benchmark.core.errors import DataError, StoreError
from benchmark.core.spec import canonical_json
from benchmark.datasets._base import Progress, silent
from benchmark.datasets._pool import run_chunks

_DONE, _BROKEN = 1, 2
_SHOWN = 10
#: Room left on the disk besides the array.
_RESERVE = 200_000_000

#: Turns an item into its values.
Decode = Callable[[Any], NDArray[Any]]


@dataclass(frozen=True)
class Filling:
    """An array to fill.

    Attributes:
        name: Of the array.
        shape: Of one item's values.
        dtype: Of the values.
        items: What ``decode`` gets; picklable and small, e.g. a path and a size.
        labels: What an item is called in error texts, usually its path.
        decode: A function of a module (it is sent to other processes); raises DataError where
            an item cannot be read.
        chunk: Items a process takes at a time.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    items: Sequence[Any]
    labels: Sequence[str]
    decode: Decode
    chunk: int = 16


@dataclass(frozen=True)
class _Chunk:
    """What a process is told: fill these positions of a file."""

    path: Path
    offset: int
    shape: tuple[int, ...]
    dtype: str
    decode: Decode
    positions: tuple[int, ...]
    items: tuple[Any, ...]


def fill(
    folder: Path,
    filling: Filling,
    jobs: int = 1,
    skip_broken: bool = False,
    progress: Progress = silent,
) -> NDArray[np.bool_]:
    """Fill an array, going on where an earlier call stopped.

    Args:
        folder: Where the files are.
        filling: The array.
        jobs: Processes.
        skip_broken: Leave zeros for items that cannot be read, instead of failing after the last.
        progress: Is told how many items are done.

    Returns:
        (N,) True for the items that were read; their reasons are in ``broken-<name>.json``.

    Raises:
        DataError: Items cannot be read; names them. All others are done.
        StoreError: The disk is full or refuses.
    """
    _begin(folder, filling)
    if not len(filling.items):
        return np.zeros(0, dtype=bool)
    done = open_memmap(_map(folder, filling.name), "r+")
    todo = np.flatnonzero(done != _DONE)
    total, count = len(done), len(done) - len(todo)
    broken: dict[int, str] = {}
    progress(filling.name, count, total)
    chunks = _chunks(folder, filling, todo)
    for positions, reasons in run_chunks(_work, chunks, min(jobs, -(-len(todo) // filling.chunk))):
        done[list(positions)] = _DONE
        done[list(reasons)] = _BROKEN
        done.flush()
        broken |= reasons
        count += len(positions)
        progress(filling.name, count, total)
    _report(folder, filling, broken, skip_broken)
    return np.asarray(done == _DONE)


def open_array(folder: Path, name: str) -> NDArray[Any]:
    """Return a filled array, (N, *shape), mapped and read-only."""
    path = folder / f"{name}.npy"
    array: NDArray[Any] = np.load(path, mmap_mode="r")
    return array


@dataclass(frozen=True)
class Indexed:
    """Values of one modality, and which of them each sample has.

    Attributes:
        values: (K, *shape), usually mapped; several samples may share an entry.
        positions: (N,) entry of each sample, -1 where the modality is not observed.
    """

    values: NDArray[Any]
    positions: NDArray[np.int64]

    def take(self, rows: NDArray[np.int64]) -> NDArray[Any]:
        """Return (len(rows), *shape) in that order, zeros where unobserved; reads nothing else."""
        wanted = self.positions[rows]
        found = np.zeros((len(rows), *self.values.shape[1:]), self.values.dtype)
        there = wanted >= 0
        found[there] = self.values[wanted[there]]
        return found


def readable(folder: Path, name: str) -> NDArray[np.bool_]:
    """Return (N,) which items of a filled array were read."""
    return np.asarray(np.load(_map(folder, name)) == _DONE)


def broken_items(folder: Path, name: str) -> dict[str, str]:
    """Return the items that could not be read, and why."""
    try:
        found: dict[str, str] = json.loads((folder / f"broken-{name}.json").read_bytes())
    except FileNotFoundError:
        return {}
    return found


def _begin(folder: Path, filling: Filling) -> None:
    """Make both files, unless those of an interrupted call are there and fit."""
    plan = folder / f"plan-{filling.name}"
    body = [filling.shape, filling.dtype, list(filling.labels)]
    digest = hashlib.sha256(canonical_json(body).encode()).hexdigest()
    if plan.is_file() and plan.read_text(encoding="utf-8") == digest:
        return
    plan.unlink(missing_ok=True)
    _create(folder, filling)
    write_text(plan, digest)


def _create(folder: Path, filling: Filling) -> None:
    """Make both files; on most file systems they take room only as they are filled."""
    shape = (len(filling.items), *filling.shape)
    size = int(np.prod(shape, dtype=np.int64)) * np.dtype(filling.dtype).itemsize
    _check_room(folder, filling.name, size)
    files = {folder / f"{filling.name}.npy": (shape, filling.dtype)}
    files[_map(folder, filling.name)] = (shape[:1], "uint8")
    try:
        for path, (extent, dtype) in files.items():
            path.unlink(missing_ok=True)
            if size:
                open_memmap(path, "w+", np.dtype(dtype), extent).flush()
            else:
                np.save(path, np.zeros(extent, dtype))
    except OSError as error:
        raise store_error(error, folder) from error


def _map(folder: Path, name: str) -> Path:
    return folder / f"done-{name}.npy"


def _check_room(folder: Path, name: str, need: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < need + _RESERVE:
        raise StoreError(
            f"{name} needs {need / 1e9:.1f} GB, {folder} has {free / 1e9:.1f} GB free",
            "free some room, or point --cache or MMBENCH_CACHE at another disk",
        )


def _chunks(folder: Path, filling: Filling, todo: NDArray[np.int64]) -> Iterator[_Chunk]:
    path = folder / f"{filling.name}.npy"
    offset = open_memmap(path, "r").offset
    for start in range(0, len(todo), filling.chunk):
        positions = tuple(int(one) for one in todo[start : start + filling.chunk])
        yield _Chunk(
            path=path,
            offset=offset,
            shape=filling.shape,
            dtype=filling.dtype,
            decode=filling.decode,
            positions=positions,
            items=tuple(filling.items[one] for one in positions),
        )


def _work(chunk: _Chunk) -> tuple[tuple[int, ...], dict[int, str]]:
    """Fill the positions of a chunk; return them, and the reasons of those that are broken."""
    reasons: dict[int, str] = {}
    size = int(np.prod(chunk.shape, dtype=np.int64)) * np.dtype(chunk.dtype).itemsize
    try:
        with chunk.path.open("r+b") as file:
            for position, item in zip(chunk.positions, chunk.items, strict=True):
                values = _decoded(chunk, item, reasons, position)
                if values is not None:
                    file.seek(chunk.offset + position * size)
                    file.write(values.tobytes())
            file.flush()
            # The map says "done" only of what outlives the machine.
            os.fsync(file.fileno())
    except OSError as error:
        raise store_error(error, chunk.path) from error
    return chunk.positions, reasons


def _decoded(
    chunk: _Chunk, item: Any, reasons: dict[int, str], position: int
) -> NDArray[Any] | None:
    try:
        values = np.asarray(chunk.decode(item))
    except MemoryError:
        raise
    except DataError as error:
        reasons[position] = error.message
        return None
    except Exception as error:
        # Decoders raise whatever a damaged file leads them to; the file is named by its label.
        reasons[position] = f"{type(error).__name__}: {error}"
        return None
    if values.shape != chunk.shape or values.dtype != np.dtype(chunk.dtype):
        raise TypeError(
            f"decoding {item!r} gave {values.dtype} of shape {values.shape} "
            f"instead of {chunk.dtype} of shape {chunk.shape}"
        )
    return values


def _report(folder: Path, filling: Filling, broken: dict[int, str], skip: bool) -> None:
    path = folder / f"broken-{filling.name}.json"
    if not broken:
        path.unlink(missing_ok=True)
        return
    texts = {str(filling.labels[one]): broken[one] for one in sorted(broken)}
    write_text(path, json.dumps(texts, indent=2) + "\n")
    if skip:
        return
    first = list(texts.items())[:_SHOWN]
    shown = [why if label in why else f"{label}: {why}" for label, why in first]
    if len(texts) > _SHOWN:
        shown.append(f"and {len(texts) - _SHOWN} more")
    raise DataError(
        f"{len(broken)} of {len(filling.items)} {filling.name} cannot be read:\n"
        + "\n".join(shown),
        "fetch these files again and repeat the command, which does only them; or leave them out "
        "with --skip-broken (option broken: skip)",
    )
