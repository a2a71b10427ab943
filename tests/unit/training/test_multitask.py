"""Tasks joined by learned uncertainties, and samples whose labels are not complete."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmark.core.batch import Batch
from benchmark.core.paths import Paths
from benchmark.core.problem import Component
from benchmark.core.spec import Ref, RunSpec
from benchmark.losses._base import Loss
from benchmark.models._base import Model
from benchmark.training.execute import ExecutionContext, Outcome, execute
from benchmark.training.selection import make_criterion
from benchmark.training.step import gradient_step
from benchmark.training.strategies.config import MultitaskConfig
from benchmark.training.strategies.multitask import MultitaskTrainer, only_complete

Build = Callable[..., RunSpec]


def _trainer(
    model: Model, losses: dict[str, Loss], batch: Batch, component: Component, **settings: Any
) -> MultitaskTrainer:
    plain = {"name": "sgd", "lr": 0.1, "momentum": 0.0, "weight_decay": 0.5}
    config = MultitaskConfig.parse({"optimizer": plain, **settings})
    criterion = make_criterion(component, config)
    return MultitaskTrainer(model, losses, criterion, batch, batch, config, 0, "cpu")


@pytest.mark.parametrize("accumulate", [1, 3])
def test_a_step_by_hand(
    model: Model, losses: dict[str, Loss], batch: Batch, component: Component, accumulate: int
) -> None:
    """From w = 1: dw_t = -L_t / w^3 + 2 w / (1 + w^2) = 1 - L_t, and gradients are halved."""
    parameters = dict(model.named_parameters())
    logits = model(batch).logits
    values = [one(logits[task], batch.targets[task]) for task, one in losses.items()]
    gradients = torch.autograd.grad(sum(values) / 2, list(parameters.values()))
    expected = {
        name: one.detach() - 0.1 * (gradient + 0.5 * one.detach())
        for (name, one), gradient in zip(parameters.items(), gradients, strict=True)
    }
    trainer = _trainer(model, losses, batch, component, accumulate=accumulate)
    loss = trainer.step(batch)
    assert loss == pytest.approx(sum(v.item() for v in values) / 2 + 2 * math.log(2), rel=1e-5)
    for name, one in model.named_parameters():
        assert torch.allclose(one, expected[name], atol=1e-6), name
    learned = [1 - 0.1 * (1 - value.item()) for value in values]
    assert trainer.uncertainties.tolist() == pytest.approx(learned, rel=1e-5)


def test_equal_weights_are_a_plain_step(
    model: Model, losses: dict[str, Loss], batch: Batch, component: Component
) -> None:
    trainer = _trainer(model, losses, batch, component, weighting="equal")
    before = {name: one.clone() for name, one in model.state_dict().items()}
    loss = trainer.step(batch)
    stepped = {name: one.clone() for name, one in model.state_dict().items()}
    model.load_state_dict(before)
    optimizer = trainer.optimizers["main"]
    assert gradient_step(model, losses, batch, optimizer, trainer.config) == loss
    assert all(torch.equal(one, stepped[name]) for name, one in model.state_dict().items())
    assert trainer.uncertainties.tolist() == [1, 1]


def test_incomplete_labels_count_for_no_task(batch: Batch) -> None:
    """Samples 0 to 6 lack a label."""
    found = only_complete(batch)
    assert found.targets["kind"].tolist() == [-1] * 7 + batch.targets["kind"][7:].tolist()
    assert found.targets["flag"].tolist() == [-1] * 7 + batch.targets["flag"][7:].tolist()


def test_only_complete_samples_are_descended_on(
    model: Model, losses: dict[str, Loss], batch: Batch, component: Component
) -> None:
    before = {name: one.clone() for name, one in model.state_dict().items()}
    settings: dict[str, Any] = {"weighting": "equal"}
    whole = _trainer(model, losses, batch, component, complete_labels=True, **settings).step(batch)
    stepped = {name: one.clone() for name, one in model.state_dict().items()}
    model.load_state_dict(before)
    rest = batch.select(torch.arange(7, 12))
    alone = _trainer(model, losses, batch, component, **settings).step(rest)
    assert whole == pytest.approx(alone, rel=1e-6)
    for name, one in model.state_dict().items():
        assert torch.allclose(one, stepped[name], atol=1e-6), name


def test_masks_and_several_values_as_labels(batch: Batch) -> None:
    masks = torch.full((12, 2, 2), -1)
    masks[1:, 0, 0] = 0
    values = torch.zeros(12, 2)
    values[11, 1] = torch.nan
    found = only_complete(replace(batch, targets={"seg": masks, "labels": values}))
    assert (found.targets["seg"][:, 0, 0] >= 0).tolist() == [False] + [True] * 10 + [False]
    assert found.targets["labels"].isfinite().all(dim=1).tolist() == [False] + [True] * 10 + [False]


def test_a_resumed_run_gives_the_same_bits(
    planted_spec: Build, paths: Paths, tmp_path: Path
) -> None:
    spec = planted_spec(strategy=Ref(name="multitask", config={"epochs": 4}))

    def run(checkpoint: Path | None = None, kill_after: int = 0) -> Outcome:
        def progress(event: str, facts: dict[str, Any]) -> None:
            if event == "epoch" and facts["epoch"] == kill_after:
                raise KeyboardInterrupt

        context = ExecutionContext(paths, "auto", "cpu", checkpoint, progress, checkpoint_every_s=0)
        return execute(spec, context)

    whole = run()
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "checkpoint.pt", kill_after=2)
    again = run(tmp_path / "checkpoint.pt")
    assert again.rows == whole.rows
    assert again.info["history"] == whole.info["history"]
