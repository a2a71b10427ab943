"""Gradient calibration: closed forms, and steps against gradients put together by hand."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor

from benchmark.core.batch import Batch, ModalityData
from benchmark.core.errors import UsageError
from benchmark.core.problem import Component, Modality, Problem, Task
from benchmark.losses import LOSSES
from benchmark.losses._base import Loss
from benchmark.models._base import Model
from benchmark.models.encoders.config import PatchEncoderConfig
from benchmark.models.encoders.patch import PatchEncoder
from benchmark.models.fuller.config import FullerConfig
from benchmark.models.fuller.model import Fuller
from benchmark.training.calibration import branch_scales, impartial_weights, updated_weights
from benchmark.training.selection import make_criterion
from benchmark.training.strategies.config import GradientCalibrationConfig
from benchmark.training.strategies.gradient_calibration import CalibratedTrainer


def _gradients(tasks: int, size: int = 7) -> Tensor:
    generator = torch.Generator().manual_seed(tasks)
    scales = torch.tensor([0.1, 1.0, 10.0, 3.0])[:tasks, None].double()
    return scales * torch.randn(tasks, size, generator=generator, dtype=torch.float64)


def test_two_tasks_by_hand() -> None:
    found = impartial_weights(torch.tensor([[3.0, 0.0], [0.0, 1.0]]))
    assert found.tolist() == pytest.approx([0.25, 0.75], abs=1e-12)
    one, two = _gradients(2)
    norms = one.norm(), two.norm()
    found = impartial_weights(torch.stack([one, two]))
    assert found.tolist() == pytest.approx([float(n / sum(norms)) for n in norms[::-1]], abs=1e-12)


@pytest.mark.parametrize("tasks", [2, 3, 4])
def test_projections_are_equal(tasks: int) -> None:
    gradients = _gradients(tasks)
    weights = impartial_weights(gradients)
    assert float(weights.sum()) == pytest.approx(1, abs=1e-12)
    units = gradients / gradients.norm(dim=1, keepdim=True)
    projections = units @ (weights @ gradients)
    assert torch.allclose(projections, projections[:1].expand(tasks), rtol=0, atol=1e-12)
    assert float(projections[0]) > 0


def test_three_tasks_by_the_smaller_system() -> None:
    """The same from sum_s w_s g_s (u_1 - u_t) = 0 for t = 2, 3 with w_1 = 1 - w_2 - w_3."""
    g = _gradients(3)
    u = g / g.norm(dim=1, keepdim=True)
    d = u[:1] - u[1:]  # (2, N)
    system = d @ (g[1:] - g[:1]).T
    rest = torch.linalg.solve(system, -(d @ g[0]))
    expected = torch.cat([1 - rest.sum()[None], rest])
    assert torch.allclose(impartial_weights(g), expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("second", [[2.0, 0.0], [-2.0, 0.0]])
def test_parallel_and_opposite_gradients_have_levelled_norms(second: list[float]) -> None:
    found = impartial_weights(torch.tensor([[1.0, 0.0], second]))
    assert found.tolist() == pytest.approx([2 / 3, 1 / 3], abs=1e-9)


def test_momentum_by_hand() -> None:
    previous = torch.tensor([0.5, 0.5], dtype=torch.float64)
    gradients = torch.tensor([[3.0, 0.0], [0.0, 1.0]])
    found = updated_weights(previous, gradients, 0.2)
    assert found.tolist() == pytest.approx([0.2 * 0.5 + 0.8 * 0.25, 0.2 * 0.5 + 0.8 * 0.75])


def test_a_task_without_gradient_keeps_its_weight() -> None:
    previous = torch.tensor([0.2, 0.3, 0.5], dtype=torch.float64)
    gradients = torch.tensor([[3.0, 0.0], [0.0, 0.0], [0.0, 1.0]])
    found = updated_weights(previous, gradients, 0.0)
    assert found.tolist() == pytest.approx([0.7 * 0.25, 0.3, 0.7 * 0.75])
    assert torch.allclose(updated_weights(previous, torch.zeros(3, 2), 0.2), previous)


def test_branch_scales_by_hand() -> None:
    norms = torch.tensor([4.0, 1.0, 1.0])
    assert branch_scales(norms, "tanh", 0.1).tolist() == pytest.approx([1 - math.tanh(0.4), 1, 1])
    assert branch_scales(norms, "match", 0.1).tolist() == [0.25, 1, 1]
    assert branch_scales(norms, "none", 0.1).tolist() == [1, 1, 1]
    for rule in ("tanh", "match"):
        alone = branch_scales(torch.tensor([4.0, 0.0]), rule, 0.1)  # type: ignore[arg-type]
        assert alone.tolist() == [1, 1]
        assert branch_scales(torch.tensor([4.0]), rule, 0.1).tolist() == [1]  # type: ignore[arg-type]


COMPONENT = Component(
    dataset="d",
    modalities=tuple(Modality(name=name, kind="vector", shape=(8,)) for name in "ab"),
    tasks=(
        Task(name="t", kind="multiclass", classes=tuple("xyz")),
        Task(name="u", kind="binary", classes=("no", "yes")),
    ),
)


def _model() -> Fuller:
    torch.manual_seed(0)
    problem = Problem(components=(COMPONENT,), outputs={"d/t": 3, "d/u": 1})
    encoders = {
        one.name: PatchEncoder(one, PatchEncoderConfig(width=4, patches=2))
        for one in COMPONENT.modalities
    }
    config = {"heads": 2, "hidden": 8, "layers": 2, "dropout": 0.0}
    return Fuller(problem, encoders, FullerConfig.parse(config))


def _batch(size: int = 12) -> Batch:
    generator = torch.Generator().manual_seed(0)
    inputs = {name: ModalityData(torch.randn(size, 8, generator=generator)) for name in "ab"}
    targets = {"t": torch.arange(size) % 3, "u": torch.arange(size) % 2}
    return Batch("d", inputs, torch.ones(size, 2).bool(), targets, torch.arange(size))


def _losses() -> dict[str, Loss]:
    none = torch.zeros(0).numpy()
    found: dict[str, Loss] = {}
    for name, task in (("cross_entropy", "t"), ("bce", "u")):
        found[task] = LOSSES.load(name)(COMPONENT.task(task), LOSSES.config(name).parse({}), none)
    return found


def _trainer(model: Model, **settings: Any) -> CalibratedTrainer:
    optimizer = {"name": "sgd", "lr": 1e-9, "momentum": 0.0, "weight_decay": 0.0}
    config = GradientCalibrationConfig.parse({"optimizer": optimizer, **settings})
    criterion = make_criterion(COMPONENT, config)
    batch = _batch()
    return CalibratedTrainer(model, _losses(), criterion, batch, batch, config, 0, "cpu")


def _task_gradients(model: Fuller, batch: Batch) -> dict[str, dict[str, Tensor]]:
    """Return the plain gradient of every task's loss by parameter name."""
    found = {}
    for task, loss in _losses().items():
        model.zero_grad(set_to_none=True)
        loss(model(batch).logits[task], batch.targets[task]).backward()
        found[task] = _present(model)
    model.zero_grad(set_to_none=True)
    return found


