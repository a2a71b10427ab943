"""Fusion models: passes, missing modalities, switches of the released code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from benchmark.models._fusion import FusionModel, fold_passes

NAMES = [
    "early_fusion",
    "joint_transformer",
    "lrmf",
    "early_fusion_transformer",
    "late_fusion_transformer",
    "switch_gate",
    "moepp",
    "interpretcc",
]
SMALL: dict[str, dict[str, Any]] = {
    "switch_gate": {"experts": 4, "capacity_eval": 0.8},
    "early_fusion_transformer": {"hidden": 16},
    "late_fusion_transformer": {"hidden": 16, "channels": 4},
}
Build = Callable[..., Any]
Double = Callable[..., Any]


def _replaced(model: FusionModel, codes: list[Tensor], experts: int) -> dict[int, Tensor]:
    return {m: torch.randn(experts, *codes[m].shape, dtype=codes[m].dtype) for m in (0, 2)}


@pytest.mark.parametrize("name", NAMES)
def test_folded_passes_are_passes_one_by_one(
    build: Build, sample: Build, double: Double, name: str
) -> None:
    """Capacities and balance losses included: those count within a pass."""
    torch.manual_seed(0)
    given = SMALL.get(name, {})
    model = build(name, 3, 12, 4, 3, **given).double().eval()
    batch = double(sample(5, 3, missing=[(1, 0), (2, 1), (3, 2)]))
    codes, observed = model.codes(batch), batch.observed
    replaced = _replaced(model, codes, 1)
    found = type(model).fuse_experts([model], codes, observed, replaced)
    singles = [model.fuse(codes, observed)]
    for m, one in replaced.items():
        changed = list(codes)
        changed[m] = torch.where(observed[:, m, *[None] * (one.dim() - 2)], one[0], codes[m])
        singles.append(model.fuse(changed, observed))
    assert torch.allclose(found.logits["t"][0], torch.stack([one.logits["t"] for one in singles]))
    assert torch.allclose(found.latent[0], torch.stack([one.latent for one in singles]))
    for loss in found.losses:
        assert torch.allclose(found.losses[loss][0], sum(o.losses[loss] for o in singles) / 3)


def test_a_mask_hides_what_is_there_and_nothing_else() -> None:
    codes = [torch.zeros(2, 3), torch.ones(2, 3)]
    observed = torch.tensor([[True, True], [False, True]])
    folded, flags = fold_passes(codes, observed, {0: torch.full((2, 3), 7.0)})
    assert folded[0].tolist() == [[0.0] * 3, [0.0] * 3, [7.0] * 3, [0.0] * 3]
    assert folded[1].tolist() == [[1.0] * 3] * 4
    assert torch.equal(flags, observed.repeat(2, 1))


def test_moepp_as_released_trains_positions_last_attention_and_head_only(
    build: Build, sample: Build
) -> None:
    model = build("moepp", 2, 8, 2, 3, layers=2, moepp_bug=True, dropout=0.0)
    model(sample(4, 2)).logits["t"].square().sum().backward()
    moved = {name for name, one in model.named_parameters() if one.grad is not None}
    trained = {name.rsplit(".", 1)[0] for name in moved if not name.startswith("encoders.")}
    attention = ("attention_norm", "attention.query", "attention.key_value", "attention.output")
    layer = {f"layers.1.{part}" for part in attention}
    assert trained == {"positions", "heads.linear.0"} | layer


def test_moepp_bug_is_attention_twice(build: Build, sample: Build) -> None:
    model = build("moepp", 2, 8, 2, 3, layers=2, moepp_bug=True).eval()
    batch = sample(3, 2)
    tokens = torch.cat(model.codes(batch), dim=1)
    layer = model.layers[1]
    everything = torch.ones(3, 4).bool()
    out = tokens + 2 * layer.attention(layer.attention_norm(tokens), everything)
    pooled = torch.cat([part.mean(dim=1) for part in out.split(2, dim=1)], dim=1)
    assert torch.allclose(model(batch).logits["t"], model.heads(pooled)["t"], atol=1e-6)


@pytest.mark.parametrize("noisy", [False, True])
def test_interpretcc_noise_in_evaluation(build: Build, sample: Build, noisy: bool) -> None:
    torch.manual_seed(0)
    model = build("interpretcc", 3, 8, 1, 3, eval_gumbel_noise=noisy).eval()
    one, other = (model(sample(40, 3)).info["gates"] for _ in range(2))
    assert torch.equal(one, other) != noisy
    assert set(one.unique().tolist()) <= {0.0, 1.0}


def test_interpretcc_gates_by_score_and_shuts_missing_ones(build: Build, sample: Build) -> None:
    model = build("interpretcc", 2, 8, 1, 3, threshold=0.6).eval()
    batch = sample(30, 2, missing=[(0, 0), (1, 0), (1, 1)])
    scores = [gate(code)[:, 0] for gate, code in zip(model.gates, model.codes(batch), strict=True)]
    expected = (torch.stack(scores, dim=1).sigmoid() > 0.6) & batch.observed
    assert torch.equal(model(batch).info["gates"].bool(), expected)


def test_interpretcc_gates_have_the_sigmoids_gradient(build: Build) -> None:
    model = build("interpretcc", 2, 8, 1, 3, tau=2.0).eval()
    scores = torch.tensor([[1.5, -0.5]], requires_grad=True)
    gates = model._open(scores)
    assert gates.tolist() == [[1.0, 0.0]]
    (grad,) = torch.autograd.grad(gates.sum(), scores)
    soft = (scores.detach() / 2).sigmoid()
    assert torch.allclose(grad, soft * (1 - soft) / 2)


@pytest.mark.parametrize("name", ["early_fusion_transformer", "late_fusion_transformer"])
@pytest.mark.parametrize("bug", [False, True])
def test_released_trainers_leave_dropout_off_after_the_first_epoch(
    build: Build, sample: Build, name: str, bug: bool
) -> None:
    model = build(name, 2, 6, 2, 3, fusion_train_mode_bug=bug, hidden=8, dropout=0.5)
    batch = sample(4, 2)
    for epoch, repeats in ((1, False), (2, bug)):
        model.start_epoch(epoch)
        model.train()
        one, other = (model(batch).logits["t"] for _ in range(2))
        assert torch.equal(one, other) == repeats
    assert torch.equal(*(model.eval()(batch).logits["t"] for _ in range(2)))


def test_late_fusion_transformer_ignores_missing_numbers(build: Build, sample: Build) -> None:
    model = build("late_fusion_transformer", 2, 4, 2, 3, channels=2, hidden=8).eval()
    batch = sample(2, 2, missing=[(1, 0)])
    numbers = model.codes(batch)[1][1:].flatten(1)[..., None]
    alone = model.transformer(model.project(numbers))[:, -1]
    assert torch.allclose(model(batch).logits["t"][1:], model.heads(alone)["t"], atol=1e-6)


@pytest.mark.parametrize("balance", ["mean", "last"])
def test_switch_gate_balance_loss(build: Build, sample: Build, balance: str) -> None:
    given = {"layers": 1, "experts": 3, "balance_weight": 0.5, "balance": balance}
    model = build("switch_gate", 2, 8, 4, 3, **given).eval()
    batch = sample(6, 2)
    layer = model.layers[0]
    tokens = torch.cat(model.codes(batch), dim=1)
    hidden = tokens + layer.attention(layer.attention_norm(tokens), torch.ones(6, 8).bool())
    parts = layer.switch_norm(hidden).split(4, dim=1)
    losses = [
        layer.switch(part.reshape(1, -1, 8), torch.ones(1, 24).bool())[1][0] for part in parts
    ]
    wanted = 0.5 * (losses[1] if balance == "last" else sum(losses) / 2)
    assert torch.allclose(model(batch).losses["balance"], wanted, atol=1e-6)


def test_switch_gate_residual_reads_its_input_doubled_does_not(build: Build) -> None:
    layers = {
        skip: build("switch_gate", 2, 8, 2, 3, attention_skip=skip).eval().layers[0]
        for skip in ("residual", "doubled")
    }
    layers["doubled"].load_state_dict(layers["residual"].state_dict())
    x, keys = torch.randn(2, 4, 8), torch.ones(2, 4).bool()
    attended = layers["residual"].attention(layers["residual"].attention_norm(x), keys)
    for skip, start in (("residual", x), ("doubled", attended)):
        layer = layers[skip]
        hidden = start + attended
        routed = [
            layer.switch(part.reshape(1, -1, 8), torch.ones(1, 4).bool())[0].view(2, 2, 8)
            for part in layer.switch_norm(hidden).split(2, dim=1)
        ]
        expected = hidden + torch.cat(routed, dim=1)
        assert torch.allclose(layer(x, keys, [2, 2], 1)[0], expected, atol=1e-6)
