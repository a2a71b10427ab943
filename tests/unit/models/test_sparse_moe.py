"""Sparse mixture of experts against plain loops in float64, gradients included."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import pytest
import torch
from torch import Tensor

from benchmark.models.layers.experts import Experts
from benchmark.models.layers.sparse_moe import (
    Combination,
    Gate,
    Gating,
    Method,
    Normalisation,
    TopKRouter,
    importance,
    load,
    mixture,
    unevenness,
)

Agree = Callable[[Tensor, Tensor, Sequence[Tensor]], None]
N, D, E, H = 7, 5, 4, 3


def _tokens(count: int = N) -> Tensor:
    torch.manual_seed(0)
    return torch.randn(count, D, dtype=torch.float64, requires_grad=True)


def _experts() -> Experts:
    torch.manual_seed(1)
    return Experts(E, D, H).double()


def _expert(experts: Experts, a: int, x: Tensor) -> Tensor:
    inner = x @ experts.inner[a] + experts.inner_bias[a, 0]
    gelu = inner * 0.5 * (1 + torch.erf(inner / math.sqrt(2)))
    return gelu @ experts.outer[a] + experts.outer_bias[a, 0]


def _mixture_by_loops(
    experts: Experts, tokens: Tensor, gates: Tensor, chosen: Tensor, combination: Combination
) -> Tensor:
    rows = []
    for i in range(len(tokens)):
        said = [(gates[i, a], _expert(experts, a, tokens[i])) for a in range(E) if chosen[i, a]]
        total = torch.zeros(D, dtype=tokens.dtype)
        for g, f in said:
            total = total + g * (f if combination == "sum" else f.exp())
        rows.append(total.log() if combination == "log" and said else total)
    return torch.stack(rows)


def _chosen(name: str) -> Tensor:
    torch.manual_seed(2)
    chosen = torch.zeros(N, E, dtype=torch.bool)
    if name == "mixed":  # expert 3 has none, the last token has no expert
        chosen[:, :3] = torch.rand(N, 3) > 0.4
        chosen[-1] = False
    if name == "one":
        chosen[:, 2] = True
    if name == "all":
        chosen[:] = True
    return chosen


@pytest.mark.parametrize("where", ["mixed", "one", "all"])
@pytest.mark.parametrize("combination", ["sum", "log"])
@pytest.mark.parametrize("method", ["dense", "grouped", "auto"])
def test_mixture(agree: Agree, where: str, combination: Combination, method: Method) -> None:
    x, experts, chosen = _tokens(), _experts(), _chosen(where)
    gates = torch.rand(N, E, dtype=torch.float64, requires_grad=True)
    expected = _mixture_by_loops(experts, x, gates, chosen, combination)
    found = mixture(experts, x, gates, chosen, combination, method)
    agree(found, expected, [x, gates, *experts.parameters()])


@pytest.mark.parametrize("method", ["dense", "grouped"])
@pytest.mark.parametrize("combination", ["sum", "log"])
def test_one_token_and_none(method: Method, combination: Combination) -> None:
    experts, gates = _experts(), torch.full((N, E), 0.5, dtype=torch.float64)
    chosen, x = _chosen("mixed"), _tokens()
    whole = mixture(experts, x, gates, chosen, combination, method)
    for i in (0, N - 1):
        own = slice(i, i + 1)
        alone = mixture(experts, x[own], gates[own], chosen[own], combination, method)
        assert torch.allclose(alone, whole[own], atol=1e-12)
    nobody = mixture(experts, x, gates, torch.zeros_like(chosen), combination, method)
    assert not nobody.any()
    nobody.sum().backward()
    assert x.grad is None or x.grad.isfinite().all()


def test_logarithms_do_not_overflow() -> None:
    experts = _experts()
    with torch.no_grad():
        experts.outer_bias.add_(2000.0)
    x, chosen = _tokens(), _chosen("all")
    gates = torch.full((N, E), 1 / E, dtype=torch.float64)
    found = mixture(experts, x, gates, chosen, "log", "grouped")
    assert bool(((found > 1900) & (found < 2100)).all())


@pytest.mark.parametrize("gate", ["linear", "laplace"])
@pytest.mark.parametrize("normalise", ["chosen", "all"])
@pytest.mark.parametrize("k", [1, 2, 9])
def test_gates(agree: Agree, gate: Gate, normalise: Normalisation, k: int) -> None:
    x = _tokens()
    router = TopKRouter(D, E, gate, "none", normalise).double()
    rows = []
    for token in x:
        if gate == "linear":
            logits = [w @ token for w in router.weight]
        else:
            logits = [-((w - token) ** 2).sum().sqrt() for w in router.weight]
        best = sorted(range(E), key=lambda a: -float(logits[a].detach()))[:k]
        over = range(E) if normalise == "all" else best
        total = sum(logits[a].exp() for a in over)
        rows.append(
            torch.stack([logits[a].exp() / total if a in best else 0 * logits[a] for a in range(E)])
        )
    gating = router(x, k)
    agree(gating.gates, torch.stack(rows), [x, router.weight])
    assert gating.chosen.sum(dim=1).tolist() == [min(k, E)] * N


def test_masked_tokens_go_nowhere() -> None:
    mask = torch.arange(N) % 2 == 0
    gating = TopKRouter(D, E)(_tokens().float(), 2, mask)
    assert not gating.gates[~mask].any()
    assert not gating.chosen[~mask].any()
    assert torch.allclose(gating.gates[mask].sum(dim=1), torch.ones(4))


def test_noise_is_for_training() -> None:
    x = _tokens().float()
    router = TopKRouter(D, E, noise="fixed")
    torch.manual_seed(3)
    one, other = router(x, 2), router(x, 2)
    assert not torch.equal(one.noisy, other.noisy)
    assert torch.equal(one.clean, other.clean)
    router.eval()
    assert torch.equal(router(x, 2).noisy, one.clean)


def test_fixed_noise_has_its_deviation() -> None:
    torch.manual_seed(0)
    gating = TopKRouter(D, E, noise="fixed")(torch.randn(20_000, D), 1)
    assert (gating.noisy - gating.clean).std().item() == pytest.approx(1 / E, rel=0.02)


def test_load_by_hand() -> None:
    """One token, logits 0 and 1 without a draw: the first must gain 1, the second nothing."""
    clean = torch.tensor([[0.0, 1.0]], dtype=torch.float64)
    chosen = torch.tensor([[False, True]])
    gating = Gating(clean, clean, chosen.double(), chosen, 0.5)
    upper_tail_at_two = 0.022750131948179195
    assert load(gating, 1).tolist() == pytest.approx([upper_tail_at_two, 0.5], abs=1e-9)
    assert load(gating, 1, torch.tensor([False])).tolist() == [0, 0]
    with pytest.raises(ValueError, match="a router with noise"):
        load(Gating(clean, clean, chosen.double(), chosen, None), 1)


def test_importance_and_unevenness_by_hand() -> None:
    clean = torch.tensor([[0.0, math.log(3.0)], [0.0, 0.0]], dtype=torch.float64)
    gating = Gating(clean, clean, clean, clean > 0, None)
    assert importance(gating).tolist() == pytest.approx([0.75, 1.25])
    assert importance(gating, torch.tensor([True, False])).tolist() == pytest.approx([0.25, 0.75])
    # Mean 1, variance 1/16.
    assert unevenness(importance(gating)).item() == pytest.approx(1 / 16)
    assert unevenness(torch.zeros(3)).item() == 0
    assert unevenness(torch.full((3,), 5.0)).item() == 0
