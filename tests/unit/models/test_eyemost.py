"""Student's t against scipy, its fusion by hand, and the terms of EyeMoSt's loss."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor
from torch.nn import functional

from benchmark.core.batch import Batch, ModalityData
from benchmark.core.errors import UsageError
from benchmark.core.problem import Component, Modality, Problem, Task, TaskKind
from benchmark.models.encoders._base import Encoder
from benchmark.models.encoders.config import MLPEncoderConfig
from benchmark.models.encoders.mlp import MLPEncoder
from benchmark.models.eyemost.config import EyeMoStConfig
from benchmark.models.eyemost.model import EyeMoSt, confidence_hinge
from benchmark.models.layers.evidential import NIG, NIGHead, StudentT, fuse_students
from benchmark.models.layers.label_loss import class_nll, mean_over, one_hot


def _nig(seed: int, shape: tuple[int, ...] = (4, 3)) -> NIG:
    generator = torch.Generator().manual_seed(seed)
    gamma, v, a, b = torch.randn(4, *shape, generator=generator, dtype=torch.float64)
    return NIG(gamma, v.exp(), 1 + a.exp(), b.exp())


def _y(shape: tuple[int, ...] = (4, 3)) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(9), dtype=torch.float64)


def test_density_is_that_of_scipy() -> None:
    t = _nig(0).student()
    df, loc, scale = t.df.numpy(), t.loc.numpy(), t.scale2.sqrt().numpy()
    expected = -stats.t.logpdf(_y().numpy(), df=df, loc=loc, scale=scale)
    assert np.allclose(t.nll(_y()).numpy(), expected, rtol=0, atol=1e-10)


def test_evidence_of_the_normal_inverse_gamma_is_its_students_t() -> None:
    """Integrating mean and variance out gives the t, so both likelihoods agree."""
    nig = _nig(1)
    assert torch.allclose(nig.nll(_y()), nig.student().nll(_y()), rtol=0, atol=1e-10)
    assert torch.allclose(nig.student().df, 2 * nig.a)


def _t(df: list[float], loc: list[float], scale2: list[float]) -> StudentT:
    return StudentT(*(torch.tensor([one], dtype=torch.float64) for one in (df, loc, scale2)))


def test_fusion_by_hand() -> None:
    """The second has the smaller df in two of three outputs, so it is the base for all three."""
    one, other = _t([8, 10, 4], [1, 2, 3], [1, 2, 3]), _t([4, 5, 6], [4, 0, -1], [2, 2, 2])
    fused = fuse_students(one, other)
    assert fused.df.tolist() == [[4, 5, 6]]
    assert fused.loc[0].tolist() == pytest.approx([(8 + 16) / 12, 20 / 15, (12 - 6) / 10])
    expected = [
        (2 + 1 * 8 * 2 / (6 * 4)) / 2,
        (2 + 2 * 10 * 3 / (8 * 5)) / 2,
        (2 + 3 * 4 * 4 / (2 * 6)) / 2,
    ]
    assert fused.scale2[0].tolist() == pytest.approx(expected)


def test_fusion_does_not_depend_on_the_order_and_averages_variances() -> None:
    one, other = _nig(2).student(), _nig(3).student()
    fused, swapped = fuse_students(one, other), fuse_students(other, one)
    for name in ("df", "loc", "scale2"):
        assert torch.allclose(getattr(fused, name), getattr(swapped, name), atol=1e-12)

    def variance(t: StudentT) -> Tensor:
        return t.scale2 * t.df / (t.df - 2)

    assert torch.allclose(variance(fused), (variance(one) + variance(other)) / 2, atol=1e-10)


def test_ranges_of_the_heads() -> None:
    head = NIGHead(2, 5, 3)
    assert sum(one.numel() for one in head.parameters()) == 4 * (2 * 5 + 5 + 5 * 3 + 3)
    for scale in (-1e4, -1.0, 1.0, 1e4):
        nig = head(torch.full((1, 2), scale))
        assert bool((nig.v > 0).all() and (nig.v <= 20).all())
        assert bool((nig.a > 1).all() and (nig.a <= 20).all())
        assert bool((nig.b >= 0.2).all())
        t = nig.student()
        assert bool(fuse_students(t, t).scale2.isfinite().all())
    assert head(torch.zeros(1, 2, dtype=torch.float32)).gamma.dtype == torch.float32


def test_labels() -> None:
    target = torch.tensor([0, 2, -1])
    assert one_hot(target, 3).tolist() == [[1, 0, 0], [0, 0, 1], [0, 0, 0]]
    assert one_hot(torch.tensor([0, 1]), 1).tolist() == [[-1], [1]]
    nll = class_nll(torch.tensor([[2.0, 0.0, 0.0]] * 3), target)
    assert nll.tolist() == pytest.approx(
        [math.log(1 + 2 * math.exp(-2)), math.log(math.e**2 + 2), 0]
    )
    sigmoid = class_nll(torch.tensor([[1.0]] * 2), torch.tensor([1, 0]))
    assert sigmoid.tolist() == pytest.approx([math.log(1 + math.exp(-1)), math.log(1 + math.e)])
    assert float(mean_over(torch.tensor([1.0, 5.0]), torch.tensor([True, False]))) == 1
    assert float(mean_over(torch.tensor([1.0]), torch.tensor([False]))) == 0


def test_hinge_by_hand() -> None:
    """Only a modality that is right and surer than the fusion counts."""
    log = torch.tensor([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.9, 0.1]]).log()
    fused = torch.tensor([[0.7, 0.3], [0.7, 0.3], [0.7, 0.3], [0.7, 0.3]]).log()
    target, seen = torch.tensor([0, 0, 0, -1]), torch.ones(4, 1).bool()
    # 0.2 over; wrong; right but less sure; unlabelled: mean over three.
    assert float(confidence_hinge([log], fused, target, seen)) == pytest.approx(0.2 / 3)
    seen[0] = False
    assert float(confidence_hinge([log], fused, target, seen)) == 0


def _problem(kind: TaskKind = "multiclass", outputs: int = 3) -> Problem:
    component = Component(
        dataset="d",
        modalities=tuple(Modality(name=name, kind="vector", shape=(4,)) for name in "ab"),
        tasks=(Task(name="t", kind=kind, classes=("x", "y", "z")),),
    )
    return Problem(components=(component,), outputs={"d/t": outputs})


def _model(**settings: Any) -> EyeMoSt:
    torch.manual_seed(0)
    problem = _problem()
    encoders: dict[str, Encoder] = {
        one.name: MLPEncoder(one, MLPEncoderConfig(width=3 + m, hidden=()))
        for m, one in enumerate(problem.only.modalities)
    }
    return EyeMoSt(problem, encoders, EyeMoStConfig.parse(settings))


def _batch() -> Batch:
    generator = torch.Generator().manual_seed(0)
    inputs = {name: ModalityData(torch.randn(5, 4, generator=generator)) for name in "ab"}
    observed = torch.tensor([[True, True], [True, False], [False, True], [False] * 2, [True] * 2])
    return Batch("d", inputs, observed, {"t": torch.tensor([0, 1, 2, 0, -1])}, torch.arange(5))


@torch.no_grad()
def test_terms_of_the_loss() -> None:
    """With the run's cross-entropy at weight 1 the whole is twice the printed sum."""
    model, batch = _model(hinge=10.0).eval(), _batch()
    output = model(batch)
    y, own = one_hot(batch.targets["t"], 3), []
    for m, rows in enumerate(([0, 1], [0, 2])):
        nig = model._heads(0)[m](model.encode(batch, "ab"[m]))
        wrong = functional.cross_entropy(
            nig.gamma, batch.targets["t"].clamp(min=0), reduction="none"
        )
        each = nig.nll(y).mean(1) + 0.01 * wrong * (nig.v + nig.a + 1 / nig.b).mean(1)
        own.append(each[rows].mean())
    assert float(output.losses["nig:t"]) == pytest.approx(2 * float(own[0] + own[1]), rel=1e-5)
    t = output.info["student"]["t"]
    assert float(output.losses["student:t"]) == pytest.approx(
        2 * float(t.nll(y).mean(1)[:3].mean()), rel=1e-5
    )
    assert torch.equal(output.logits["t"], t.loc)
    assert set(output.losses) == {"nig:t", "student:t", "hinge:t"}
    assert "hinge:t" not in _model()(batch).losses


def test_a_single_modality_is_taken_as_it_is() -> None:
    model, batch = _model().eval(), _batch()
    output = model(batch)
    for row, m in ((1, 0), (2, 1)):
        own = model._heads(0)[m](model.encode(batch, "ab"[m]))
        assert torch.allclose(output.logits["t"][row], own.gamma[row])
        assert torch.allclose(output.info["student"]["t"].scale2[row], own.student().scale2[row])
    assert torch.equal(output.logits["t"][3], model.nothing[0])


def test_a_batch_without_targets_is_scored() -> None:
    batch = _batch()
    bare = Batch("d", batch.inputs, batch.observed, {}, batch.rows)
    model = _model().eval()
    assert torch.equal(model(bare).logits["t"], model(batch).logits["t"])
    assert model(bare).losses == {}


def test_tasks_must_have_classes() -> None:
    encoders: dict[str, Encoder] = {
        one.name: MLPEncoder(one, MLPEncoderConfig()) for one in _problem().only.modalities
    }
    with pytest.raises(UsageError, match="task 't' is multilabel"):
        EyeMoSt(_problem("multilabel"), encoders, EyeMoStConfig())
