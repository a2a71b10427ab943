"""The validation value that decides which epoch is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from benchmark.core.errors import DataError, UnknownNameError, UsageError
from benchmark.core.problem import Component, Task
from benchmark.losses._base import Loss
from benchmark.metrics import FAMILIES, METRICS, kinds_of, metric_of_kind
from benchmark.metrics.evaluate import evaluate, metric_form, metric_info
from benchmark.training.config import TrainingConfig


@dataclass(frozen=True)
class Criterion:
    """A named validation value.

    Attributes:
        metric: ``loss``, a metric id or the name of a family of metrics, such as ``auroc``.
        tasks: Tasks it is taken of: a weighted sum for the loss, a mean for a metric. A family's
            mean leaves out tasks whose metric is undefined on the validation part.
        higher_is_better: Direction.
        weights: Weight of each task's loss.
    """

    metric: str
    tasks: tuple[Task, ...]
    higher_is_better: bool
    weights: Mapping[str, float]

    def value(
        self,
        logits: Mapping[str, Tensor],
        targets: Mapping[str, Tensor],
        losses: Mapping[str, Loss],
    ) -> float:
        """Return the value over all validation samples and tasks; see :meth:`values`."""
        return self.overall(self.values(logits, targets, losses))

    def values(
        self,
        logits: Mapping[str, Tensor],
        targets: Mapping[str, Tensor],
        losses: Mapping[str, Loss],
    ) -> dict[str, float]:
        """Return the value of each task over all validation samples; a loss is weighted already.

        Args:
            logits: (N, C) by task.
            targets: As in ``Batch.targets``.
            losses: Loss of each task.

        Raises:
            DataError: It is undefined, e.g. because nothing is labelled.
        """
        with torch.no_grad():
            found = {
                task.name: self._of(task, logits[task.name], targets[task.name], losses[task.name])
                for task in self.tasks
            }
        values = {task: one for task, one in found.items() if isinstance(one, float)}
        lacking = [one for one in found.values() if not isinstance(one, float)]
        if lacking and not (values and self.metric in FAMILIES):
            raise lacking[0]
        return values

    def overall(self, values: Mapping[str, float]) -> float:
        """Join the values of :meth:`values`: the sum of losses, or the mean of a metric."""
        return sum(values.values()) / (1 if self.metric == "loss" else len(values))

    def _of(self, task: Task, logits: Tensor, target: Tensor, loss: Loss) -> float | DataError:
        if self.metric == "loss":
            if float(loss.weight(target)) == 0:
                return self._undefined(task, loss.empty)
            return self.weights.get(task.name, 1.0) * float(loss(logits, target))
        scores = loss.scores(logits).cpu().numpy()
        metric = metric_of_kind(self.metric, task.kind)
        assert metric is not None  # make_criterion keeps tasks that have one
        truth, scores = metric_form(task, target.cpu().numpy(), scores)
        found = evaluate(metric, task.kind, truth, scores)
        return self._undefined(task, found.reason) if found.value is None else found.value

    def _undefined(self, task: Task, reason: str) -> DataError:
        return DataError(
            f"{self.metric} of task {task.name!r} is undefined on the validation part: {reason}",
            "select by another metric or task, or choose a split whose validation part has it",
        )


def make_criterion(component: Component, config: TrainingConfig) -> Criterion:
    """Check and resolve ``config.selection`` and ``config.task_weights``.

    Raises:
        UnknownNameError: A metric or task that does not exist.
        UsageError: The metric is not defined for the task, or for any task of the run.
    """
    names = [task.name for task in component.tasks]
    chosen = config.selection
    for name in (*config.task_weights, *([chosen.task] if chosen.task else ())):
        if name not in names:
            raise UnknownNameError("task", name, names)
    tasks = tuple(task for task in component.tasks if chosen.task in (None, task.name))
    if chosen.metric == "loss":
        return Criterion("loss", tasks, higher_is_better=False, weights=config.task_weights)
    if chosen.metric not in FAMILIES and chosen.metric not in METRICS:
        raise UnknownNameError("metric", chosen.metric, ["loss", *FAMILIES, *METRICS])
    fitting = {task: metric_of_kind(chosen.metric, task.kind) for task in tasks}
    metrics = [metric for metric in fitting.values() if metric is not None]
    if not metrics:
        kinds = ", ".join(f"{task.name} ({task.kind})" for task in tasks)
        raise UsageError(
            f"selection metric {chosen.metric!r} is not defined for {kinds}",
            f"it is defined for {', '.join(kinds_of(chosen.metric))} tasks",
        )
    having = tuple(task for task, metric in fitting.items() if metric is not None)
    higher = metric_info(metrics[0]).higher_is_better
    return Criterion(chosen.metric, having, higher, config.task_weights)
