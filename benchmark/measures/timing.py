"""Clocks that wait for the device, and medians over repeated passes."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Timing:
    """What repeated passes over the same steps took.

    Attributes:
        step: Median seconds of a step.
        whole: Seconds of all steps: the median pass, or the median step times their number.
        timed: Steps that were timed, over all passes.
        passes: Passes that were timed.
        complete: Whether a pass was all steps.
    """

    step: float
    whole: float
    timed: int
    passes: int
    complete: bool


def synchronise(device: str) -> None:
    """Wait until a device has done all it was given."""
    kind = device.partition(":")[0]
    if kind == "cuda":
        torch.cuda.synchronize(device)
    elif kind == "mps":
        torch.mps.synchronize()


def timed_steps(steps: Iterator[object], device: str, limit: int) -> list[float]:
    """Return the seconds of each of the first ``limit`` steps of an iterator that does them."""
    seconds: list[float] = []
    synchronise(device)
    begun = time.perf_counter()
    for _ in steps:
        synchronise(device)
        now = time.perf_counter()
        seconds.append(now - begun)
        if len(seconds) == limit:
            break
        begun = time.perf_counter()
    return seconds


def measured(
    one_pass: Callable[[int], Iterator[object]],
    total: int,
    device: str,
    repeats: int,
    warmup: int,
    limit: int,
    budget: float,
) -> Timing:
    """Time passes over steps.

    Args:
        one_pass: Begins pass number 1, 2, ... and does one step each time it is asked to go on.
        total: Steps of a whole pass.
        device: Where they are done.
        repeats: Passes that are timed, unless the budget is used up before.
        warmup: Steps before the first timed one.
        limit: Steps of each pass that are timed.
        budget: Seconds after which no further pass is begun.
    """
    for left in _chunks(warmup, total):
        timed_steps(one_pass(1), device, left)
    begun = time.perf_counter()
    passes: list[list[float]] = []
    while len(passes) < repeats and (not passes or time.perf_counter() - begun < budget):
        passes.append(timed_steps(one_pass(len(passes) + 1), device, min(limit, total)))
    steps = [one for seconds in passes for one in seconds]
    step = statistics.median(steps)
    complete = limit >= total
    whole = statistics.median(sum(seconds) for seconds in passes) if complete else step * total
    return Timing(step, whole, len(steps), len(passes), complete)


def _chunks(steps: int, total: int) -> Iterator[int]:
    """Cut warm-up steps into passes."""
    while steps > 0:
        yield min(steps, total)
        steps -= total
