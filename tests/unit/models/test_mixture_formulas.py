"""Whole mixture models against their formulas, sample by sample, without any mask.

A sample is scored from the tokens of the modalities it has, as if the others did not exist.
"""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from benchmark.core.batch import Batch, ModalityData
from benchmark.core.problem import Component, Modality, Problem, Task
from benchmark.models import MODELS
from benchmark.models._base import Model
from benchmark.models.adamv_moe.model import AdaMVMoE, TaskBlock
from benchmark.models.encoders import ENCODERS
from benchmark.models.fuse_moe.model import FuseMoE, FuseMoELayer
from benchmark.models.layers.experts import Experts
from benchmark.models.layers.mtoe import TaskTokens
from benchmark.models.m4oe.model import M4oE
from benchmark.models.soft_moe.model import MultimodalSoftMoE

SIDE = 32
NAMES = ("cc", "mlo")
SMALL: dict[str, dict[str, Any]] = {
    "m4oe": {"msoe_experts": 2, "mtoe_experts": 4, "final_experts": 2, "heads": 2, "hidden": 6},
    "soft_moe": {"experts": 4, "slots": 2, "depth": 2, "heads": 2, "hidden": 6},
    "adamv_moe": {"experts": 4, "layers": 4, "heads": 2, "hidden": 6},
    "fuse_moe": {"experts": 4, "top_k": 2, "layers": 2, "heads": 2, "hidden": 6, "width": None},
}
COMPONENT = Component(
    dataset="d",
    modalities=tuple(Modality(name=name, kind="image", shape=(1, SIDE, SIDE)) for name in NAMES),
    tasks=(
        Task(name="seg", kind="segmentation", classes=("out", "in")),
        Task(name="risk", kind="binary", classes=("no", "yes")),
        Task(name="density", kind="multiclass", classes=tuple("abc")),
    ),
)
PROBLEM = Problem(components=(COMPONENT,), outputs={"d/seg": 2, "d/risk": 1, "d/density": 3})


def _model(name: str, **settings: Any) -> Model:
    """Build in double precision, with every parameter moved so that zeros and ones hide nothing."""
    torch.manual_seed(0)
    config = ENCODERS.config("small_cnn").parse({"width": 8, "channels": [4, 4, 4]})
    encoders = {
        one.name: ENCODERS.load("small_cnn")(one, config, output="tokens")
        for one in COMPONENT.modalities
    }
    parsed = MODELS.config(name).parse({"dense": "mlo", **SMALL[name], **settings})
    model: Model = MODELS.load(name)(PROBLEM, encoders, parsed).double().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    return model


def _batch() -> Batch:
    """Return samples with both images, with either, and with none."""
    generator = torch.Generator().manual_seed(1)
    images = {
        name: ModalityData(torch.rand(4, 1, SIDE, SIDE, generator=generator).double())
        for name in NAMES
    }
    observed = torch.tensor([[True, True], [True, False], [False, True], [False, False]])
    return Batch("d", images, observed, {}, torch.arange(4))


def _samples(model: Model, batch: Batch) -> list[tuple[list[int], dict[int, Tensor]]]:
    """Return by sample which modalities it has, and their tokens, (1, P, D)."""
    found = []
    for b in range(batch.size - 1):
        own = batch.observed[b].nonzero().flatten().tolist()
        one = batch.select(torch.tensor([b]))
        found.append((own, {m: model.encode(one, NAMES[m]) for m in own}))
    return found


def _m4oe_by_hand(model: M4oE, own: list[int], tokens: dict[int, Tensor]) -> dict[str, Tensor]:
    config = model.config
    joint = model.mtoe(torch.cat([tokens[m] for m in own], dim=1))
    if config.mtoe == "tasks":
        last = joint[-1]
        assert isinstance(last, TaskTokens)
        y = [last.each()[:, t] for t in range(3)]
    else:
        y = [joint] * 3
    s = {
        "mixture": lambda m: model.msoe[m](tokens[m]),
        "tokens": lambda m: tokens[m],
    }.get(config.msoe)
    logits = {}
    for t, task in ((1, "risk"), (2, "density")):
        rows = [y[t].mean(dim=1), *([] if s is None else [s(m).mean(dim=1) for m in own])]
        out = model.norms[t - 1](model.final(torch.stack(rows, dim=1)))
        read = out[:, 0] if config.readout == "task" else out.mean(dim=1)
        first, between, second = model.heads[t - 1]  # type: ignore[misc]
        logits[task] = second(between(first(read)))
    if 1 in own:
        patches = y[0][:, -4:] + (0 if s is None else s(1))
        logits["seg"] = model.dense_heads.heads[0](patches)
    return logits


