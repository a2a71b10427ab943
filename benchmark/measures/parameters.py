"""Numbers of parameters, counted on torch's meta device: a model of any size takes no memory."""

from __future__ import annotations

from collections import Counter

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from benchmark.core.errors import UsageError
from benchmark.core.problem import Component, Task
from benchmark.core.result import MetricRow
from benchmark.core.spec import RunSpec
from benchmark.datasets import DATASETS
from benchmark.measures.config import ParametersConfig
from benchmark.training.build import build_losses, build_model
from benchmark.training.data import narrow
from benchmark.training.execute import Clock, ExecutionContext, Outcome
from benchmark.training.strategies.plain import parameter_counts

HOW = "counted on the meta device, every parameter of the model as it is built"
_PARTS = {"parameters": "total", "parameters_fusion": "fusion", "parameters_encoders": "encoders"}


def parameters(spec: RunSpec, context: ExecutionContext, config: ParametersConfig) -> Outcome:
    """Count the parameters of a run's model; neither data nor memory is needed.

    Rows: ``parameters``, ``parameters_encoders``, and ``parameters_fusion``, all the others. Info:
    the same and ``parts``, the count of each direct child of the model.

    Raises:
        UsageError: A parameter has no size before the first batch.
    """
    clock = Clock()
    part = spec.components[0]
    loader = DATASETS.load(part.loader.name)
    described = loader.describe(DATASETS.config(part.loader.name).parse(part.loader.config))
    component = narrow(described, part)
    with torch.device("meta"):
        losses = build_losses(spec, component, {t.name: _targets(t) for t in component.tasks})
        model = build_model(spec, component, losses)
    clock.lap("count")
    counts = count(model, component)
    return Outcome(
        rows=tuple(
            MetricRow(
                part="test",
                dataset=component.dataset,
                task="",
                metric=metric,
                value=float(counts[name]),
                reason=HOW,
                n=1,
            )
            for metric, name in _PARTS.items()
        ),
        predictions=None,
        releases={},
        seconds=clock.seconds(),
        info={"parameters": {**counts, "parts": parts_of(model)}},
        weights=None,
    )


def count(model: nn.Module, component: Component) -> dict[str, int]:
    """Return ``total``, ``trainable``, ``encoders`` and ``fusion``.

    Raises:
        UsageError: A parameter has no size yet.
    """
    for name, one in model.named_parameters():
        if isinstance(one, nn.parameter.UninitializedParameter):
            raise UsageError(
                f"parameter {name} on {component.dataset} has no size before the first batch",
                "build the layer with its size",
            )
    return parameter_counts(model)


def parts_of(model: nn.Module) -> dict[str, int]:
    """Return the number of parameters below each direct child; parameters of its own by name."""
    found: Counter[str] = Counter()
    for name, one in model.named_parameters():
        found[name.partition(".")[0]] += one.numel()
    return dict(found)


def _targets(task: Task) -> NDArray[np.float64]:
    """Return labels that have every class once: losses may ask how often each one is."""
    classes = max(len(task.classes), 2)
    made = {
        "multilabel": np.eye(classes),
        "regression": np.zeros(1),
        "survival": np.ones((2, 2)),
        "segmentation": np.arange(classes, dtype=np.float64).reshape(1, 1, classes),
    }
    return made.get(task.kind, np.arange(classes, dtype=np.float64))
