"""From a stored run back to the model it trained."""

from __future__ import annotations

import hashlib
from typing import Any

import torch

from benchmark.core.errors import DataError, StoreError
from benchmark.core.spec import RunSpec
from benchmark.measures import SCENARIOS
from benchmark.measures._base import Parent, Scenario, Trained
from benchmark.models._base import Model
from benchmark.training.build import build_losses, build_model
from benchmark.training.data import RunData
from benchmark.training.strategies import STRATEGIES

_AGAIN = "run the same command again: what lacks its weights is trained again"


def restore(parent: Parent, data: RunData, device: str, child: RunSpec) -> Trained:
    """Build a parent's model anew and load its weights.

    Args:
        parent: The run that trained it.
        data: Its rows.
        device: Where to compute.
        child: The run that looks at it, and names its scenario.

    Raises:
        StoreError: The weights are gone or not those that were stored.
        DataError: They do not fit the model that the run's settings build.
    """
    spec = parent.spec
    losses = build_losses(spec, data.component, data.targets("train"))
    model = build_model(spec, data.component, losses)
    _load(model, parent)
    config = STRATEGIES.config(spec.strategy.name).parse(spec.strategy.config)
    return Trained(
        spec=spec,
        model=model.to(device).eval(),
        losses={task: loss.to(device) for task, loss in losses.items()},
        data=data,
        device=device,
        batch_size=config.scoring_batch_size,
        precision=config.precision,
        scenario=_scenario(child),
        label=child.scenario,
    )


def _load(model: Model, parent: Parent) -> None:
    name = parent.spec.fingerprint
    if not parent.weights.is_file():
        raise StoreError(f"the weights of run {name} are gone: {parent.weights}", _AGAIN)
    with parent.weights.open("rb") as handle:
        digest = hashlib.file_digest(handle, "sha256").hexdigest()
    if digest != parent.digest:
        parent.weights.unlink(missing_ok=True)
        raise DataError(f"the weights of run {name} are not those that were stored", _AGAIN)
    from safetensors.torch import load_file

    state: dict[str, torch.Tensor] = load_file(parent.weights)
    try:
        model.load_state_dict(state)
    except RuntimeError as error:
        raise DataError(
            f"the weights of run {name} do not fit the model its settings build: {error}",
            "the model's code has changed: raise its result_version, or train again with --force",
        ) from error


def _scenario(child: RunSpec) -> Scenario | None:
    if child.change is None:
        return None
    config: Any = SCENARIOS.config(child.change.name).parse(child.change.config)
    scenario: Scenario = SCENARIOS.load(child.change.name)(config, child.seed)
    return scenario
