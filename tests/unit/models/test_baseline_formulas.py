"""Whole baselines of M4oE against their formulas, sample by sample, without any mask.

A sample is scored from the modalities it has, as if the others did not exist.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch import Tensor

from benchmark.core.batch import Batch, ModalityData
from benchmark.core.problem import Component, Modality, Problem, Task
from benchmark.models import MODELS
from benchmark.models._base import Model
from benchmark.models.asymmirai.model import AsymMirai
from benchmark.models.encoders import ENCODERS
from benchmark.models.evif.model import EVIF
from benchmark.models.eyemost.model import EyeMoSt
from benchmark.models.eyestar.model import EyeStar
from benchmark.models.layers.evidential import fuse_students
from benchmark.models.mirai.model import Mirai

NAMES = ("ffdm_cc", "ffdm_mlo", "cview_cc")
TASKS = {"risk": 1, "density": 3}
ENCODER: dict[str, tuple[str, dict[str, Any]]] = {
    "vector": ("mlp", {"width": 8, "hidden": []}),
    "tokens": ("patch", {"width": 8, "patches": 3}),
}
MTOE = {"experts": 3, "heads": 2, "hidden": 6, "alpha": 0.1}
FLAGS = torch.tensor(
    [[True, True, True], [True, True, False], [False, True, True], [False, True, False]]
)


def _model(name: str, names: Sequence[str] = NAMES, **settings: Any) -> Model:
    """Build in double precision, with every parameter moved so that zeros and ones hide nothing."""
    torch.manual_seed(0)
    component = Component(
        dataset="d",
        modalities=tuple(Modality(name=one, kind="vector", shape=(6,)) for one in names),
        tasks=(
            Task(name="risk", kind="binary", classes=("no", "yes")),
            Task(name="density", kind="multiclass", classes=tuple("abc")),
        ),
    )
    config = MODELS.config(name).parse(settings)
    encoders = {}
    for one in config.encoded(names):
        encoder, parsed = ENCODER[config.encoder_gives(one)]
        encoders[one] = ENCODERS.load(encoder)(
            component.modality(one), ENCODERS.config(encoder).parse(parsed)
        )
    problem = Problem(components=(component,), outputs={f"d/{t}": n for t, n in TASKS.items()})
    model: Model = MODELS.load(name)(problem, encoders, config).double().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    return model


def _batch(names: Sequence[str] = NAMES) -> Batch:
    generator = torch.Generator().manual_seed(1)
    inputs = {
        one: ModalityData(torch.randn(4, 6, generator=generator, dtype=torch.float64))
        for one in names
    }
    return Batch("d", inputs, FLAGS[:, : len(names)].clone(), {}, torch.arange(4))


def _same(model: Model, batch: Batch, expected: Sequence[dict[str, Tensor]]) -> None:
    logits = model(batch).logits
    for b, one in enumerate(expected):
        for task in TASKS:
            assert torch.allclose(logits[task][b], one[task][0], rtol=0, atol=1e-10), (b, task)


def _own(flags: Tensor) -> list[int]:
    return flags.nonzero().flatten().tolist()


def _views(model: Mirai, batch: Batch, b: int) -> Tensor:
    """What the transformer makes of the views that a sample has, (1, N, D)."""
    one, own = batch.select(torch.tensor([b])), _own(batch.observed[b])
    assert model.condition is not None
    scale, shift = torch.zeros(3, 8).double(), torch.zeros(3, 8).double()
    for v, (projection, side) in enumerate([(0, 0), (1, 0), (0, 1)]):
        code = torch.cat(
            [
                model.condition.projection.weight[projection],
                model.condition.time.weight[0],
                model.condition.side.weight[side],
            ]
        )
        scale[v], shift[v] = model.condition.scale(code), model.condition.shift(code)
    rows = [
        model.project[0](model.encoder(NAMES[0])(one.inputs[NAMES[v]])) * scale[v] + shift[v]
        for v in own
    ]
    tokens = torch.stack(rows, dim=1)
    for layer in model.layers:
        tokens = layer(tokens, None, torch.ones(1, len(own)).bool())
    return tokens


@torch.no_grad()
@pytest.mark.parametrize("mtoe", [None, MTOE], ids=["plain", "mtoe"])
def test_mirai(mtoe: dict[str, Any] | None) -> None:
    """One encoder and one linear map, scale and shift, layers, (routing,) softmax pool, heads."""
    model = _model("mirai", width=8, embedding=3, heads=2, layers=2, mtoe=mtoe)
    batch, expected = _batch(), []
    assert isinstance(model, Mirai)
    score = model.pool.score
    assert score is not None

    def pooled(tokens: Tensor) -> Tensor:
        return (score(tokens).softmax(dim=1) * tokens).sum(dim=1)

    for b in range(4):
        tokens = _views(model, batch, b)
        if model.routing is None:
            expected.append(model.heads(pooled(tokens)))
        else:
            y = model.routing.mtoe(tokens)[-1].each()
            expected.append(model.heads.each([pooled(y[:, t]) for t in range(2)]))
    _same(model, batch, expected)


@torch.no_grad()
@pytest.mark.parametrize("mtoe", [None, MTOE], ids=["plain", "mtoe"])
def test_asymmirai(mtoe: dict[str, Any] | None) -> None:
    """Vectors of complete pairs through a layer (and routing), side by side; others are learned."""
    names = ("cc", "mlo", "cc_other", "mlo_other")
    model = _model("asymmirai", names, layers=1, heads=2, hidden=6, mtoe=mtoe)
    batch = _batch(names[:3])
    generator = torch.Generator().manual_seed(2)
    extra = ModalityData(torch.randn(4, 6, generator=generator, dtype=torch.float64))
    observed = torch.ones(4, 4).bool()
    observed[1, 2] = observed[2, 1] = False  # pair 0, then pair 1 lacks a partner
    batch = Batch("d", {**batch.inputs, "mlo_other": extra}, observed, {}, batch.rows)
    assert isinstance(model, AsymMirai)
    expected = []
    for b, pairs in enumerate(([0, 1], [1], [0], [0, 1])):
        one = batch.select(torch.tensor([b]))
        rows = []
        for p in pairs:
            maps = [
                model.encoder(names[p])(one.inputs[names[m]]).transpose(1, 2)[:, :, None]
                for m in (p, p + 2)
            ]
            rows.append(model.differences[p](maps[0], maps[1].flip(3))[0])
        vectors = torch.stack(rows, dim=1)
        vectors = model.layers[0](vectors, None, torch.ones(1, len(pairs)).bool())
        each = [vectors] * 2
        if model.routing is not None:
            y = model.routing.mtoe(vectors)[-1].each()
            each = [y[:, t] for t in range(2)]
        joined = []
        for own in each:
            whole = model.absent[None].clone()
            whole[:, pairs] = own
            joined.append(whole.flatten(1))
        expected.append(model.heads.each(joined))
    _same(model, batch, expected)


@torch.no_grad()
@pytest.mark.parametrize("mtoe", [None, MTOE], ids=["plain", "mtoe"])
def test_eyestar(mtoe: dict[str, Any] | None) -> None:
    """head([E_1; E_2; E_3]) with learned vectors for what lacks, or head_t(mean_m Y_{t,m})."""
    model, batch, expected = _model("eyestar", mtoe=mtoe), _batch(), []
    assert isinstance(model, EyeStar)
    for b in range(4):
        one, own = batch.select(torch.tensor([b])), _own(batch.observed[b])
        codes = {m: model.encoder(NAMES[m])(one.inputs[NAMES[m]]) for m in own}
        if model.routing is None:
            whole = [codes[m] if m in own else model.missing[m][None] for m in range(3)]
            expected.append(model.heads(torch.cat(whole, dim=1)))
        else:
            tokens = torch.stack(list(codes.values()), dim=1)
            y = model.routing.routing.mtoe(tokens)[-1].each()
            expected.append(model.heads.each([y[:, t].mean(dim=1) for t in range(2)]))
    _same(model, batch, expected)


@torch.no_grad()
def test_eyemost_through_task_experts() -> None:
    """Heads of a task and modality read Y_{t,m}; their Student's t are fused in order."""
    model, batch, expected = _model("eyemost", hidden=5, mtoe=MTOE), _batch(), []
    assert isinstance(model, EyeMoSt)
    assert model.routing is not None
    for b in range(4):
        one, own = batch.select(torch.tensor([b])), _own(batch.observed[b])
        tokens = torch.stack([model.encode(one, NAMES[m]) for m in own], dim=1)
        y = model.routing.routing.mtoe(tokens)[-1].each()
        logits = {}
        for t, task in enumerate(TASKS):
            students = [model._heads(t)[m](y[:, t, j]).student() for j, m in enumerate(own)]
            fused = students[0]
            for other in students[1:]:
                fused = fuse_students(fused, other)
            logits[task] = fused.loc
        expected.append(logits)
    _same(model, batch, expected)


@torch.no_grad()
def test_evif() -> None:
    """Layers to a modality's own and all others' tokens at once; the mean of the means."""
    model = _model("evif", layers=2, heads=2, hidden=6, estimator_hidden=4)
    batch, expected = _batch(), []
    assert isinstance(model, EVIF)
    for b in range(3):  # the last sample has one modality, hence no source
        one, own = batch.select(torch.tensor([b])), _own(batch.observed[b])
        z = {m: model.encode(one, NAMES[m]) for m in own}
        for layer in range(2):
            others = {m: torch.cat([z[n] for n in own if n != m], dim=1) for m in own}
            z = {
                m: model.layers[3 * layer + m](
                    z[m], others[m], torch.ones(1, 3).bool(), torch.ones(others[m].shape[:2]).bool()
                )
                for m in own
            }
        means = torch.stack([part.mean(dim=1) for part in z.values()])
        expected.append(model.heads(means.mean(dim=0)))
    _same(model, batch, expected)
