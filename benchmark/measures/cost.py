"""What a model costs on this machine: seconds, arithmetic, memory.

The steps are those of training itself: the strategy's own trainer on the run's training rows,
selection of samples and their way to the device included, validation left out. A run of this kind
has a process of its own and no other run beside it.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import torch

from benchmark.core.batch import Batch
from benchmark.core.errors import UsageError
from benchmark.core.result import MetricRow
from benchmark.core.spec import RunSpec
from benchmark.measures.config import CostConfig
from benchmark.measures.flops import forward_flops
from benchmark.measures.parameters import parts_of
from benchmark.measures.timing import Timing, measured
from benchmark.training.checkpoint import Checkpoint
from benchmark.training.evaluate import autocast
from benchmark.training.execute import Clock, ExecutionContext, Outcome, load_data
from benchmark.training.loop import Trainer
from benchmark.training.strategies import STRATEGIES
from benchmark.training.strategies._base import Job
from benchmark.training.strategies.plain import Plain, parameter_counts

_GIB = 2**30
_LOOK_S = 0.5
#: Busy cores from which a reader must know of them.
_NOTICED = 0.3


def cost(spec: RunSpec, context: ExecutionContext, config: CostConfig) -> Outcome:
    """Time training and inference, count arithmetic, read the peak of the device's memory.

    Raises:
        UsageError: The run is of another kind of device than this one, or its strategy does not
            train by steps.
    """
    if spec.device != context.device.partition(":")[0]:
        raise UsageError(
            f"the run measures on {spec.device}, this worker has {context.device}",
            f"--device {spec.device}",
        )
    busy = busy_cores()
    clock = Clock()
    data = load_data(spec, context)
    clock.lap("data")
    trainer = _trainer(Job(spec, data, context.device, Checkpoint(None, "", 0), context.progress))
    work = _Work(trainer, data.batch("test"), config, context.device, spec.threads, busy)
    rows = [
        MetricRow(part="test", dataset=data.component.dataset, task="", **one)
        for one in (*work.training(), *work.inference(), *work.arithmetic())
    ]
    clock.lap("measure")
    model = trainer.model
    return Outcome(
        rows=tuple(rows),
        predictions=None,
        releases={data.component.dataset: data.dataset.release},
        seconds=clock.seconds(),
        info={
            "samples": data.sizes,
            "device_name": device_name(context.device),
            "busy_cores": busy,
            "parameters": {**parameter_counts(model), "parts": parts_of(model)},
        },
        weights=None,
    )


def device_name(device: str) -> str:
    """Return the name of a GPU, or of the processor."""
    if device.startswith("cuda"):
        return str(torch.cuda.get_device_name(device))
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()


class _Work:
    """The measurements of one run; each yields the own fields of its rows."""

    def __init__(
        self,
        trainer: Trainer,
        test: Batch,
        config: CostConfig,
        device: str,
        threads: int,
        busy: float,
    ) -> None:
        self.trainer, self.test, self.config, self.device = trainer, test, config, device
        self.size = config.batch_size or trainer.config.batch_size
        name = device_name(device)
        plural = "s" if threads > 1 else ""
        beside = f", beside other work on {busy:.1f} cores" if busy >= _NOTICED else ""
        precision = trainer.config.precision
        self.where = f"{name}, {threads} CPU thread{plural}, {precision}{beside}"

    def training(self) -> Iterator[dict[str, Any]]:
        """Time steps of training; on a GPU, read the peak of its memory as well."""
        if self.device.startswith("cuda"):
            torch.cuda.reset_peak_memory_stats(self.device)
        timing = self.timing(self.trainer.steps_of, self.trainer.steps)
        how = self.how("steps of training", self.trainer.config.batch_size, timing)
        yield _row("train_seconds_epoch", timing.whole, how, timing.timed)
        yield _row("train_seconds_batch", timing.step, how, timing.timed)
        if self.device.startswith("cuda"):
            peak = torch.cuda.max_memory_allocated(self.device) / _GIB
            size = self.trainer.config.batch_size
            text = f"{self.where}: most memory that torch held in steps of {size} samples"
            yield _row("peak_memory", peak, text, timing.timed)
        else:
            yield _row("peak_memory", None, f"torch keeps no peak of memory on {self.device}", 0)

    def inference(self) -> Iterator[dict[str, Any]]:
        """Time forward passes over the test part."""
        count = -(-self.test.size // self.size)
        timing = self.timing(lambda _: self.forwards(), count)
        how = self.how("forward passes", min(self.size, self.test.size), timing)
        yield _row("inference_seconds_pass", timing.whole, how, timing.timed)
        yield _row("inference_seconds_batch", timing.step, how, timing.timed)

    def arithmetic(self) -> Iterator[dict[str, Any]]:
        """Count the arithmetic of a forward pass."""
        self.trainer.model.eval()
        batch = next(self.batches()).to(self.device)
        flops, reason = forward_flops(lambda: self.forward(batch))
        if flops is None:
            yield _row("gflops", None, reason, 0)
            return
        how = f"torch's counter over a forward pass of {batch.size} samples, divided by these"
        yield _row("gflops", flops / batch.size / 1e9, how, batch.size)

    def forwards(self) -> Iterator[object]:
        """Score the test part batch by batch."""
        self.trainer.model.eval()
        for batch in self.batches():
            yield self.forward(batch.to(self.device))

    @torch.no_grad()
    def forward(self, batch: Batch) -> object:
        """Score a batch as after training."""
        with autocast(self.device, self.trainer.config.precision):
            return self.trainer.model(batch)

    def batches(self) -> Iterator[Batch]:
        """Yield the test part in batches."""
        for index in torch.arange(self.test.size).split(self.size):
            yield self.test.select(index.to(self.test.rows.device))

    def timing(self, one_pass: Any, total: int) -> Timing:
        """Time passes as the settings say."""
        config = self.config
        return measured(
            one_pass,
            total,
            self.device,
            repeats=config.repeats,
            warmup=config.warmup,
            limit=config.max_steps,
            budget=config.budget,
        )

    def how(self, what: str, size: int, timing: Timing) -> str:
        """Say how a time was taken."""
        passes = f"{timing.passes} pass{'es' if timing.passes > 1 else ''}"
        text = (
            f"{self.where}: median of {passes} over {timing.timed // timing.passes} {what} of "
            f"{size} samples after {self.config.warmup} for warm-up"
        )
        return text if timing.complete else f"{text}; all are the median one times their number"


def _row(metric: str, value: float | None, reason: str, n: int) -> dict[str, Any]:
    return {"metric": metric, "value": value, "reason": reason, "n": n}


def _trainer(job: Job) -> Trainer:
    name = job.spec.strategy.name
    config = STRATEGIES.config(name).parse(job.spec.strategy.config)
    strategy = STRATEGIES.load(name)(config)
    if not isinstance(strategy, Plain):
        raise UsageError(f"strategy {name!r} does not train by steps that could be timed")
    return strategy.make_trainer(job)


def busy_cores() -> float:
    """Return how many cores others keep busy; this process does nothing meanwhile."""
    share: float = psutil.cpu_percent(interval=_LOOK_S) / 100
    return round(share * (psutil.cpu_count() or 1), 2)