@torch.no_grad()
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"msoe": "nothing"},
        {"msoe": "tokens", "readout": "mean"},
        {"mtoe": "shared", "head": "gelu"},
        {"readout": "mean", "task_residual": False, "mtoe_depth": 2},
    ],
    ids=str,
)
def test_m4oe(settings: dict[str, Any]) -> None:
    """H_t = [mean Y_t; mean S_1; mean S_2], head_t(LN_t(final(H_t))_0); masks from Y_t + S_m."""
    model, batch = _model("m4oe", **settings), _batch()
    assert isinstance(model, M4oE)
    logits = model(batch).logits
    for b, (own, tokens) in enumerate(_samples(model, batch)):
        for task, expected in _m4oe_by_hand(model, own, tokens).items():
            assert torch.allclose(logits[task][b], expected[0], rtol=0, atol=1e-10), (b, task)


@torch.no_grad()
def test_soft_moe() -> None:
    """head(LN(mean(blocks([X_1; X_2])))), with the norm before the mean."""
    model, batch = _model("soft_moe"), _batch()
    assert isinstance(model, MultimodalSoftMoE)
    logits = model(batch).logits
    for b, (own, tokens) in enumerate(_samples(model, batch)):
        mixed = model.norm(model.blocks(torch.cat([tokens[m] for m in own], dim=1)))
        expected = model.heads(mixed.mean(dim=1))
        if 1 in own:
            expected["seg"] = model.dense_heads.heads[0](mixed[:, -4:])
        for task, one in expected.items():
            assert torch.allclose(logits[task][b], one[0], rtol=0, atol=1e-10), (b, task)


def _expert(experts: Experts, a: int, x: Tensor) -> Tensor:
    hidden = torch.nn.functional.gelu(x @ experts.inner[a] + experts.inner_bias[a, 0])
    return hidden @ experts.outer[a] + experts.outer_bias[a, 0]


def _mixed_by_loops(block: TaskBlock, t: int, rows: Tensor, k: int) -> Tensor:
    """What is said to normed tokens (N, D): dense, or by the k best experts of task t for each."""
    said = []
    for token in rows:
        if not block.routers:
            said.append(_expert(block.experts, 0, token))
            continue
        gates = (block.routers[t].weight @ token).softmax(dim=0)  # type: ignore[operator]
        best = gates.argsort(descending=True)[:k].tolist()
        said.append(torch.stack([gates[a] * _expert(block.experts, a, token) for a in best]).sum(0))
    return torch.stack(said)


def _block_by_loops(block: TaskBlock, x: Tensor, t: int, k: int) -> Tensor:
    """One task's tokens, (1, L, D)."""
    h = x + block.attention(block.attention_norm(x))
    return h + _mixed_by_loops(block, t, block.norm(h)[0], k)[None]


@torch.no_grad()
def test_adamv_moe() -> None:
    """A dense block, a mixture, and both again: streams of the tasks part at the first mixture."""
    model, batch = _model("adamv_moe"), _batch()
    assert isinstance(model, AdaMVMoE)
    k = [1, 2, 3]
    model.k.k.copy_(torch.tensor(k))
    logits = model(batch).logits
    for b, (own, tokens) in enumerate(_samples(model, batch)):
        for t, task in enumerate(("seg", "risk", "density")):
            x = torch.cat([tokens[m] for m in own], dim=1)
            for block in model.blocks:
                assert isinstance(block, TaskBlock)
                x = _block_by_loops(block, x, t, k[t])
            x = model.norm(x)
            if task == "seg":
                expected = model.dense_heads.heads[0](x[:, -4:]) if 1 in own else None
            else:
                expected = model.heads.linear[t - 1](x.mean(dim=1))
            if expected is not None:
                assert torch.allclose(logits[task][b], expected[0], rtol=0, atol=1e-10), (b, task)


