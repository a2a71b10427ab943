"""AsymMirai: pairs, the peak of a difference, missing partners, and a planted asymmetry."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor, nn

from benchmark.core.batch import Batch, ModalityData
from benchmark.core.errors import UsageError
from benchmark.core.problem import Component, Modality, Problem, Task
from benchmark.models.asymmirai.config import AsymMiraiConfig
from benchmark.models.asymmirai.mean_score import MeanScore
from benchmark.models.asymmirai.model import AsymMirai
from benchmark.models.asymmirai.pairs import find_pairs
from benchmark.models.encoders._base import Encoder
from benchmark.models.layers.asymmetry import Asymmetry, feature_map

Agree = Callable[[Tensor, Tensor, Sequence[Tensor]], None]
EMBED = ("cview_cc", "cview_mlo", "ffdm_cc", "ffdm_mlo")


class Pixels(Encoder):
    """Gives every pixel of a one-channel image as a token, with a class token before them."""

    output = "tokens"

    def __init__(self, size: int, width: int) -> None:
        super().__init__()
        self.width, self.grid, self.prefix_tokens = width, (size, size), 1
        self.tokens = size * size + 1
        self.linear = nn.Linear(1, width)

    def forward(self, data: ModalityData) -> Tensor:
        tokens = self.linear(data.values.flatten(2).transpose(1, 2))
        return torch.cat([tokens.mean(dim=1, keepdim=True), tokens], dim=1)


def test_pairs_of_sides() -> None:
    names = ("cc", "mlo", "cc_other", "mlo_other")
    assert find_pairs(names, "sides") == (("cc", "cc_other"), ("mlo", "mlo_other"))
    assert find_pairs(names, "views") == (("cc", "mlo"), ("cc_other", "mlo_other"))


def test_pairs_of_views_and_types() -> None:
    assert find_pairs(EMBED, "views") == (("cview_cc", "cview_mlo"), ("ffdm_cc", "ffdm_mlo"))
    assert find_pairs(EMBED, "types") == (("cview_cc", "ffdm_cc"), ("cview_mlo", "ffdm_mlo"))


def test_a_modality_without_partner_is_refused() -> None:
    with pytest.raises(UsageError, match=r"'mlo' without partner: cc, mlo, cc_other"):
        find_pairs(("cc", "mlo", "cc_other"), "sides")
    with pytest.raises(UsageError, match="has no modality 'oct'"):
        find_pairs(("cc", "mlo"), (("cc", "mlo"), ("cc", "oct")))


@pytest.mark.parametrize(
    ("share", "own"),
    [("sides", ("cc", "mlo")), ("all", ("cc",)), ("none", ("cc", "mlo", "cc_other", "mlo_other"))],
)
def test_who_has_an_encoder(share: str, own: tuple[str, ...]) -> None:
    config = AsymMiraiConfig.parse({"share_encoder": share})
    assert config.encoded(("cc", "mlo", "cc_other", "mlo_other")) == own


def test_asymmetry_by_loops(agree: Agree) -> None:
    torch.manual_seed(0)
    layer = Asymmetry(3, 0.3).double()
    left = torch.randn(2, 3, 11, 6, dtype=torch.float64, requires_grad=True)
    right = torch.randn(2, 3, 11, 6, dtype=torch.float64, requires_grad=True)
    vectors, norms = _peaks_by_loops(layer, left, right)
    agree(layer(left, right)[0], vectors, [left, right, layer.channels])
    vectors, norms = _peaks_by_loops(layer, left, right)
    agree(layer(left, right)[1], norms, [left, right, layer.channels])


def _peaks_by_loops(layer: Asymmetry, left: Tensor, right: Tensor) -> tuple[Tensor, Tensor]:
    vectors, norms = [], []
    for b in range(2):
        best = None
        for i in range(11 - 2 + 1):  # windows of 11 // 5 by 6 // 5
            for j in range(6):
                window = torch.stack(
                    [
                        (
                            layer.channels @ left[b, :, y, j] - layer.channels @ right[b, :, y, j]
                        ).abs()
                        for y in (i, i + 1)
                    ]
                ).amax(dim=0)
                norm = window.square().sum().sqrt()
                if best is None or norm > best[1]:
                    best = (window, norm)
        assert best is not None
        vectors.append(best[0])
        norms.append(best[1])
    return torch.stack(vectors), torch.stack(norms)


def test_channel_maps_start_near_the_identity() -> None:
    torch.manual_seed(0)
    noise = Asymmetry(50, 0.01).channels - torch.eye(50)
    assert 0.009 < float(noise.std().detach()) < 0.011


def test_feature_maps_leave_the_class_token_out() -> None:
    tokens = torch.arange(7.0).reshape(1, 7, 1)
    assert feature_map(tokens, (2, 3))[0, 0].tolist() == [[1, 2, 3], [4, 5, 6]]
    assert feature_map(tokens, None).shape == (1, 1, 1, 7)


def test_mean_score_by_hand() -> None:
    scores = torch.tensor([[2.0, 4.0], [2.0, 4.0], [2.0, 4.0]])
    complete = torch.tensor([[True, True], [False, True], [False, False]])
    assert MeanScore(1.0, 2.0)(scores, complete).tolist() == [[1.0], [1.5], [0.0]]


def _problem(names: Sequence[str], size: int) -> Problem:
    component = Component(
        dataset="d",
        modalities=tuple(Modality(name=one, kind="image", shape=(1, size, size)) for one in names),
        tasks=(Task(name="t", kind="binary", classes=("no", "yes")),),
    )
    return Problem(components=(component,), outputs={"d/t": 1})


def _model(names: Sequence[str], size: int = 6, width: int = 4, **settings: Any) -> AsymMirai:
    torch.manual_seed(0)
    config = AsymMiraiConfig.parse(settings)
    encoders: dict[str, Encoder] = {name: Pixels(size, width) for name in config.encoded(names)}
    return AsymMirai(_problem(names, size), encoders, config)


def _batch(names: Sequence[str], samples: int = 3, size: int = 6) -> Batch:
    generator = torch.Generator().manual_seed(1)
    inputs = {
        name: ModalityData(torch.randn(samples, 1, size, size, generator=generator))
        for name in names
    }
    observed = torch.ones(samples, len(names), dtype=torch.bool)
    return Batch("d", inputs, observed, {}, torch.arange(samples))


def test_equal_breasts_differ_nowhere() -> None:
    """Mirrored copies have no asymmetry; unmirrored ones do."""
    names = ("cc", "cc_other")
    batch = _batch(names)
    batch.inputs["cc_other"].values.copy_(batch.inputs["cc"].values.flip(3))
    assert not _model(names)(batch).info["scores"].any()
    assert bool((_model(names, mirror=False)(batch).info["scores"] > 0).all())


@pytest.mark.parametrize("readout", ["vectors", "score"])
def test_a_missing_partner_takes_its_pair_out(readout: str) -> None:
    names = ("cc", "mlo", "cc_other", "mlo_other")
    model, batch = _model(names, readout=readout, mu=1.0, sigma=1.0).eval(), _batch(names)
    batch.observed[1, 2] = False  # cc_other
    before = model(batch).logits["t"]
    batch.inputs["cc"].values[1] += 3  # has no partner, so it says nothing
    assert torch.allclose(model(batch).logits["t"], before)
    batch.inputs["mlo"].values[1, 0, 0] += 3
    assert not torch.allclose(model(batch).logits["t"][1], before[1])
    assert torch.allclose(model(batch).logits["t"][[0, 2]], before[[0, 2]])


def test_a_score_reads_no_layers() -> None:
    with pytest.raises(ValidationError, match="layers must be 0"):
        AsymMiraiConfig.parse({"readout": "score", "layers": 1})


def test_maps_of_a_pair_have_one_size() -> None:
    names = ("cc", "mlo")
    encoders: dict[str, Encoder] = {"cc": Pixels(6, 4), "mlo": Pixels(5, 4)}
    config = AsymMiraiConfig.parse({"pairs": "views", "share_encoder": "none"})
    with pytest.raises(UsageError, match="feature maps of 'cc' and 'mlo' differ in size"):
        AsymMirai(_problem(names, 6), encoders, config)


@pytest.mark.parametrize("settings", [{}, {"readout": "score", "mu": 3.0, "sigma": 1.0}])
def test_a_planted_asymmetry_is_found(settings: dict[str, Any]) -> None:
    """Both breasts share a pattern; in positives one has a spot. Neither breast alone tells."""
    generator = torch.Generator().manual_seed(0)
    names = ("cc", "cc_other")
    pattern = torch.randn(256, 1, 8, 8, generator=generator)
    y = torch.arange(256) % 2
    left, right = pattern.clone(), pattern.flip(3).clone()
    where = torch.randint(0, 6, (256, 2), generator=generator)
    for i in range(256):
        if y[i]:
            r, c = where[i].tolist()
            left[i, 0, r : r + 2, c : c + 2] += 2
    inputs = {"cc": ModalityData(left), "cc_other": ModalityData(right)}
    batch = Batch("d", inputs, torch.ones(256, 2).bool(), {}, torch.arange(256))
    model = _model(names, size=8, **settings)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    train, test = torch.arange(192), torch.arange(192, 256)
    for _ in range(60):
        logits = model(batch.select(train)).logits["t"][:, 0]
        loss = nn.functional.binary_cross_entropy_with_logits(logits, y[train].float())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    guess = model.eval()(batch.select(test)).logits["t"][:, 0] > 0
    assert float((guess == y[test].bool()).float().mean()) > 0.9
