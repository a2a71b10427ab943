"""What strategies and models may change about training: steps, optimisers, hooks of a model."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import pytest
import torch
from pydantic import Field
from torch import Tensor

from benchmark.core.batch import Batch, ModalityData, Output
from benchmark.core.errors import UsageError
from benchmark.core.paths import Paths
from benchmark.core.problem import Component, Frozen, Modality
from benchmark.core.registry import Entry
from benchmark.core.spec import Ref, RunSpec
from benchmark.datasets.planted import Planted
from benchmark.losses._base import Loss
from benchmark.models import MODELS
from benchmark.models._base import Model
from benchmark.models.early_fusion.model import EarlyFusion
from benchmark.models.encoders import ENCODERS
from benchmark.models.encoders._base import Encoder
from benchmark.training.config import TrainingConfig
from benchmark.training.execute import ExecutionContext, Outcome, execute
from benchmark.training.loop import Trainer
from benchmark.training.optim import make_optimizer
from benchmark.training.selection import make_criterion
from benchmark.training.strategies import STRATEGIES
from benchmark.training.strategies.plain import Plain

Build = Callable[..., RunSpec]


class AlternatingConfig(TrainingConfig):
    """Settings of the toy strategy."""

    inner: int = Field(default=2, ge=1)


class AlternatingTrainer(Trainer):
    """Heads and the rest have optimisers of their own; a running mean steers the second step."""

    config: AlternatingConfig

    def make_optimizers(self) -> dict[str, torch.optim.Optimizer]:
        self.mean = torch.zeros(())
        named = dict(self.model.named_parameters())
        heads = [one for name, one in named.items() if name.startswith("heads")]
        rest = [one for name, one in named.items() if not name.startswith("heads")]
        return {
            "heads": make_optimizer(heads, self.config.optimizer),
            "rest": torch.optim.SGD(rest, lr=0.05, momentum=0.9),
        }

    def step(self, batch: Batch) -> float:
        for _ in range(self.config.inner):
            loss = self.loss(batch)
            self.optimizers["heads"].zero_grad()
            loss.backward()
            self.optimizers["heads"].step()
        self.mean = 0.9 * self.mean + 0.1 * loss.detach()
        self.optimizers["rest"].zero_grad()
        (self.loss(batch) * (1 + self.mean)).backward()
        self.optimizers["rest"].step()
        return float(loss.detach())

    def loss(self, batch: Batch) -> Tensor:
        logits = self.model(batch).logits
        terms = [one(logits[task], batch.targets[task]) for task, one in self.losses.items()]
        return torch.stack(terms).sum()

    def extra_state(self) -> dict[str, Any]:
        return {"mean": self.mean}

    def load_extra_state(self, state: dict[str, Any]) -> None:
        self.mean = state["mean"]


class Alternating(Plain):
    """A strategy that only names its trainer."""

    trainer = AlternatingTrainer


class Told(EarlyFusion):
    """Early fusion that counts epochs and adds what validation said to its logits."""

    def __init__(self, problem: Any, encoders: Any, config: Any) -> None:
        super().__init__(problem, encoders, config)
        self.epochs = torch.nn.Buffer(torch.zeros((), dtype=torch.int64))
        self.said = torch.nn.Buffer(torch.zeros(()))

    def start_epoch(self, epoch: int) -> None:
        assert epoch == int(self.epochs) + 1
        self.epochs += 1

    def end_validation(self, losses: dict[str, float]) -> None:
        assert list(losses) == ["label"]
        self.said.fill_(losses["label"])

    def forward(self, batch: Batch) -> Output:
        found = super().forward(batch)
        return Output({task: one * (1 + self.said) for task, one in found.logits.items()})


class EitherConfig(Frozen):
    """Settings of the encoder that gives either."""

    width: int = 4


class Either(Encoder):
    """One linear map, as a vector or as one token."""

    def __init__(
        self, modality: Modality, config: EitherConfig, output: Literal["vector", "tokens"]
    ) -> None:
        super().__init__()
        self.output, self.width = output, config.width
        self.linear = torch.nn.Linear(modality.shape[0], config.width)

    def forward(self, data: ModalityData) -> Tensor:
        encoded: Tensor = self.linear(data.values)
        return encoded if self.output == "vector" else encoded[:, None]


@pytest.fixture(autouse=True)
def toys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Register the toys."""
    module = ModuleType("toy_hooks")
    for thing in (Alternating, AlternatingConfig, Told, Either, EitherConfig):
        setattr(module, thing.__name__, thing)
    monkeypatch.setitem(sys.modules, "toy_hooks", module)
    early = MODELS.entry("early_fusion").config
    for registry, name, target, config, family in (
        (STRATEGIES, "alternating", "Alternating", "toy_hooks:AlternatingConfig", ""),
        (MODELS, "told", "Told", early, "model"),
        (ENCODERS, "either", "Either", "toy_hooks:EitherConfig", "any"),
    ):
        entry = Entry(target=f"toy_hooks:{target}", config=config, family=family)
        monkeypatch.setitem(registry._entries, name, entry)


