"""Look before long work: is there room on the disk and in memory for what is planned?"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmark.core.errors import StoreError

#: Room a run takes in the cache when nothing is known: record, predictions and log.
_BYTES_PER_RUN = 200_000
#: Room below which nothing is started, for checkpoints and temporary files.
_RESERVE = 200_000_000
#: A worker with torch, pandas, scikit-learn and xgboost loaded took 0.39 GB on Linux; twice that.
_BYTES_PER_WORKER = 800_000_000


@dataclass(frozen=True)
class Preflight:
    """What was found.

    Attributes:
        free_disk: Bytes free where the cache is.
        need_disk: Bytes the runs are expected to add.
        free_memory: Bytes available now.
        need_memory: Bytes the workers are expected to take.
        warnings: Sentences for the user; empty if all is well.
    """

    free_disk: int
    need_disk: int
    free_memory: int
    need_memory: int
    warnings: tuple[str, ...]


def preflight(cache: Path, runs: int, workers: int) -> Preflight:
    """Check disk and memory before ``runs`` runs on ``workers`` workers.

    Raises:
        StoreError: If the disk cannot hold the results; nothing has been started.
    """
    free_disk = shutil.disk_usage(_existing(cache)).free
    need_disk = runs * _BYTES_PER_RUN + _RESERVE
    if runs and free_disk < need_disk:
        raise StoreError(
            f"{cache} has {_size(free_disk)} free, {runs} runs need about {_size(need_disk)}",
            "free some room, or point --cache or MMBENCH_CACHE at another disk",
        )
    free_memory = psutil.virtual_memory().available
    need_memory = workers * _BYTES_PER_WORKER
    warnings = []
    if runs and free_memory < need_memory:
        fitting = max(1, free_memory // _BYTES_PER_WORKER)
        warnings.append(
            f"{workers} workers need about {_size(need_memory)} of memory, "
            f"{_size(free_memory)} is available: consider -j {fitting}"
        )
    return Preflight(free_disk, need_disk, free_memory, need_memory, tuple(warnings))


def _existing(path: Path) -> Path:
    return next(folder for folder in (path, *path.parents) if folder.exists())


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB"
