"""From a run spec to losses and a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmark.core.digests import file_digest
from benchmark.core.errors import DataError, UsageError
from benchmark.core.paths import Paths
from benchmark.core.problem import Component, Modality, Problem
from benchmark.core.registry import Registry
from benchmark.core.seeding import derive_seed
from benchmark.core.spec import Ref, RunSpec
from benchmark.losses import LOSSES
from benchmark.losses._base import Loss
from benchmark.models import MODELS
from benchmark.models._base import Model
from benchmark.models.encoders import ENCODERS
from benchmark.models.encoders._base import Encoder


def build_losses(
    spec: RunSpec, component: Component, train_targets: dict[str, NDArray[np.float64]]
) -> dict[str, Loss]:
    """Build the loss of every task; class weights see labelled training targets only.

    Raises:
        UsageError: The run names no loss for a task, or one that does not fit.
    """
    losses = {}
    for task in component.tasks:
        ref = _wanted(spec.losses, task.name, "loss", "task")
        target = train_targets[task.name]
        labelled = target[np.isfinite(target.reshape(len(target), -1)).all(axis=1)]
        losses[task.name] = _make(LOSSES, ref, task, labelled)
    return losses


def build_model(
    spec: RunSpec, component: Component, losses: dict[str, Loss], paths: Paths | None = None
) -> Model:
    """Seed torch from the run's seed, then build encoders and model.

    Args:
        spec: The run.
        component: Its modalities and tasks.
        losses: By task; they tell how many outputs there are.
        paths: Where pretrained weights of encoders are; None leaves the encoders as they are
            initialised, for who loads trained weights next.

    Raises:
        UsageError: The model is a control, a modality has no encoder, or encoders and model do not
            fit together.
        DataError: Pretrained weights are gone, others than planned, or do not fit.
    """
    if MODELS.entry(spec.model.name).family == "control":
        raise UsageError(f"{spec.model.name!r} is a control", "use strategy 'fit'")
    problem = Problem(
        components=(component,),
        outputs={f"{component.dataset}/{task}": loss.n_outputs for task, loss in losses.items()},
    )
    config = MODELS.config(spec.model.name).parse(spec.model.config)
    torch.manual_seed(derive_seed(spec.seed, "init"))
    encoders: dict[str, Encoder] = {}
    for name in config.encoded([modality.name for modality in component.modalities]):
        ref = _wanted(spec.encoders, name, "encoder", "modality")
        wanted = config.encoder_gives(name)
        encoder = encoders[name] = _make_encoder(ref, component.modality(name), wanted)
        if encoder.output != wanted:
            raise UsageError(
                f"{spec.model.name} needs encoders that give {wanted}, "
                f"{ref.name!r} of modality {name!r} gives {encoder.output}",
                "choose another encoder; `mmbench list encoders` shows what each gives",
            )
        if paths is not None:
            _load_pretrained(encoder, ref, spec, paths)
    model: Model = MODELS.load(spec.model.name)(problem, encoders, config)
    return model


def _load_pretrained(encoder: Encoder, ref: Ref, spec: RunSpec, paths: Paths) -> None:
    name = ref.config.get("pretrained")
    if not name:
        return
    path = (paths.weights or Path()) / name
    if file_digest(path, paths.cache) != spec.weights.get(name):
        raise DataError(
            f"{path} is not the file that the run was planned with",
            "plan again, or put the file back",
        )
    encoder.load_pretrained(path)


def _wanted(refs: dict[str, Ref], name: str, what: str, of: str) -> Ref:
    if name not in refs:
        raise UsageError(
            f"the run has no {what} for {of} {name!r}",
            f"it has one for: {', '.join(refs) or 'none'}",
        )
    return refs[name]


def _make_encoder(ref: Ref, modality: Modality, output: str) -> Encoder:
    if ENCODERS.entry(ref.name).family != "any":
        encoder: Encoder = _make(ENCODERS, ref, modality)
        return encoder
    config = ENCODERS.config(ref.name).parse(ref.config)
    either: Encoder = ENCODERS.load(ref.name)(modality, config, output=output)
    return either


def _make(registry: Registry, ref: Ref, about: Any, *more: Any) -> Any:
    config = registry.config(ref.name).parse(ref.config)
    return registry.load(ref.name)(about, config, *more)