class Killed(Exception):
    """Stands for a signal."""


def run(
    spec: RunSpec, paths: Paths, checkpoint: Path | None = None, kill_after: int = 0
) -> Outcome:
    def progress(event: str, facts: dict[str, Any]) -> None:
        if event == "epoch" and facts["epoch"] == kill_after:
            raise Killed

    return execute(
        spec, ExecutionContext(paths, "auto", "cpu", checkpoint, progress, checkpoint_every_s=0)
    )


def weights(done: Outcome) -> dict[str, Tensor]:
    assert done.weights is not None
    return done.weights


@pytest.mark.parametrize("what", ["strategy", "model"])
def test_resumed_runs_of_strategies_and_models_with_state_give_the_same_bits(
    planted_spec: Build, paths: Paths, tmp_path: Path, what: str
) -> None:
    changes: dict[str, Any] = {
        "strategy": {"strategy": Ref(name="alternating", config={"epochs": 5, "inner": 2})},
        "model": {"model": Ref(name="told", config={"hidden": [6], "dropout": 0.2})},
    }[what]
    spec = planted_spec(**changes)
    whole = run(spec, paths)
    checkpoint = tmp_path / "checkpoint.pt"
    with pytest.raises(Killed):
        run(spec, paths, checkpoint, kill_after=2)
    again = run(spec, paths, checkpoint)
    assert again.rows == whole.rows
    assert again.info == whole.info
    for name, one in weights(whole).items():
        assert torch.equal(one, weights(again)[name]), name


def test_training_samples_are_augmented_anew_and_reproducibly(
    planted_spec: Build, paths: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[list[int], float]] = []

    def augment(self: Planted, batch: Batch) -> Batch:
        noise = torch.randn(batch.size, 1)
        seen.append((sorted(batch.rows.tolist()), float(noise.sum())))
        inputs = {name: ModalityData(one.values + noise) for name, one in batch.inputs.items()}
        return replace(batch, inputs=inputs)

    spec = planted_spec(strategy=Ref(name="plain", config={"epochs": 3, "batch_size": 1000}))
    plain = run(spec, paths)
    monkeypatch.setattr(Planted, "augment", augment)
    noisy = run(spec, paths)
    rows, draws = zip(*seen, strict=True)
    assert len(seen) == len(set(draws)) == 3  # one step in each epoch, none for validation or test
    assert rows[0] == rows[1] == rows[2]
    assert noisy.info["history"] != plain.info["history"]
    with pytest.raises(Killed):
        run(spec, paths, tmp_path / "checkpoint.pt", kill_after=2)
    again = run(spec, paths, tmp_path / "checkpoint.pt")
    assert again.rows == noisy.rows


