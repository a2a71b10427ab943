"""Small fusion models by registry name, and batches for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol, cast

import pytest
import torch

from benchmark.core.batch import Batch, ModalityData
from benchmark.core.problem import Component, Modality, Problem, Task, TaskKind
from benchmark.models import MODELS
from benchmark.models._base import Model
from benchmark.models.encoders import ENCODERS

SHAPE = (6,)


class Build(Protocol):
    def __call__(
        self,
        name: str,
        modalities: int,
        width: int,
        patches: int,
        outputs: int,
        kind: TaskKind = "multiclass",
        **settings: Any,
    ) -> Model: ...


class Sample(Protocol):
    def __call__(
        self, size: int, modalities: int, missing: Sequence[tuple[int, int]] = ()
    ) -> Batch: ...


@pytest.fixture
def build() -> Build:
    """Build a model over ``modalities`` flat vectors with patch or one-layer encoders."""
    return _build


@pytest.fixture
def sample() -> Sample:
    """Draw samples; ``missing`` lists (sample, modality)."""
    return _sample


@pytest.fixture
def double() -> Callable[[Batch], Batch]:
    """Turn values into float64."""
    return _double


def _problem(modalities: int, outputs: int, kind: TaskKind = "multiclass") -> Problem:
    component = Component(
        dataset="d",
        modalities=tuple(
            Modality(name=f"m{m}", kind="vector", shape=SHAPE) for m in range(modalities)
        ),
        tasks=(Task(name="t", kind=kind, classes=tuple(str(c) for c in range(outputs))),),
    )
    return Problem(components=(component,), outputs={"d/t": outputs})


def _build(
    name: str,
    modalities: int,
    width: int,
    patches: int,
    outputs: int,
    kind: TaskKind = "multiclass",
    **settings: Any,
) -> Model:
    config = MODELS.config(name).parse(settings)
    about = _problem(modalities, outputs, kind)
    encoders = {}
    for one in about.only.modalities:
        tokens = config.encoder_gives(one.name) == "tokens"
        encoder = "patch" if tokens else "mlp"
        given = {"width": width} | ({"patches": patches} if tokens else {"hidden": []})
        encoders[one.name] = ENCODERS.load(encoder)(one, ENCODERS.config(encoder).parse(given))
    return cast("Model", MODELS.load(name)(about, encoders, config))


def _sample(size: int, modalities: int, missing: Sequence[tuple[int, int]] = ()) -> Batch:
    generator = torch.Generator().manual_seed(size)
    observed = torch.ones(size, modalities, dtype=torch.bool)
    for row, column in missing:
        observed[row, column] = False
    values = torch.randn(modalities, size, *SHAPE, generator=generator)
    inputs = {f"m{m}": ModalityData(values[m] * observed[:, m, None]) for m in range(modalities)}
    return Batch("d", inputs, observed, {}, torch.arange(size))


def _double(batch: Batch) -> Batch:
    inputs = {name: ModalityData(one.values.double()) for name, one in batch.inputs.items()}
    return replace(batch, inputs=inputs)
