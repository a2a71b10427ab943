"""What must hold for every loss and every kind of task it is defined for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmark.checks._base import Check, collector, expect
from benchmark.core.problem import Task, TaskKind
from benchmark.losses import LOSSES, LossInfo
from benchmark.losses._base import Loss
from benchmark.metrics.evaluate import evaluate, metric_form, metric_info

#: Settings without which a built-in loss cannot be built on toy targets.
NEEDED: dict[str, dict[str, Any]] = {"nll_surv": {"bins": 3}}
#: Metric that must rise as a loss falls.
METRIC: dict[TaskKind, str] = {
    "binary": "auroc_binary",
    "multiclass": "acc",
    "multilabel": "f1_micro",
    "regression": "mae",
    "survival": "c_index",
    "segmentation": "dice_macro",
}
_CLASSES: dict[str, tuple[str, ...]] = {"binary": ("a", "b"), "regression": (), "survival": ()}
_ENOUGH = 0.9
_LARGEST_ERROR = 0.2
_STEPS = 60

CHECKS: list[Check[LossSubject]] = []
_check = collector(CHECKS)


@dataclass(frozen=True)
class LossSubject:
    """A registered loss.

    Attributes:
        name: Registry name.
        settings: Settings that differ from its config's defaults.
    """

    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)

    def build(self, kind: TaskKind, **settings: Any) -> Loss:
        """Return the loss of a toy task."""
        given = {**NEEDED.get(self.name, {}), **self.settings, **settings}
        config = LOSSES.config(self.name).parse(given)
        loss = LOSSES.load(self.name)(task_of(kind), config, targets_of(kind, 12).numpy())
        expect(isinstance(loss, Loss), f"{self.name} is no benchmark.plugins.Loss")
        built: Loss = loss
        return built

    def each(self, n: int) -> Iterator[tuple[TaskKind, Loss, Tensor]]:
        """Yield every kind it is defined for, with a loss and the targets of n samples."""
        for kind in LOSSES.load(self.name).kinds:
            yield kind, self.build(kind), targets_of(kind, n)


def task_of(kind: TaskKind) -> Task:
    """Return a task with three classes or labels."""
    return Task(name="t", kind=kind, classes=_CLASSES.get(kind, ("a", "b", "c")))


def targets_of(kind: str, n: int) -> Tensor:
    """Return the targets of n samples as a batch holds them."""
    generator = torch.Generator().manual_seed(0)
    if kind == "multilabel":
        return torch.randint(0, 2, (n, 3), generator=generator).float()
    if kind == "regression":
        return torch.linspace(-1.5, 1.5, n)
    if kind == "survival":  # few times, so that time bins can tell them apart; the last censored
        time = 1.0 + torch.arange(n) % 4
        return torch.stack([time, (time < 4).float()], dim=1)
    if kind == "segmentation":
        return torch.randint(0, 3, (n, 4, 4), generator=generator)
    return torch.arange(n) % (2 if kind == "binary" else 3)


def logits_for(loss: Loss, n: int, seed: int = 1) -> Tensor:
    """Return random logits of n samples."""
    shape = (n, loss.n_outputs, *([4, 4] if loss.task.kind == "segmentation" else []))
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def unlabelled(target: Tensor) -> Tensor:
    """Return targets of as many samples without a label."""
    return torch.full_like(target, float("nan") if target.is_floating_point() else -1)


def descend(loss: Loss, target: Tensor) -> tuple[float, float, Tensor]:
    """Return the loss before and after descending on logits alone, and these."""
    logits = torch.zeros_like(logits_for(loss, len(target)), requires_grad=True)
    optimizer = torch.optim.Adam([logits], lr=0.5)
    first = loss(logits, target).item()
    for step in range(_STEPS):
        optimizer.param_groups[0]["lr"] = 0.5 * (1 - step / _STEPS)
        optimizer.zero_grad()
        loss(logits, target).backward()
        optimizer.step()
    return first, loss(logits, target).item(), logits.detach()


def score(loss: Loss, logits: Tensor, target: Tensor) -> float | None:
    """Return the metric of the task's kind on some logits."""
    truth, scores = metric_form(loss.task, target.numpy(), loss.scores(logits).numpy())
    return evaluate(METRIC[loss.task.kind], loss.task.kind, truth, scores).value


