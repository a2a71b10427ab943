"""MultiModN: states by hand, which of them are counted, and the change of state."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from benchmark.core.batch import Batch, ModalityData
from benchmark.core.problem import Component, Modality, Problem, Task
from benchmark.models.encoders._base import Encoder
from benchmark.models.encoders.config import MLPEncoderConfig
from benchmark.models.encoders.mlp import MLPEncoder
from benchmark.models.multimodn.config import MultiModNConfig
from benchmark.models.multimodn.model import MultiModN

NAMES = "abc"


def _model(**settings: Any) -> MultiModN:
    torch.manual_seed(0)
    component = Component(
        dataset="d",
        modalities=tuple(Modality(name=one, kind="vector", shape=(4,)) for one in NAMES),
        tasks=(
            Task(name="t", kind="multiclass", classes=tuple("xyz")),
            Task(name="u", kind="binary", classes=("no", "yes")),
        ),
    )
    encoders: dict[str, Encoder] = {
        one.name: MLPEncoder(one, MLPEncoderConfig(width=3 + m, hidden=()))
        for m, one in enumerate(component.modalities)
    }
    problem = Problem(components=(component,), outputs={"d/t": 3, "d/u": 1})
    return MultiModN(problem, encoders, MultiModNConfig.parse({"state": 5, **settings}))


def _batch() -> Batch:
    generator = torch.Generator().manual_seed(0)
    inputs = {name: ModalityData(torch.randn(4, 4, generator=generator)) for name in NAMES}
    observed = torch.tensor(
        [[True, True, True], [True, False, True], [False, True, False], [False, False, False]]
    )
    targets = {"t": torch.tensor([0, 1, 2, 0]), "u": torch.tensor([1, 0, -1, 1])}
    return Batch("d", inputs, observed, targets, torch.arange(4))


def _states(model: MultiModN, batch: Batch, row: int) -> list[Tensor]:
    """Return the distinct states of one sample, in order."""
    states = [model.first]
    for m, name in enumerate(NAMES):
        if batch.observed[row, m]:
            code = model.encoder(name)(batch.inputs[name])[row]
            states.append(model.steps[m](torch.cat([code, states[-1]])[None])[0])
    return states


@torch.no_grad()
def test_states_skip_what_is_missing() -> None:
    model, batch = _model().eval(), _batch()
    output = model(batch)
    for row in range(4):
        last = _states(model, batch, row)[-1]
        assert torch.allclose(output.info["states"][row, -1], last, atol=1e-6)
        assert torch.allclose(output.logits["t"][row], model.heads(last[None])["t"][0], atol=1e-6)
    assert torch.equal(output.info["states"][3], model.first.expand(4, -1))


@torch.no_grad()
def test_every_state_is_judged_once() -> None:
    """Task loss and added terms together: by place in the sequence, the mean over samples."""
    model, batch = _model().eval(), _batch()
    losses = model(batch).losses
    kept = {0: [0, 1, 2], 1: [0, 1], 2: [0], 3: []}  # rows whose state at each place is not last
    states = {row: _states(model, batch, row) for row in range(4)}
    places = {0: {0: 0, 1: 1, 2: 2, 3: 3}, 1: {0: 0, 1: 1, 3: 2}, 2: {0: 0, 2: 1}, 3: {0: 0}}
    t, u = 0.0, 0.0
    for place, rows in kept.items():
        at = [states[row][places[row][place]] for row in rows]
        if at:
            heads = model.heads(torch.stack(at))
            t += float(functional.cross_entropy(heads["t"], batch.targets["t"][rows]))
            known = [n for n, row in enumerate(rows) if batch.targets["u"][row] >= 0]
            target = batch.targets["u"][rows][known].float()
            u += float(functional.binary_cross_entropy_with_logits(heads["u"][known, 0], target))
    assert float(losses["states:t"]) == pytest.approx(t, rel=1e-5)
    assert float(losses["states:u"]) == pytest.approx(u, rel=1e-5)


@torch.no_grad()
def test_change_of_state() -> None:
    model, batch = _model(state_change=2.0).eval(), _batch()
    output = model(batch)
    states, changes = output.info["states"], []
    for m in range(3):
        rows = batch.observed[:, m]
        changes.append((states[rows, m + 1] - states[rows, m]).square().mean())
    expected = 0.01 * 2.0 * 4 * 2 * torch.stack(changes).mean()
    assert float(output.losses["state_change"]) == pytest.approx(float(expected), rel=1e-5)
    assert "state_change" not in _model()(batch).losses


@torch.no_grad()
def test_the_order_of_modalities_matters() -> None:
    model, batch = _model().eval(), _batch()
    before = model(batch).info["states"]
    batch.inputs["b"].values.add_(1)
    after = model(batch).info["states"]
    assert torch.equal(before[:, :2], after[:, :2])
    assert not torch.allclose(before[0, 2:], after[0, 2:])
