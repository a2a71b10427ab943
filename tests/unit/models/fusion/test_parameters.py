"""Parameter counts of the fusion models of I2MoE: closed forms and counts of the release."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from benchmark.training.strategies.plain import parameter_counts

#: Modalities and outputs of the paper's datasets.
ADNI, MIMIC, IMDB, MOSI, ENRICO = (4, 3), (3, 2), (2, 23), (3, 2), (2, 20)
SHAPES = [(2, 8, 1, 3, 4), (3, 16, 2, 4, 2), (4, 8, 3, 2, 5)]  # M, D, L, P, C


def _fusion(build: Any, name: str, m: int, d: int, p: int, c: int, **settings: Any) -> int:
    count: int = parameter_counts(build(name, m, d, p, c, **settings))["fusion"]
    return count


@pytest.mark.parametrize(
    ("dataset", "count"),
    [(ADNI, 1_260_691), (MIMIC, 1_258_898), (IMDB, 1_263_015), (ENRICO, 1_262_244)],
)
def test_switch_gate_as_released(
    build: Callable[..., Any], dataset: tuple[int, int], count: int
) -> None:
    assert _fusion(build, "switch_gate", dataset[0], 128, 8, dataset[1], layers=2) == count


@pytest.mark.parametrize(("m", "d", "layers", "p", "c"), SHAPES)
@pytest.mark.parametrize("sparse", ["alternate", "all"])
def test_switch_gate(
    build: Callable[..., Any], m: int, d: int, layers: int, p: int, c: int, sparse: str
) -> None:
    experts = 5
    count = _fusion(
        build, "switch_gate", m, d, p, c, layers=layers, experts=experts, sparse_layers=sparse
    )
    one = 4 * d * d + 5 * d + experts * (4 * d * d + 3 * d) + d * experts + experts
    switches = layers if sparse == "all" else -(-layers // 2)
    dense = (layers - switches) * (8 * d * d + 8 * d)
    assert count == switches * one + dense + m * p * d + m * d * c + c


@pytest.mark.parametrize(("m", "d", "layers", "p", "c"), SHAPES)
@pytest.mark.parametrize("experts", [4, 7])
def test_moepp(
    build: Callable[..., Any], m: int, d: int, layers: int, p: int, c: int, experts: int
) -> None:
    e = experts
    one = 4 * d + 4 * d * d + d + 8 * e * d + 8 * e * e + e * e + (e - 4) * 192 * d + 6 * d
    released = layers * one + m * p * d + m * d * c + c
    given = {"layers": layers, "experts": e}
    assert _fusion(build, "moepp", m, d, p, c, moepp_bug=True, **given) == released
    assert _fusion(build, "moepp", m, d, p, c, **given) == released - e * e


@pytest.mark.parametrize(("width", "count"), [(64, 35_527), (256, 559_879)])
def test_interpretcc_as_released(build: Callable[..., Any], width: int, count: int) -> None:
    m, c, d = 4, 3, width
    assert _fusion(build, "interpretcc", m, d, 1, c) == count
    joint = m * d * d + d + (d * d + d + d * c) // 2 + c
    assert count == m * (d * d + 2 * d + 1) + joint


def test_early_fusion_transformer_as_released(build: Callable[..., Any]) -> None:
    m, c = ADNI
    assert _fusion(build, "early_fusion_transformer", m, 64, 8, c) == 120_285
    assert 9 * m * 64 + 117_951 + 9 * c + c == 120_285


def test_late_fusion_transformer_as_released(build: Callable[..., Any]) -> None:
    assert _fusion(build, "late_fusion_transformer", 4, 64, 4, 3) == 2_631_171


def test_lrmf_as_released(build: Callable[..., Any]) -> None:
    assert _fusion(build, "lrmf", 4, 64, 1, 3) == 541_283
    model = build("lrmf", 4, 64, 1, 3, trainable_factors=False)
    head = (64 + 1) * 128 + (128 + 1) * 3
    trained = [one for one in model.parameters() if one.requires_grad]
    encoders = sum(one.numel() for one in model.encoders.parameters())
    assert sum(one.numel() for one in trained) == encoders + head