@_check(
    "take (task, config, train_targets), call super().__init__(task), set n_outputs",
    gate=True,
)
def it_can_be_built(subject: LossSubject) -> None:
    """For every kind it is registered for; its class names the same kinds."""
    entry, kinds = LOSSES.entry(subject.name), LOSSES.load(subject.name).kinds
    told = entry.kinds if isinstance(entry, LossInfo) else kinds
    expect(kinds, "it names no kind of task")
    expect(tuple(told) == tuple(kinds), f"its class is for {kinds}, it is registered for {told}")
    for kind, loss, _ in subject.each(12):
        count = getattr(loss, "n_outputs", None)
        fits = isinstance(count, int) and count > 0
        expect(fits, f"n_outputs of a {kind} task is {count}, not the number of its logits")


@_check("return minus a likelihood, not the likelihood; give scores their right sign and column")
def the_metric_rises_as_the_loss_falls(subject: LossSubject) -> None:
    """Descending on logits alone ends in good scores: signs and score columns fit together."""
    for kind, loss, target in subject.each(12):
        first, last, logits = descend(loss, target)
        expect(last < first, f"60 steps on a {kind} task do not lower the loss ({last} >= {first})")
        value, metric = score(loss, logits, target), METRIC[kind]
        good = value is not None and (
            value >= _ENOUGH if metric_info(metric).higher_is_better else value <= _LARGEST_ERROR
        )
        expect(good, f"60 steps on a {kind} task end in {metric} {value}")


@_check("leave samples whose target is NaN (or -1, for classes) out of the mean")
def unlabelled_samples_change_nothing(subject: LossSubject) -> None:
    """A batch may hold samples without a label of this task."""
    for kind, loss, target in subject.each(6):
        logits = logits_for(loss, 12)
        mixed = loss(logits, torch.cat([target, unlabelled(target)]))
        same = torch.allclose(mixed, loss(logits[:6], target))
        expect(same, f"samples of a {kind} task without a label change the loss")


@_check("of a batch without a label return logits[:0].sum(), which is 0 and has a gradient")
def it_is_a_finite_scalar_even_without_labels(subject: LossSubject) -> None:
    """One sample, with and without a label: a finite scalar with finite gradients."""
    for kind, loss, target in subject.each(1):
        for one, what in ((target, "one sample"), (unlabelled(target), "no labelled sample")):
            logits = logits_for(loss, 1).requires_grad_()
            value = loss(logits, one)
            where = f"a {kind} batch with {what}"
            expect(value.shape == (), f"{where} gives a loss of shape {tuple(value.shape)}")
            expect(torch.isfinite(value), f"{where} gives a loss of {value.item()}")
            expect(value.requires_grad, f"{where} gives a loss without a gradient")
            value.backward()
            fine = logits.grad is not None and bool(torch.isfinite(logits.grad).all())
            expect(fine, f"{where} gives gradients that are not finite")


@_check("take logs by logsigmoid, log_softmax or logsumexp, not by log(sigmoid(x))")
def extreme_logits_stay_finite(subject: LossSubject) -> None:
    """Logits of ten thousand: a finite loss, finite scores, probabilities within 0 and 1."""
    for kind, loss, target in subject.each(6):
        logits = 1e4 * logits_for(loss, 6, seed=2)
        expect(torch.isfinite(loss(logits, target)), f"large logits of a {kind} task: not finite")
        scores = loss.scores(logits).numpy()
        expect(np.isfinite(scores).all(), f"large logits of a {kind} task: scores not finite")
        if kind in ("binary", "multiclass", "multilabel"):
            within = scores.min() >= 0 and scores.max() <= 1
            expect(within, f"scores of a {kind} task are no probabilities")
