"""Synthetic vectors with planted unique, shared and synergistic (XOR) information.

Written by ``benchmark.datasets.synthetic.planted``, whose text says what is planted and what the
best possible accuracy is. Without an option it is the pure XOR of two modalities: each alone, and
every linear rule on both, is at chance, while ``1 - noise`` can be reached.

The target is the label itself, a value or a survival time that follows it; see
``benchmark.datasets.synthetic.planted_outcomes``.
"""

from __future__ import annotations

import hashlib
from typing import Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field, model_validator

from benchmark.core.errors import DataNotAvailable
from benchmark.core.problem import Component, Modality, Task
from benchmark.core.result import Release
from benchmark.core.seeding import derive_seed
from benchmark.core.spec import MissingSpec, canonical_json
from benchmark.datasets._base import DataContext, DatasetConfig
from benchmark.datasets._vector import VectorDataset
from benchmark.datasets.synthetic.planted import GENERATOR_VERSION, Plan, generate
from benchmark.datasets.synthetic.planted_outcomes import Outcome, survival_of, values_of
from benchmark.missing import apply_missing

_NAMES = "abcdef"
_TASKS = {"label": "label", "regression": "value", "survival": "survival"}


class PlantedConfig(DatasetConfig):
    """What to plant.

    Attributes:
        n: Samples.
        modalities: How many, called ``a``, ``b``, ...
        width: Features per modality.
        target: The one task: ``label``, the class itself; ``regression``, task ``value``;
            ``survival``, task ``survival``.
        classes: Classes of the label.
        mechanisms: Share of samples whose label follows ``unique:<modality>``, ``shared`` or
            ``xor`` (of ``a`` and ``b``); they sum to 1.
        noise: Share of labels replaced by another class; below (C-1)/C.
        missing: Probability that a modality is unobserved, by name, independent of everything
            else; every sample keeps at least one.
        effect: Of survival: log hazard ratio between neighbouring labels.
        censoring: Of survival: hazard of censoring over the baseline hazard of the event.
        spread: Of regression: standard deviation of the noise on values.
        unlabelled: Share of samples without a target.
        samples_per_group: Consecutive samples that belong to one patient.
        seed: Seed of the generator.
    """

    n: int = Field(default=600, ge=1)
    modalities: int = Field(default=2, ge=2, le=len(_NAMES))
    width: int = Field(default=8, ge=2)
    target: Literal["label", "regression", "survival"] = "label"
    classes: int = Field(default=2, ge=2, le=5)
    mechanisms: dict[str, float] = Field(default_factory=lambda: {"xor": 1.0})
    noise: float = Field(default=0.0, ge=0)
    effect: float = Field(default=1.5, ge=0, le=10)
    censoring: float = Field(default=0.5, ge=0)
    spread: float = Field(default=0.5, ge=0)
    missing: dict[str, float] = Field(default_factory=dict)
    unlabelled: float = Field(default=0.0, ge=0, lt=1)
    samples_per_group: int = Field(default=1, ge=1)
    seed: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the modalities."""
        return tuple(_NAMES[: self.modalities])

    @model_validator(mode="after")
    def _fits(self) -> Self:
        known = {"shared", "xor", *(f"unique:{name}" for name in self.names)}
        if unknown := sorted(set(self.mechanisms) - known):
            raise ValueError(f"unknown mechanism {unknown[0]!r}; known: {', '.join(sorted(known))}")
        weights = list(self.mechanisms.values())
        if not (min(weights, default=-1) >= 0 and abs(sum(weights) - 1) <= 1e-9):
            raise ValueError("the weights of mechanisms must be 0 or more and sum to 1")
        if self.noise >= (self.classes - 1) / self.classes:
            raise ValueError(f"noise must be below {(self.classes - 1) / self.classes:g}")
        for name, rate in self.missing.items():
            if name not in self.names or not 0 <= rate < 1:
                raise ValueError(f"missing must map {', '.join(self.names)} to a rate in [0, 1)")
        return self

    def plan(self) -> Plan:
        """Return what the generator takes."""
        return Plan(
            n=self.n,
            modalities=self.names,
            width=self.width,
            classes=self.classes,
            mechanisms=self.mechanisms,
            noise=self.noise,
            seed=self.seed,
        )

    def outcome(self) -> Outcome:
        """Return how values and times follow labels."""
        return Outcome(effect=self.effect, censoring=self.censoring, spread=self.spread)


class Planted(VectorDataset):
    """The dataset; see the module's text.

    Attributes:
        truth: Labels before noise and all factors, for tests; no part of the tensors.

    Args:
        config: What to plant.
        context: Source ``auto`` or ``synthetic``.

    Raises:
        DataNotAvailable: Real data is asked for.
    """

    config_class = PlantedConfig

    def __init__(self, config: PlantedConfig, context: DataContext) -> None:
        super().__init__(config, context)
        self.release = self.probe(config, context)
        self.component = self.describe(config)
        self.truth = generate(config.plan())
        self.values = self.truth.values
        self.samples = _samples(config, self.truth.label)

    @classmethod
    def probe(cls, config: PlantedConfig, context: DataContext) -> Release:
        """Hash the options and the generator's version."""
        if context.source not in ("auto", "synthetic"):
            raise DataNotAvailable(
                f"planted has no {context.source} form", "use --source synthetic or --source auto"
            )
        body = {"generator": "planted", "version": GENERATOR_VERSION, **config.model_dump()}
        return Release(
            id="mmbench planted",
            version=str(GENERATOR_VERSION),
            cohort=f"{config.n} generated samples",
            source="synthetic",
            fingerprint=hashlib.sha256(canonical_json(body).encode()).hexdigest(),
            terms="generated",
        )

    @classmethod
    def describe(cls, config: PlantedConfig) -> Component:
        """Vectors ``a``, ``b``, ... and one task."""
        return Component(
            dataset="planted",
            modalities=tuple(
                Modality(name=name, kind="vector", shape=(config.width,)) for name in config.names
            ),
            tasks=(_task(config),),
        )


