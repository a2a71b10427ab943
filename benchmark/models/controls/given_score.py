"""A score that the data comes with, taken as it is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmark.core.errors import DataError, UnknownNameError
from benchmark.core.problem import Component, Task
from benchmark.models.controls._base import Control, ControlData
from benchmark.models.controls.config import GivenScoreConfig


class GivenScore(Control):
    """Scores every sample with one fact of its own, e.g. the mortality that APACHE IVa predicts.

    Nothing is fitted: a sample without the fact scores the share of positives among the labelled
    training rows, so that it is ranked as average. ``logit`` facts pass through a sigmoid.

    Args:
        component: Modalities and binary tasks.
        config: Modality, which of its facts, what that is.
        seed: Not used; nothing is drawn.

    Raises:
        UnknownNameError: The run does not have the modality.
    """

    def __init__(self, component: Component, config: GivenScoreConfig, seed: int) -> None:
        super().__init__(component, config, seed)
        names = [modality.name for modality in component.modalities]
        if config.modality not in names:
            raise UnknownNameError("modality", config.modality, names)
        self.config = config
        self.prevalence: dict[str, float] = {}

    def fit(self, train: ControlData, val: ControlData) -> None:
        """Count positives, for samples without the fact.

        Raises:
            DataError: A task without a labelled training row; the modality has fewer facts.
        """
        facts = train.features[self.config.modality].shape[1]
        if self.config.fact >= facts:
            raise DataError(
                f"modality {self.config.modality!r} has {facts} facts, fact {self.config.fact} "
                "is not among them",
                "facts are counted from 0",
            )
        for task in self.component.tasks:
            self.prevalence[task.name] = _prevalence(task, train.targets[task.name])

    def predict(self, data: ControlData) -> dict[str, NDArray[np.float64]]:
        """Return the fact of every sample, the same for all tasks.

        Raises:
            DataError: The fact is said to be a probability and is none.
        """
        fact = data.features[self.config.modality][:, self.config.fact]
        known = np.isfinite(fact)
        if self.config.link == "logit":
            fact = 0.5 * (1 + np.tanh(0.5 * fact))  # the sigmoid, which cannot overflow so
        wrong = np.flatnonzero(known & ((fact < 0) | (fact > 1)))
        if len(wrong):
            raise DataError(
                f"fact {self.config.fact} of modality {self.config.modality!r} is no probability: "
                f"row {wrong[0]} holds {fact[wrong[0]]:g}",
                "choose another fact, or link: logit",
            )
        return {name: np.where(known, fact, share) for name, share in self.prevalence.items()}


def _prevalence(task: Task, target: NDArray[np.float64]) -> float:
    known = np.isfinite(target)
    if not known.any():
        raise DataError(
            f"task {task.name!r} has no usable label in the training part",
            "choose another task or another split",
        )
    return float(target[known].mean())
