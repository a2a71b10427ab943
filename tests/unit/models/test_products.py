"""Low-rank and full products against plain loops in float64, gradients and counts included."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

import pytest
import torch
from torch import Tensor

from benchmark.core.batch import Batch, ModalityData
from benchmark.core.errors import UsageError
from benchmark.core.problem import Component, Modality, Problem, Task
from benchmark.models import MODELS
from benchmark.models._base import Model
from benchmark.models.encoders._base import Encoder
from benchmark.models.encoders.config import MLPEncoderConfig
from benchmark.models.encoders.mlp import MLPEncoder
from benchmark.models.layers.low_rank import LowRankProduct
from benchmark.models.tensor_fusion.model import TensorFusion, outer_product
from benchmark.training.strategies.plain import parameter_counts

Agree = Callable[[Tensor, Tensor, Sequence[Tensor]], None]
WIDTHS = (3, 2, 4)


def _model(name: str, widths: tuple[int, ...], classes: int, **settings: object) -> Model:
    component = Component(
        dataset="d",
        modalities=tuple(
            Modality(name=f"m{m}", kind="vector", shape=(5,)) for m in range(len(widths))
        ),
        tasks=(Task(name="t", kind="multiclass", classes=tuple(str(c) for c in range(classes))),),
    )
    encoders: dict[str, Encoder] = {
        one.name: MLPEncoder(one, MLPEncoderConfig(width=width, hidden=()))
        for one, width in zip(component.modalities, widths, strict=True)
    }
    problem = Problem(components=(component,), outputs={"d/t": classes})
    model = MODELS.load(name)(problem, encoders, MODELS.config(name).parse(settings))
    assert isinstance(model, Model)
    return model


def _vectors() -> list[Tensor]:
    torch.manual_seed(0)
    return [torch.randn(2, one, dtype=torch.float64, requires_grad=True) for one in WIDTHS]


def _low_rank_by_loops(layer: LowRankProduct, vectors: list[Tensor]) -> Tensor:
    rows = []
    for b in range(vectors[0].shape[0]):
        total = layer.bias
        for r in range(layer.weights.shape[1]):
            term = layer.weights[0, r]
            for x, factor in zip(vectors, layer.factors, strict=True):
                term = term * (torch.cat([torch.ones(1).double(), x[b]]) @ factor[r])
            total = total + term
        rows.append(total)
    return torch.stack(rows)


def test_low_rank_product(agree: Agree) -> None:
    layer, vectors = LowRankProduct(WIDTHS, rank=3, width=2, trainable=True).double(), _vectors()
    torch.nn.init.normal_(layer.bias)
    leaves = [*vectors, *layer.parameters()]
    agree(layer(vectors), _low_rank_by_loops(layer, vectors), leaves)
    assert sum(one.numel() for one in layer.parameters()) == 3 * 2 * (4 + 3 + 5) + 3 + 2


def test_low_rank_product_is_a_linear_map_of_the_outer_product() -> None:
    layer, vectors = LowRankProduct(WIDTHS, rank=3, width=2, trainable=True).double(), _vectors()
    tensor = torch.einsum("r,rah,rbh,rch->abch", layer.weights[0], *layer.factors).flatten(0, 2)
    expected = outer_product(vectors) @ tensor + layer.bias
    assert torch.allclose(layer(vectors), expected, rtol=0, atol=1e-10)


def test_low_rank_draw_is_xaviers() -> None:
    torch.manual_seed(0)
    layer = LowRankProduct((64, 64), rank=32, width=64, init="xavier")
    for factor in layer.factors:
        assert float(factor.detach().std()) == pytest.approx(
            math.sqrt(2 / (64 * (65 + 32))), rel=0.02
        )
    assert float(layer.weights.detach().std()) == pytest.approx(math.sqrt(2 / 33), rel=0.3)
    assert not layer.bias.any()


def test_outer_product(agree: Agree) -> None:
    vectors = _vectors()
    rows = []
    for b in range(2):
        extended = [[torch.ones(()).double(), *z[b]] for z in vectors]
        rows.append(torch.stack([x * y * z for x, y, z in itertools.product(*extended)]))
    agree(outer_product(vectors), torch.stack(rows), vectors)


@pytest.mark.parametrize("modalities", [2, 6])
def test_a_product_of_many_modalities_neither_vanishes_nor_explodes(modalities: int) -> None:
    torch.manual_seed(0)
    vectors = [torch.randn(400, 16) for _ in range(modalities)]
    unit = LowRankProduct((16,) * modalities, rank=32, width=64)
    assert 0.3 < float(unit(vectors).detach().std()) < 5
    nothing = [torch.zeros_like(one) for one in vectors[:-1]]
    assert float(unit([*nothing, vectors[-1]]).detach().std()) > 0.3
    if modalities == 6:
        released = LowRankProduct((16,) * 6, rank=32, width=64, init="xavier")
        assert float(released(vectors).detach().std()) < 1e-3


def test_lrmf_counts_of_the_adni_row() -> None:
    """Four modalities of width 64, rank 32, 64-128-3 behind: the release, had it registered."""
    learned = parameter_counts(_model("lrmf", (64,) * 4, 3))
    formula = 32 * 64 * 4 * 65 + 32 + 64 + 65 * 128 + 129 * 3
    assert learned["fusion"] == formula == 541_283
    released = parameter_counts(_model("lrmf", (64,) * 4, 3, trainable_factors=False))
    assert released["trainable"] - released["encoders"] == 65 * 128 + 129 * 3
    assert released["total"] == learned["total"]


def test_lrmf_factors_that_are_not_learned_get_no_gradient() -> None:
    model = _model("lrmf", (4, 4), 3, trainable_factors=False)
    inputs = {name: ModalityData(torch.randn(2, 5)) for name in ("m0", "m1")}
    batch = Batch("d", inputs, torch.ones(2, 2).bool(), {}, torch.arange(2))
    model(batch).logits["t"].sum().backward()
    fixed = {name for name, one in model.named_parameters() if one.grad is None}
    assert fixed == {"fusion.factors.0", "fusion.factors.1", "fusion.weights", "fusion.bias"}


@pytest.mark.parametrize(
    ("widths", "settings", "narrowed", "entries", "hidden"),
    [
        ((16, 16), {"hidden": []}, 16, 289, ()),  # 17 x 17 -> 20: 5,800 weights
        ((64,) * 3, {}, 32, 33**3, (128, 128)),
        ((64,) * 4, {}, 12, 13**4, (128, 128)),
        ((64, 5, 64, 64), {}, 12, 13**3 * 6, (128, 128)),
        ((8, 8), {"largest": 20, "hidden": [7]}, 3, 16, (7,)),
        ((64,) * 3, {"largest": 65**3, "hidden": []}, 64, 65**3, ()),
    ],
)
def test_tensor_fusion_counts(
    widths: tuple[int, ...],
    settings: dict[str, object],
    narrowed: int,
    entries: int,
    hidden: tuple[int, ...],
) -> None:
    formula = sum((one + 1) * narrowed for one in widths if one > narrowed)
    for inner, outer in itertools.pairwise([entries, *hidden, 20]):
        formula += (inner + 1) * outer
    assert parameter_counts(_model("tensor_fusion", widths, 20, **settings))["fusion"] == formula


def test_tensor_fusion_of_the_enrico_row_has_5800_weights() -> None:
    model = _model("tensor_fusion", (16, 16), 20, hidden=[])
    assert parameter_counts(model)["fusion"] == 5_800


def test_tensor_fusion_without_a_modality_keeps_the_products_of_the_others() -> None:
    model = _model("tensor_fusion", (8, 8), 3, largest=20).eval()
    assert isinstance(model, TensorFusion)
    data = {name: ModalityData(torch.randn(1, 5)) for name in ("m0", "m1")}
    batch = Batch("d", data, torch.tensor([[True, False]]), {}, torch.arange(1))
    z = model.narrow[0](model.encoder("m0")(data["m0"]))
    product = outer_product([z, torch.zeros(1, 3)])
    assert torch.allclose(model(batch).logits["t"], model.heads(model.joint(product))["t"])
    assert torch.allclose(product.reshape(4, 4)[:, 1:], torch.zeros(4, 3))


def test_tensor_fusion_needs_room_for_one_number_per_modality() -> None:
    with pytest.raises(UsageError, match="3 modalities has at least 8 entries, largest is 7"):
        _model("tensor_fusion", (4, 4, 4), 2, largest=7)
