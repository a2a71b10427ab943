"""Which devices workers get; decided once, before any worker starts."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from benchmark.core.errors import UsageError


def choose_devices(wanted: str, jobs: int | None) -> tuple[str, ...]:
    """Return one device per worker.

    Args:
        wanted: ``auto`` (every CUDA GPU, else Apple's mps, else cpu), ``cpu``, ``cuda`` (every
            GPU), ``cuda:N`` or ``mps``.
        jobs: Number of workers; None means one per GPU, or one per CPU core that this process
            may use. More jobs than GPUs share them in turn.

    Raises:
        UsageError: If the device does not exist here or ``jobs`` is not positive.
    """
    if jobs is not None and jobs < 1:
        raise UsageError(f"-j {jobs} leaves no worker", "give a number of 1 or more")
    found = _resolve(wanted)
    if found == ("cpu",):
        return found * (jobs or usable_cores())
    if found == ("mps",):
        return found  # its memory is the machine's: one worker at a time
    return tuple(found[i % len(found)] for i in range(jobs or len(found)))


def usable_cores() -> int:
    """Cores this process may run on (less than the machine has under taskset or Slurm)."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def has_accelerator(wanted: str) -> bool:
    """True where ``wanted`` resolves to something other than the CPU."""
    return _resolve(wanted) != ("cpu",)


def device_kind(wanted: str) -> str:
    """Return ``cpu``, ``cuda`` or ``mps``: what ``wanted`` resolves to here."""
    return _resolve(wanted)[0].partition(":")[0]


def _resolve(wanted: str) -> tuple[str, ...]:
    if wanted == "cpu":
        return ("cpu",)
    if wanted == "auto":
        return _cuda_devices() or (("mps",) if _has_mps() else ("cpu",))
    if wanted == "mps":
        if not _has_mps():
            raise UsageError("device 'mps' is not available here", "use --device cpu")
        return ("mps",)
    match = re.fullmatch(r"cuda(?::(\d+))?", wanted)
    if not match:
        raise UsageError(
            f"unknown device {wanted!r}", "known: auto, cpu, cuda, cuda:0, cuda:1, …, mps"
        )
    return _cuda(match.group(1))


def _cuda(index: str | None) -> tuple[str, ...]:
    devices = _cuda_devices()
    if not devices:
        raise UsageError("no usable CUDA GPU here", "`mmbench doctor` tells why; or --device cpu")
    if index is None:
        return devices
    if f"cuda:{index}" not in devices:
        raise UsageError(f"device 'cuda:{index}' is not here", f"known: {', '.join(devices)}")
    return (f"cuda:{index}",)


def _cuda_devices() -> tuple[str, ...]:
    # Importing torch takes seconds, so look first whether there is anything to ask it about.
    if not Path("/proc/driver/nvidia").exists() and not sys.platform.startswith("win"):
        return ()
    import torch

    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    return tuple(f"cuda:{index}" for index in range(count))


def _has_mps() -> bool:
    if sys.platform != "darwin":
        return False
    import torch

    return bool(torch.backends.mps.is_available())
