"""Training steps of I2MoE: batched passes against one pass per expert and mask.

    python benchmarks/bench_i2moe.py [--steps 7] [--threads 1] [--small]

First come the rates of one product of large matrices in fp32 and bf16: what the processor gains by
bf16 there (2 with AVX-512 instructions alone, far more with matrix units) bounds what a whole step
can gain, of which products are about half.

Prints medians in milliseconds and ratios to the plain fp32 loop. The variants take turns, so that
a busy machine slows all of them; a ratio is the median of the ratios within a turn. A step is
everything: encoders, passes, losses, backward, Adam. ``--small`` leaves out the larger size. CPU
time says more than wall time where the machine is busy.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from benchmark.core.batch import Batch, ModalityData
from benchmark.core.problem import Component, Modality, Problem, Task
from benchmark.losses.config import CrossEntropyConfig
from benchmark.losses.cross_entropy import CrossEntropy
from benchmark.models import MODELS
from benchmark.models._fusion import Fused
from benchmark.models.encoders import ENCODERS
from benchmark.models.joint_transformer.model import JointTransformer
from benchmark.training.config import TrainingConfig
from benchmark.training.step import gradient_step

BATCH, FEATURES, CLASSES = 32, 512, 3


@dataclass(frozen=True)
class Size:
    modalities: int
    width: int
    layers: int
    patches: int

    def __str__(self) -> str:
        return f"M={self.modalities} D={self.width} L={self.layers} P={self.patches} B={BATCH}"


SIZES = (Size(3, 128, 2, 8), Size(4, 256, 2, 16))


def plain_loop(
    experts: Sequence[JointTransformer],
    codes: Sequence[Tensor],
    observed: Tensor,
    replaced: Mapping[int, Tensor],
) -> Fused:
    """One call of a plain model per expert and mask."""
    rows = []
    for e, expert in enumerate(experts):
        passes = [list(codes)]
        for m, masks in replaced.items():
            passes.append([masks[e] if n == m else code for n, code in enumerate(codes)])
        rows.append([expert.fuse(one, observed) for one in passes])
    tasks = rows[0][0].logits
    return Fused(
        {
            t: torch.stack([torch.stack([one.logits[t] for one in row]) for row in rows])
            for t in tasks
        },
        torch.stack([torch.stack([one.latent for one in row]) for row in rows]),
    )


def model_of(size: Size) -> Any:
    component = Component(
        dataset="d",
        modalities=tuple(
            Modality(name=f"m{m}", kind="vector", shape=(FEATURES,)) for m in range(size.modalities)
        ),
        tasks=(Task(name="t", kind="multiclass", classes=tuple("abc")),),
    )
    problem = Problem(components=(component,), outputs={"d/t": CLASSES})
    config = MODELS.config("i2moe").parse(
        {"fusion": {"name": "joint_transformer", "layers": size.layers}}
    )
    torch.manual_seed(0)
    patch = ENCODERS.config("patch").parse({"width": size.width, "patches": size.patches})
    encoders = {one.name: ENCODERS.load("patch")(one, patch) for one in component.modalities}
    return MODELS.load("i2moe")(problem, encoders, config)


def batch_of(size: Size) -> Batch:
    generator = torch.Generator().manual_seed(0)
    return Batch(
        dataset="d",
        inputs={
            f"m{m}": ModalityData(torch.randn(BATCH, FEATURES, generator=generator))
            for m in range(size.modalities)
        },
        observed=torch.ones(BATCH, size.modalities, dtype=torch.bool),
        targets={"t": torch.arange(BATCH) % CLASSES},
        rows=torch.arange(BATCH),
    )


def step_of(size: Size, precision: str, loop: bool) -> Callable[[], tuple[float, float]]:
    """Return a training step that gives its wall and CPU milliseconds."""
    model, batch = model_of(size).train(), batch_of(size)
    task = model.problem.only.tasks[0]
    losses = {"t": CrossEntropy(task, CrossEntropyConfig(), batch.targets["t"].numpy())}
    config = TrainingConfig.parse({"precision": precision})
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-4)
    batched = JointTransformer.fuse_experts

    def step() -> tuple[float, float]:
        if loop:
            JointTransformer.fuse_experts = staticmethod(plain_loop)  # type: ignore
        wall, cpu = time.perf_counter(), time.process_time()
        gradient_step(model, losses, batch, optimizer, config)
        taken = 1000 * (time.perf_counter() - wall), 1000 * (time.process_time() - cpu)
        JointTransformer.fuse_experts = batched  # type: ignore
        return taken

    return step


def speed(size: Size, steps: int) -> None:
    variants = {
        "loop fp32": step_of(size, "fp32", loop=True),
        "batched fp32": step_of(size, "fp32", loop=False),
        "loop bf16": step_of(size, "bf16", loop=True),
        "batched bf16": step_of(size, "bf16", loop=False),
    }
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in variants}
    for turn in range(steps + 1):
        for name, step in variants.items():
            taken = step()
            if turn:  # the first turn warms up
                times[name].append(taken)
    print(f"\n{size}: {steps} turns")
    print(f"  {'':<14}{'wall ms':>10}{'ratio':>8}{'CPU ms':>10}{'ratio':>8}")
    base = times["loop fp32"]
    for name, taken in times.items():
        shown = ""
        for clock in (0, 1):
            middle = statistics.median(one[clock] for one in taken)
            pairs = zip(base, taken, strict=True)
            ratio = statistics.median(plain[clock] / one[clock] for plain, one in pairs)
            shown += f"{middle:>10.0f}{ratio:>8.2f}"
        print(f"  {name:<14}{shown}")


def product_rate(dtype: torch.dtype, width: int = 1024, tries: int = 9) -> float:
    """Return the best GFLOP/s of a product of square matrices, by CPU time over threads."""
    left, right = (torch.randn(width, width).to(dtype) for _ in range(2))
    left @ right
    best = float("inf")
    for _ in range(tries):
        start = time.process_time()
        left @ right
        best = min(best, time.process_time() - start)
    return 2e-9 * width**3 / best * torch.get_num_threads()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--small", action="store_true")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    rates = {"fp32": product_rate(torch.float32), "bf16": product_rate(torch.bfloat16)}
    for precision, rate in rates.items():
        print(f"products in {precision}: {rate:5.0f} GFLOP/s, x {rate / rates['fp32']:.2f}")
    for size in SIZES[: 1 if given.small else 2]:
        speed(size, given.steps)


if __name__ == "__main__":
    main()
