"""Base of control configurations; torch-free."""

from __future__ import annotations

from typing import ClassVar

from benchmark.core.problem import Frozen, TaskKind


class ControlConfig(Frozen):
    """Settings of a control.

    Attributes:
        kinds: Task kinds it can be fitted to. Checked when a manifest is validated.
    """

    kinds: ClassVar[tuple[TaskKind, ...]] = (
        "binary",
        "multiclass",
        "multilabel",
        "regression",
        "survival",
    )
