"""One linear head per task."""

from __future__ import annotations

from torch import Tensor, nn

from benchmark.core.problem import Problem


class TaskHeads(nn.Module):
    """Linear(D -> C) for every task of a problem with one dataset.

    A list rather than a dictionary of modules holds them: a task may be called ``type`` or
    ``values``, which torch refuses as the name of a module.

    Args:
        width: D.
        problem: Says the tasks and the number of logits C of each.
    """

    def __init__(self, width: int, problem: Problem) -> None:
        super().__init__()
        self.outputs = task_outputs(problem)
        self.linear = nn.ModuleList(nn.Linear(width, count) for count in self.outputs.values())

    def forward(self, features: Tensor) -> dict[str, Tensor]:
        """Map features (B, D) to logits (B, C) by task."""
        return {
            task: linear(features) for task, linear in zip(self.outputs, self.linear, strict=True)
        }


def task_outputs(problem: Problem) -> dict[str, int]:
    """Return the number of logits by task, in the order of the problem's only dataset."""
    only = problem.only
    return {task.name: problem.n_outputs(only.dataset, task.name) for task in only.tasks}
