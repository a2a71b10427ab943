"""One head per task."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from benchmark.core.errors import UsageError
from benchmark.core.problem import Problem
from benchmark.models.layers.mlp import Activation, mlp


class TaskHeads(nn.Module):
    """Linear(D -> C), or a perceptron, for every task of a problem with one dataset.

    A list rather than a dictionary of modules holds them: a task may be called ``type`` or
    ``values``, which torch refuses as the name of a module. Segmentation tasks have no head here:
    they are read off tokens, not off one vector, by a head of another kind.

    Args:
        width: D.
        problem: Says the tasks and the number of logits C of each.
        hidden: Widths of hidden layers in every head; none makes it one linear map.
        dropout: After every hidden activation.
        activation: Of the hidden layers.
        dense: The model has heads of its own for segmentation tasks.

    Raises:
        UsageError: There is a segmentation task and the model has no head for it.
    """

    def __init__(
        self,
        width: int,
        problem: Problem,
        hidden: Sequence[int] = (),
        dropout: float = 0.0,
        activation: Activation = "relu",
        dense: bool = False,
    ) -> None:
        super().__init__()
        self.outputs = task_outputs(problem, dense)
        self.linear = nn.ModuleList(
            mlp(width, hidden, count, dropout, activation) if hidden else nn.Linear(width, count)
            for count in self.outputs.values()
        )

    def forward(self, features: Tensor) -> dict[str, Tensor]:
        """Map features (B, D) to logits (B, C) by task."""
        return {
            task: linear(features) for task, linear in zip(self.outputs, self.linear, strict=True)
        }

    def each(self, features: Sequence[Tensor]) -> dict[str, Tensor]:
        """Map features (B, D) of each task, in the order of ``outputs``, to its logits (B, C)."""
        pairs = zip(self.outputs, self.linear, features, strict=True)
        return {task: linear(own) for task, linear, own in pairs}


def task_outputs(problem: Problem, dense: bool = False) -> dict[str, int]:
    """Return the number of logits of every task that is read off one vector, in order.

    Args:
        problem: With one dataset.
        dense: Leave segmentation tasks out rather than refusing them.

    Raises:
        UsageError: There is a segmentation task, and ``dense`` is not set.
    """
    only = problem.only
    found = {}
    for task in only.tasks:
        if task.kind != "segmentation":
            found[task.name] = problem.n_outputs(only.dataset, task.name)
        elif not dense:
            raise UsageError(
                f"task {task.name!r} is a segmentation, for which the model has no head",
                "leave the task out, or choose a model that segments",
            )
    return found