def _task(config: PlantedConfig) -> Task:
    name = _TASKS[config.target]
    if config.target != "label":
        return Task(name=name, kind=config.target)
    classes = tuple(str(c) for c in range(config.classes))
    return Task(name=name, kind="binary" if config.classes == 2 else "multiclass", classes=classes)


def _samples(config: PlantedConfig, label: NDArray[np.int64]) -> pd.DataFrame:
    ids = [f"{row:06d}" for row in range(config.n)]
    missing = MissingSpec(rates=config.missing, seed=derive_seed(config.seed, "planted", "missing"))
    everything = np.ones((config.n, config.modalities), dtype=bool)
    observed = apply_missing(everything, ids, config.names, "train", missing)
    return pd.DataFrame(
        {
            "sample_id": ids,
            "group_id": [f"g{row // config.samples_per_group:06d}" for row in range(config.n)],
        }
        | {f"observed:{name}": observed[:, m] for m, name in enumerate(config.names)}
        | _targets(config, label)
    )


def _targets(config: PlantedConfig, label: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
    """Return the columns of the target, NaN where unlabelled."""
    rng = np.random.default_rng(derive_seed(config.seed, "planted", "unlabelled"))
    gone = rng.random(config.n) < config.unlabelled
    column = f"target:{_TASKS[config.target]}"
    follows = (label, config.classes, config.outcome(), config.seed)
    if config.target == "survival":
        outcome = np.where(gone[:, None], np.nan, survival_of(*follows))
        return {f"{column}:time": outcome[:, 0], f"{column}:event": outcome[:, 1]}
    value = values_of(*follows) if config.target == "regression" else label.astype(np.float64)
    return {column: np.where(gone, np.nan, value)}
