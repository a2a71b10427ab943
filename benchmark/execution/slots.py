"""How many workers, and which device each of them sees."""

from __future__ import annotations

import os
from dataclasses import dataclass

from benchmark.core.errors import UsageError


@dataclass(frozen=True)
class Slot:
    """Room for one worker.

    Attributes:
        index: Number of the worker.
        device: Device that fixes the worker's environment, e.g. ``cuda:2``.
        inner: What the worker itself calls its device; it sees one GPU only, so ``cuda:0``.
    """

    index: int
    device: str
    inner: str


def slots(device: str, jobs: int) -> list[Slot]:
    """Return one slot per job on ``cpu``, one per listed GPU on ``cuda:0,2``, one on ``mps``.

    Raises:
        UsageError: An unknown device, or fewer than one job.
    """
    if jobs < 1:
        raise UsageError(f"cannot work with {jobs} jobs", "give -j a number from 1")
    kind, _, indices = device.partition(":")
    if kind == "cpu" and not indices:
        return [Slot(index, "cpu", "cpu") for index in range(jobs)]
    if kind == "mps" and not indices:
        return [Slot(0, "mps", "mps")]
    if kind == "cuda":
        names = [_visible(index.strip(), device) for index in (indices or "0").split(",")]
        return [Slot(number, f"cuda:{name}", "cuda:0") for number, name in enumerate(names)]
    raise UsageError(f"unknown device {device!r}", "known: cpu, cuda, cuda:0, cuda:0,1, mps")


def _visible(index: str, device: str) -> str:
    """Map an index as torch counts it to the name in our own ``CUDA_VISIBLE_DEVICES``."""
    if not index.isdigit():
        raise UsageError(f"unknown device {device!r}", "GPUs are given by index: cuda:0,1")
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        return index
    names = [name.strip() for name in visible.split(",") if name.strip()]
    if int(index) >= len(names):
        raise UsageError(
            f"there is no device cuda:{index}", f"CUDA_VISIBLE_DEVICES={visible!r} hides it"
        )
    return names[int(index)]