def _present(model: Fuller) -> dict[str, Tensor]:
    return {
        name: torch.zeros_like(one) if one.grad is None else one.grad.clone()
        for name, one in model.named_parameters()
    }


def _flat(gradients: Mapping[str, Tensor], prefix: str) -> Tensor:
    return torch.cat([one.flatten() for name, one in gradients.items() if name.startswith(prefix)])


def test_a_step_puts_gradients_together_as_described() -> None:
    model, batch = _model(), _batch()
    each = _task_gradients(model, batch)
    trainer = _trainer(model, branches="tanh", strength=0.5)
    total = trainer.step(batch)
    last = torch.stack([_flat(each[task], "fusion.1.") for task in ("t", "u")])
    weights = updated_weights(torch.tensor([0.5, 0.5]).double(), last, 0.2)
    assert torch.allclose(trainer.weights, weights, atol=1e-6)
    got = _present(model)
    mixed = {
        name: float(weights[0]) * each["t"][name] + float(weights[1]) * each["u"][name]
        for name in got
    }
    for name in got:
        if name.startswith("heads."):
            assert torch.allclose(got[name], each["t"][name] + each["u"][name], atol=1e-6), name
        elif name.startswith("fusion."):
            assert torch.allclose(got[name], mixed[name], atol=1e-6), name
    ratios = [
        float((_flat(got, f"encoders.{m}.") / _flat(mixed, f"encoders.{m}.")).median())
        for m in range(2)
    ]
    for m in range(2):
        scaled = ratios[m] * _flat(mixed, f"encoders.{m}.")
        assert torch.allclose(_flat(got, f"encoders.{m}."), scaled, atol=1e-6)
    # One of two branches is above the other, and is the only one that is damped.
    assert sorted(round(one, 4) for one in ratios)[1] == 1
    assert sorted(ratios)[0] <= 1 - math.tanh(0.5)
    with torch.no_grad():
        logits = model(batch).logits
        expected = sum(float(one(logits[k], batch.targets[k])) for k, one in _losses().items())
    assert total == pytest.approx(expected, rel=1e-5)


def test_without_branch_scaling_encoders_get_the_mixed_gradient() -> None:
    model, batch = _model(), _batch()
    each = _task_gradients(model, batch)
    trainer = _trainer(model, branches="none")
    trainer.step(batch)
    got = _present(model)
    w = trainer.weights
    for m in range(2):
        mixed = sum(
            float(w[n]) * _flat(each[task], f"encoders.{m}.") for n, task in enumerate("tu")
        )
        assert torch.allclose(_flat(got, f"encoders.{m}."), torch.as_tensor(mixed), atol=1e-6)


def test_tasks_without_labels_and_modalities_without_samples_are_passed_over() -> None:
    model, batch = _model(), _batch()
    batch.targets["u"].fill_(-1)
    batch.observed[:, 1] = False
    trainer = _trainer(model, clip_norm=1.0)
    trainer.step(batch)
    assert trainer.weights.tolist() == pytest.approx([0.5, 0.5])
    assert all(bool(one.isfinite().all()) for one in _present(model).values())
    assert not _flat(_present(model), "encoders.1.").any()
    batch.observed[:] = False
    trainer.step(batch)


def test_bfloat16_gives_nearly_the_same_step() -> None:
    found = []
    for precision in ("fp32", "bf16"):
        trainer = _trainer(_model(), precision=precision)
        found.append((trainer.step(_batch()), trainer.weights))
    assert found[1][0] == pytest.approx(found[0][0], rel=0.01)
    assert torch.allclose(found[1][1], found[0][1], atol=0.02)


def test_weights_go_through_checkpoints() -> None:
    trainer = _trainer(_model())
    trainer.step(_batch())
    other = _trainer(_model())
    assert not torch.equal(other.weights, trainer.weights)
    other.load_extra_state(trainer.extra_state())
    assert torch.equal(other.weights, trainer.weights)


def test_other_models_are_refused(model: Model) -> None:
    with pytest.raises(UsageError, match="EarlyFusion does not tell them apart"):
        _trainer(model)


def test_micro_batches_are_refused() -> None:
    with pytest.raises(ValidationError, match="accumulate must be 1"):
        GradientCalibrationConfig.parse({"accumulate": 2})
