"""What a model is asked to learn: modalities and tasks, by dataset."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict

ModalityKind = Literal["image", "volume", "vector", "sequence", "events", "text"]
TaskKind = Literal["binary", "multiclass", "multilabel", "regression", "survival", "segmentation"]


class Frozen(BaseModel):
    """Base of immutable records: unknown keys are errors, types are not coerced."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    @classmethod
    def parse(cls, value: Mapping[str, Any]) -> Self:
        """Validate plain JSON or YAML values: strict about types, but lists become tuples.

        Raises:
            pydantic.ValidationError: Every problem at once.
        """
        return cls.model_validate_json(json.dumps(value))


class Modality(Frozen):
    """One input of a dataset.

    Attributes:
        name: Key of the modality in ``Batch.inputs``.
        kind: What the values are; chooses encoders and control features.
        shape: Shape of one sample without the batch axis, e.g. ``(10,)`` or ``(3, 224, 224)``;
            a sequence's length axis comes first and is the maximum; events have (T, tokens).
    """

    name: str
    kind: ModalityKind
    shape: tuple[int, ...]


class Task(Frozen):
    """One target of a dataset.

    Attributes:
        name: Key of the task in ``Batch.targets`` and ``Output.logits``.
        kind: Decides the targets' form, the default loss and the metrics that exist.
        classes: Class names in label order; for multilabel the names of the labels; empty for
            regression and survival.
    """

    name: str
    kind: TaskKind
    classes: tuple[str, ...] = ()


class Component(Frozen):
    """What one dataset contributes to a problem: modalities (ordered) and tasks (ordered)."""

    dataset: str
    modalities: tuple[Modality, ...]
    tasks: tuple[Task, ...]

    def modality(self, name: str) -> Modality:
        """Return the modality called ``name``; KeyError if there is none."""
        return _named(self.modalities, name)

    def task(self, name: str) -> Task:
        """Return the task called ``name``; KeyError if there is none."""
        return _named(self.tasks, name)


class Problem(Frozen):
    """Components of a run; nearly always one.

    Attributes:
        components: One per dataset.
        outputs: Number of logits by ``dataset/task``, set by the loss of the task (a binary task
            has one logit under ``bce`` and two under ``cross_entropy``).
    """

    components: tuple[Component, ...]
    outputs: dict[str, int]

    @property
    def only(self) -> Component:
        """The single component; ValueError where there are several."""
        if len(self.components) != 1:
            names = [component.dataset for component in self.components]
            raise ValueError(f"this model takes one dataset, the problem has {names}")
        return self.components[0]

    def n_outputs(self, dataset: str, task: str) -> int:
        """Number of logits the model gives for ``task`` of ``dataset``."""
        return self.outputs[f"{dataset}/{task}"]


_Named = TypeVar("_Named", Modality, Task)


def _named(items: tuple[_Named, ...], name: str) -> _Named:
    for item in items:
        if item.name == name:
            return item
    raise KeyError(f"{name!r} is not among {[item.name for item in items]}")
