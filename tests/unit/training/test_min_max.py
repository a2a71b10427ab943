"""Min-max steps: who is stepped by what, and that they can be resumed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from benchmark.core.batch import Batch
from benchmark.core.errors import UsageError
from benchmark.core.paths import Paths
from benchmark.core.problem import Component, Problem
from benchmark.core.spec import Ref, RunSpec
from benchmark.losses._base import Loss
from benchmark.models._base import Model
from benchmark.models.encoders.config import PatchEncoderConfig
from benchmark.models.encoders.patch import PatchEncoder
from benchmark.models.evif.config import EVIFConfig
from benchmark.models.evif.model import EVIF
from benchmark.training.execute import ExecutionContext, Outcome, execute
from benchmark.training.selection import make_criterion
from benchmark.training.strategies.config import MinMaxConfig
from benchmark.training.strategies.min_max import MinMaxTrainer

Build = Callable[..., RunSpec]
SMALL = {"heads": 2, "hidden": 8, "estimator_hidden": 3, "dropout": 0.0}


@pytest.fixture
def evif(component: Component) -> EVIF:
    torch.manual_seed(0)
    encoders = {
        one.name: PatchEncoder(one, PatchEncoderConfig(width=4, patches=2))
        for one in component.modalities
    }
    problem = Problem(components=(component,), outputs={"toy/kind": 3, "toy/flag": 1})
    return EVIF(problem, encoders, EVIFConfig.parse(SMALL))


def _trainer(
    model: Model, losses: dict[str, Loss], batch: Batch, component: Component, **settings: Any
) -> MinMaxTrainer:
    plain = {"name": "sgd", "lr": 0.1, "momentum": 0.0, "weight_decay": 0.0}
    config = MinMaxConfig.parse({"optimizer": plain, "estimator_optimizer": plain, **settings})
    criterion = make_criterion(component, config)
    return MinMaxTrainer(model, losses, criterion, batch, batch, config, 0, "cpu")


def _copy(model: Model) -> dict[str, Tensor]:
    return {name: one.detach().clone() for name, one in model.named_parameters()}


@pytest.mark.parametrize("inner", [1, 3])
def test_a_step_by_hand(
    evif: EVIF, losses: dict[str, Loss], batch: Batch, component: Component, inner: int
) -> None:
    """Estimators first, on features as they are; then the model, on estimators as they are."""
    trainer = _trainer(evif, losses, batch, component, inner_steps=inner)
    before = _copy(evif)
    trainer.step(batch)
    after = _copy(evif)
    evif.load_state_dict(before)
    measuring = {name: one for name, one in evif.named_parameters() if "estimators." in name}
    for _ in range(inner):
        gradients = torch.autograd.grad(evif.estimator_loss(batch), list(measuring.values()))
        with torch.no_grad():
            for one, gradient in zip(measuring.values(), gradients, strict=True):
                one -= 0.1 * gradient
    output = evif(batch)
    terms = [one(output.logits[task], batch.targets[task]) for task, one in losses.items()]
    terms += [output.losses["minimised"], output.losses["maximised"]]
    rest = {name: one for name, one in evif.named_parameters() if name not in measuring}
    gradients = torch.autograd.grad(torch.stack(terms).sum(), list(rest.values()))
    with torch.no_grad():
        for one, gradient in zip(rest.values(), gradients, strict=True):
            one -= 0.1 * gradient
    for name, one in evif.named_parameters():
        assert torch.allclose(one, after[name], atol=1e-6), name


def test_every_parameter_has_one_optimiser(
    evif: EVIF, losses: dict[str, Loss], batch: Batch, component: Component
) -> None:
    trainer = _trainer(evif, losses, batch, component)
    owned = [
        {id(p) for group in one.param_groups for p in group["params"]}
        for one in trainer.optimizers.values()
    ]
    assert owned[0] | owned[1] == {id(one) for one in evif.parameters()}
    assert not owned[0] & owned[1]
    assert owned[1] == {id(one) for one in evif.estimators.parameters()}


def test_a_batch_without_pairs_leaves_estimators_alone(
    evif: EVIF, losses: dict[str, Loss], batch: Batch, component: Component
) -> None:
    trainer = _trainer(evif, losses, batch, component)
    before = _copy(evif)
    batch.observed[:] = False
    trainer.step(batch)
    same = [
        torch.equal(one, before[name])
        for name, one in evif.named_parameters()
        if name.startswith("estimators.")
    ]
    assert same
    assert all(same)


def test_other_models_are_refused(
    model: Model, losses: dict[str, Loss], batch: Batch, component: Component
) -> None:
    with pytest.raises(UsageError, match="trains estimators, EarlyFusion has none"):
        _trainer(model, losses, batch, component)


class Killed(Exception):
    """Stands for a signal."""


def _run(
    spec: RunSpec, paths: Paths, checkpoint: Path | None = None, kill_after: int = 0
) -> Outcome:
    def progress(event: str, facts: dict[str, Any]) -> None:
        if event == "epoch" and facts["epoch"] == kill_after:
            raise Killed

    return execute(
        spec, ExecutionContext(paths, "auto", "cpu", checkpoint, progress, checkpoint_every_s=0)
    )


@pytest.mark.parametrize(
    ("strategy", "model"),
    [("min_max", "evif"), ("gradient_calibration", "fuller")],
)
def test_resumed_runs_give_the_same_bits(
    planted_spec: Build, paths: Paths, tmp_path: Path, strategy: str, model: str
) -> None:
    settings = {"heads": 2, "hidden": 8, "dropout": 0.2}
    encoders = {name: Ref(name="patch", config={"width": 4, "patches": 2}) for name in "ab"}
    spec = planted_spec(
        strategy=Ref(name=strategy, config={"epochs": 4, "batch_size": 32}),
        model=Ref(name=model, config=settings),
        encoders=encoders,
    )
    whole = _run(spec, paths)
    checkpoint = tmp_path / "checkpoint.pt"
    with pytest.raises(Killed):
        _run(spec, paths, checkpoint, kill_after=2)
    again = _run(spec, paths, checkpoint)
    assert again.rows == whole.rows
    assert whole.weights is not None
    assert again.weights is not None
    for name, one in whole.weights.items():
        assert torch.equal(one, again.weights[name]), name
