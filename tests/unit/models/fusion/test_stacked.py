"""Stacked joint-token transformers: groups of any size, independent dropout, bf16."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from benchmark.models._fusion import Fused, FusionModel
from benchmark.models.joint_transformer import stacked
from benchmark.models.joint_transformer.model import JointTransformer

Build = Callable[..., Any]
EXPERTS = 3


def _inputs(
    build: Build, sample: Callable[..., Any], size: int = 4, **settings: Any
) -> tuple[list[JointTransformer], list[Tensor], Tensor, dict[int, Tensor]]:
    torch.manual_seed(0)
    experts = [build("joint_transformer", 2, 8, 3, 3, heads=2, **settings) for _ in range(EXPERTS)]
    batch = sample(size, 2)
    codes = experts[0].codes(batch)
    replaced = {m: torch.randn(EXPERTS, *code.shape) for m, code in enumerate(codes)}
    return experts, [code.detach() for code in codes], batch.observed, replaced


@pytest.mark.parametrize("stacked_bytes", [0, 2**40])
@pytest.mark.parametrize("skip", ["residual", "doubled"])
def test_any_group_gives_what_experts_one_by_one_give(
    build: Build,
    sample: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    stacked_bytes: int,
    skip: str,
) -> None:
    monkeypatch.setattr(stacked, "CPU_STACKED_BYTES", stacked_bytes)
    experts, codes, observed, replaced = _inputs(
        build, sample, attention_skip=skip, dropout=0.0, layers=2
    )
    for expert in experts:
        expert.double()
    observed[1, 0] = observed[2, 1] = False
    observed[3] = False  # attends evenly to all, which no query or key can change
    codes = [
        torch.where(observed[:, m, None, None], code, torch.zeros_like(code)).double()
        for m, code in enumerate(codes)
    ]
    for code in codes:
        code.requires_grad_()
    given = experts, codes, observed, {m: one.double() for m, one in replaced.items()}
    found = JointTransformer.fuse_experts(*given)
    plain = super(JointTransformer, JointTransformer).fuse_experts(*given)
    assert torch.allclose(found.logits["t"], plain.logits["t"], atol=1e-10)
    assert torch.allclose(found.latent, plain.latent, atol=1e-10)
    leaves = [*codes, *(one for expert in experts for one in expert.parameters())]
    uneven = torch.randn_like(found.logits["t"])
    pairs = zip(
        *(
            torch.autograd.grad((one.logits["t"] * uneven).sum(), leaves, allow_unused=True)
            for one in (found, plain)
        ),
        strict=True,
    )
    assert all(
        (ours is None and other is None) or torch.allclose(ours, other, atol=1e-10)
        for ours, other in pairs
    )


def _repeat(given: Any, times: int, fuse: Callable[..., Fused]) -> Tensor:
    return torch.stack([fuse(*given).latent.detach() for _ in range(times)])


@pytest.mark.parametrize("skip", ["residual", "doubled"])
@pytest.mark.parametrize("p", [0.5, 0.3])
def test_dropout_has_the_moments_of_the_plain_layers(
    build: Build, sample: Callable[..., Any], skip: str, p: float
) -> None:
    given = _inputs(build, sample, 64, attention_skip=skip, dropout=p, layers=1)
    ours = _repeat(given, 40, JointTransformer.fuse_experts)
    plain = _repeat(given, 40, super(JointTransformer, JointTransformer).fuse_experts)
    error = ours.std(dim=0) * (2 / 40) ** 0.5
    z = (ours.mean(dim=0) - plain.mean(dim=0)) / error
    assert float(z.abs().mean()) < 1.0  # 0.8 for a standard normal
    assert float(ours.std(dim=0).mean() / plain.std(dim=0).mean()) == pytest.approx(1, abs=0.02)


def test_experts_and_passes_drop_independently(build: Build, sample: Callable[..., Any]) -> None:
    """Equal experts, masks that change nothing: what is left is dropout."""
    experts, codes, observed, _ = _inputs(build, sample, 64, dropout=0.5)
    same = [experts[0]] * EXPERTS
    replaced = {m: code.expand(EXPERTS, *code.shape) for m, code in enumerate(codes)}
    runs = _repeat((same, codes, observed, replaced), 30, JointTransformer.fuse_experts)
    noise = (runs - runs.mean(dim=(0, 1, 2), keepdim=True)).permute(1, 2, 0, 3, 4).flatten(2)
    rows = noise.flatten(0, 1)  # (experts x passes, samples)
    correlation = torch.corrcoef(rows) - torch.eye(len(rows))
    assert float(correlation.abs().max()) < 0.05


def test_bf16_is_near_and_keeps_gradients_in_fp32(build: Build, sample: Callable[..., Any]) -> None:
    given = _inputs(build, sample, dropout=0.0)
    exact = JointTransformer.fuse_experts(*given).logits["t"]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rough = JointTransformer.fuse_experts(*given).logits["t"]
    assert rough.dtype == torch.bfloat16
    assert torch.allclose(rough.float(), exact, atol=0.05)
    rough.float().square().sum().backward()
    grads = [one.grad for one in given[0][1].layers.parameters()]
    assert all(one is not None and one.dtype == torch.float32 and one.any() for one in grads)


def test_the_default_serves_every_fusion_model() -> None:
    assert "fuse_experts" in JointTransformer.__dict__
    assert FusionModel.fuse_experts.__func__ is not JointTransformer.fuse_experts.__func__