def test_auxiliary_term_of_adamv_moe() -> None:
    """5e-3 times the mean over mixtures and tasks of CV^2(importance) + CV^2(load)."""
    model, batch = _model("adamv_moe", layers=2, moe_every=1), _batch()
    assert isinstance(model, AdaMVMoE)
    x = torch.cat([model.encode(batch, name) for name in NAMES], dim=1)
    keys = batch.observed.repeat_interleave(4, dim=1)
    streams, uneven = [x] * 3, []
    for block in model.blocks:
        assert isinstance(block, TaskBlock)
        for t in range(3):
            h = streams[t] + block.attention(block.attention_norm(streams[t]), keys)
            rows = block.norm(h)[keys]  # (N, D)
            clean = rows @ block.routers[t].weight.T  # type: ignore[operator]
            second = clean.sort(dim=1, descending=True).values[:, 1:2]
            chance = 1 - torch.distributions.Normal(0, 1 / 4).cdf(second - clean)
            for amounts in (clean.softmax(dim=1).sum(dim=0), chance.sum(dim=0)):
                uneven.append(amounts.var(unbiased=False) / amounts.mean() ** 2)
            mixed = torch.zeros_like(h)
            mixed[keys] = torch.cat([_mixed_by_loops(block, t, row[None], 2) for row in rows])
            streams[t] = h + mixed
    expected = 5e-3 * 2 * torch.stack(uneven).mean()
    found = model(batch).losses["experts"]
    assert found.item() == pytest.approx(expected.item(), rel=1e-9)


def _fuse_moe_by_hand(model: FuseMoE, parts: list[Tensor]) -> dict[str, Tensor]:
    """Logits from z_m (1, P, D) of each modality."""
    for layer in model.layers:
        assert isinstance(layer, FuseMoELayer)
        z = [
            part + attention(norm(part))
            for part, attention, norm in zip(
                parts, layer.attentions, layer.attention_norms, strict=True
            )
        ]
        normed = [norm(one) for one, norm in zip(z, layer.moe_norms, strict=True)]
        mixed = [part + said for part, said in zip(z, _routed_by_hand(layer, normed), strict=True)]
        parts = [
            one + feed_forward(norm(one))
            for one, feed_forward, norm in zip(
                mixed, layer.feed_forwards, layer.feed_forward_norms, strict=True
            )
        ]
    parts = [model.norm(part) for part in parts]
    logits = model.heads(torch.cat([part.mean(dim=1) for part in parts], dim=1))
    return {**logits, "seg": model.dense_heads.heads[0](parts[1])}


def _routed_by_hand(layer: FuseMoELayer, parts: list[Tensor]) -> list[Tensor]:
    """Each modality's tokens, (1, P, D), as what they are routed with says."""
    config, shape = layer.config, parts[0].shape
    joint, sample = config.router == "joint", config.unit == "sample"
    if joint and sample:
        whole = torch.cat([part.flatten() for part in parts])
        return list(_laplace(layer, 0, whole).reshape(2, *shape))
    said = []
    for m, part in enumerate(parts):
        rows = [part.flatten()] if sample else list(part[0])
        said.append(torch.stack([_laplace(layer, 0 if joint else m, x) for x in rows]).view(shape))
    return said


def _laplace(layer: FuseMoELayer, m: int, x: Tensor) -> Tensor:
    """Softmax of minus the distances over the two nearest experts, their outputs weighted."""
    distance = (layer.routers[m].weight - x).square().sum(dim=1).sqrt()  # type: ignore[operator]
    best = distance.argsort()[:2].tolist()
    gates = (-distance[best]).softmax(dim=0)
    experts = layer.experts[m % len(layer.experts)]
    assert isinstance(experts, Experts)
    return torch.stack([g * _expert(experts, a, x) for g, a in zip(gates, best, strict=True)]).sum(
        dim=0
    )


@torch.no_grad()
@pytest.mark.parametrize("router", ["joint", "modality", "disjoint"])
@pytest.mark.parametrize("unit", ["sample", "token"])
def test_fuse_moe(router: str, unit: str) -> None:
    """A missing modality is its learned vector in place of each token."""
    model, batch = _model("fuse_moe", router=router, unit=unit), _batch()
    assert isinstance(model, FuseMoE)
    logits = model(batch).logits
    for b in range(4):
        one = batch.select(torch.tensor([b]))
        parts = [
            model.encode(one, name)
            if bool(one.observed[0, m])
            else model.missing[m].expand(1, 4, 8)
            for m, name in enumerate(NAMES)
        ]
        for task, expected in _fuse_moe_by_hand(model, parts).items():
            assert torch.allclose(logits[task][b], expected[0], rtol=0, atol=1e-10), (b, task)