def test_a_strategys_own_step_is_what_trains(planted_spec: Build, paths: Paths) -> None:
    once = run(planted_spec(strategy=Ref(name="alternating", config={"epochs": 2})), paths)
    twice = run(
        planted_spec(strategy=Ref(name="alternating", config={"epochs": 2, "inner": 3})), paths
    )
    assert once.info["history"] != twice.info["history"]


def test_the_schedule_scales_every_optimiser_from_its_own_rate(
    planted_spec: Build, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[float, float]] = []

    def step(self: AlternatingTrainer, batch: Batch) -> float:
        rates = [self.optimizers[name].param_groups[0]["lr"] for name in ("heads", "rest")]
        seen.append((self.steps_done, rates[0], rates[1]))  # type: ignore[arg-type]
        return 0.0

    monkeypatch.setattr(AlternatingTrainer, "step", step)
    config = {"epochs": 2, "batch_size": 50, "schedule": {"name": "step", "every": 1}}
    run(planted_spec(strategy=Ref(name="alternating", config=config)), paths)
    steps = len(seen) // 2
    assert [one[0] for one in seen] == list(range(2 * steps))
    assert seen[0][1:] == pytest.approx((1e-3, 0.05))
    assert seen[-1][1:] == pytest.approx((1e-4, 0.005))


def test_kept_weights_hold_the_buffers_of_their_own_validation(
    planted_spec: Build, paths: Paths
) -> None:
    done = run(planted_spec(model=Ref(name="told", config={"hidden": [6]})), paths)
    best = done.info["best_epoch"]
    history = done.info["history"]["val"]
    assert int(weights(done)["epochs"]) == best
    said = float(weights(done)["said"])
    assert said == pytest.approx(history[best - 2] if best > 1 else 0.0, rel=1e-4)


def test_a_model_is_told_losses_whatever_selects(
    model: Model, losses: dict[str, Loss], batch: Batch, component: Component
) -> None:
    """Of every task with a label, without task weights."""
    told: list[dict[str, float]] = []
    model.end_validation = told.append  # type: ignore[assignment]
    config = TrainingConfig.parse(
        {"selection": {"metric": "acc", "task": "flag"}, "task_weights": {"flag": 3.0}}
    )
    unlabelled = replace(batch, targets=batch.targets | {"kind": torch.full((batch.size,), -1)})
    for val in (batch, unlabelled):
        criterion = make_criterion(component, config)
        trainer = Trainer(model, losses, criterion, batch, val, config, 0, "cpu")
        trainer._epoch(1)
    with torch.no_grad():
        logits = model.eval()(batch).logits
    assert [list(one) for one in told] == [["kind", "flag"], ["flag"]]
    flag = losses["flag"](logits["flag"], batch.targets["flag"])
    assert told[1]["flag"] == pytest.approx(float(flag), rel=1e-6)


@pytest.mark.parametrize(("model", "output"), [("early_fusion", 2), ("joint_transformer", 3)])
def test_an_encoder_of_either_kind_gives_what_the_model_asks_for(
    planted_spec: Build, paths: Paths, model: str, output: int
) -> None:
    config = {"heads": 2} if model == "joint_transformer" else {"hidden": [6]}
    encoders = {name: Ref(name="either", config={"width": 4}) for name in "ab"}
    spec = planted_spec(model=Ref(name=model, config=config), encoders=encoders)
    dims: set[int] = set()
    forward = Either.forward

    def seen(self: Either, data: ModalityData) -> Tensor:
        encoded = forward(self, data)
        dims.add(encoded.ndim)
        return encoded

    Either.forward = seen  # type: ignore[method-assign]
    try:
        run(spec, paths)
    finally:
        Either.forward = forward  # type: ignore[method-assign]
    assert dims == {output}


def test_an_encoder_of_the_other_kind_is_refused(planted_spec: Build, paths: Paths) -> None:
    spec = planted_spec(model=Ref(name="joint_transformer", config={"heads": 2}))
    with pytest.raises(UsageError, match="needs encoders that give tokens, 'mlp'"):
        run(spec, paths)
