"""Analyses of mixtures: against numbers worked out by hand, and on a planted signal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from benchmark.core.problem import Component, Modality, Task
from benchmark.losses import LOSSES
from benchmark.measures import experts as module
from benchmark.measures.config import ExpertAgreementConfig
from benchmark.measures.experts import Seen, expert_agreement
from benchmark.metrics.evaluate import evaluate

Train = Callable[..., Any]


def test_the_expert_of_the_informative_modality_is_as_good_as_the_mixture(train: Train) -> None:
    trained = train()
    done = trained.look(trained.child("experts"))
    acc = {row.head: row.value for row in done.rows if (row.part, row.metric) == ("test", "acc")}
    assert set(acc) == {"main", "expert:a", "expert:b"}
    own = [r for r in trained.outcome.rows if (r.part, r.metric) == ("test", "acc")]
    assert acc["main"] == own[0].value
    assert acc["expert:a"] > 0.9
    assert acc["expert:b"] < 0.75
    weights = {
        r.head: r.value for r in done.rows if (r.part, r.metric) == ("test", "expert_weight")
    }
    assert sum(weights.values()) == pytest.approx(1)


def test_samples_hold_what_the_numbers_are_made_of(train: Train) -> None:
    trained = train()
    done = trained.look(trained.child("experts"))
    samples = done.samples
    assert set(samples["part"]) == {"test"}
    predictions = trained.outcome.predictions
    test = predictions[predictions["part"] == "test"]
    assert list(samples["sample_id"]) == list(test["sample_id"])
    weights = samples[["weight:a", "weight:b"]].to_numpy()
    np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-6)
    for c in range(2):
        mixed = sum(samples[f"weight:{e}"] * samples[f"logit:{e}:{c}"] for e in "ab")
        np.testing.assert_allclose(mixed, samples[f"mixture:{c}"], rtol=1e-4, atol=1e-5)
    score = torch.tensor(samples[["logit:a:0", "logit:a:1"]].to_numpy()).softmax(1)[:, 1].numpy()
    expected = evaluate("auroc_binary", "binary", samples["y0"].to_numpy(), score).value
    row = next(
        r for r in done.rows if (r.part, r.metric, r.head) == ("test", "auroc_binary", "expert:a")
    )
    assert row.value == pytest.approx(expected)
    mean = next(
        r for r in done.rows if (r.part, r.metric, r.head) == ("test", "expert_weight", "expert:b")
    )
    assert mean.value == pytest.approx(samples["weight:b"].mean())


def test_agreement_is_counted_on_the_models_own_samples(train: Train) -> None:
    trained = train()
    done = trained.look(trained.child("expert_agreement"))
    shares = {row.subgroup: row.value for row in done.rows if row.part == "test"}
    assert set(shares) == {"agree_correct", "agree_wrong", "disagree_correct", "disagree_wrong"}
    assert sum(shares.values()) == pytest.approx(1)
    own = next(r for r in trained.outcome.rows if (r.part, r.metric) == ("test", "acc"))
    assert shares["agree_correct"] + shares["disagree_correct"] == pytest.approx(own.value)
    samples = done.samples
    assert (samples["agree"] & samples["correct"]).mean() == pytest.approx(shares["agree_correct"])


class _Data:
    """Stands for the rows of a run."""

    def __init__(self, task: Task, targets: np.ndarray) -> None:  # type: ignore[type-arg]
        self.component = Component(
            dataset="toy",
            modalities=(Modality(name="x", kind="vector", shape=(1,)),),
            tasks=(task,),
        )
        self._targets = targets

    def targets(self, part: str) -> dict[str, np.ndarray]:  # type: ignore[type-arg]
        return {"t": self._targets}

    def stored_ids(self, part: str) -> dict[str, list[str]]:
        names = [str(i) for i in range(len(self._targets))]
        return {"sample_id": names, "group_id": names}


BINARY = Task(name="t", kind="binary", classes=("no", "yes"))
#: Task, loss, logits of two experts (E, N, C), of the mixture (N, C), truth; then the four shares
#: agree/correct, agree/wrong, disagree/correct, disagree/wrong worked out by hand.
CASES = {
    "multiclass": (
        Task(name="t", kind="multiclass", classes=("x", "y", "z")),
        "cross_entropy",
        [
            [[5, 0, 0], [0, 5, 0], [0, 0, 5], [5, 0, 0]],
            [[2, 1, 0], [0, 1, 2], [0, 1, 2], [5, 0, 0]],
        ],
        [[9, 0, 0], [0, 9, 0], [0, 9, 0], [9, 0, 0]],
        [0, 1, 2, np.nan],
        (1 / 3, 1 / 3, 1 / 3, 0),
    ),
    "binary, one logit": (
        BINARY,
        "bce",
        [[[1], [-1], [0], [2]], [[2], [1], [3], [-2]]],
        [[1], [-1], [-3], [4]],
        [1, 1, 1, 1],
        (1 / 4, 1 / 4, 1 / 4, 1 / 4),
    ),
    "multilabel": (
        Task(name="t", kind="multilabel", classes=("u", "v")),
        "bce",
        [[[1, -1], [1, 1]], [[2, -2], [1, -1]]],
        [[3, -3], [3, -3]],
        [[1, 0], [1, 1]],
        (1 / 2, 0, 0, 1 / 2),
    ),
    "regression, by sign": (
        Task(name="t", kind="regression"),
        "mse",
        [[[0.5], [-0.5], [0.1]], [[2.0], [-1.0], [-0.1]]],
        [[1.0], [-1.0], [-0.2]],
        [3.0, 0.0, 2.0],
        (2 / 3, 0, 0, 1 / 3),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_agreement_by_hand(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    task, loss, said, mixture, truth, shares = CASES[case]
    made = LOSSES.load(loss)(task, LOSSES.config(loss).parse({}), np.zeros(0))
    seen = Seen(("a", "b"), torch.tensor(mixture).float(), torch.tensor(said).float(), None)
    monkeypatch.setattr(module, "_see", lambda trained, part: {"t": seen})
    trained = module.Trained(
        spec=None,  # type: ignore[arg-type]
        model=None,  # type: ignore[arg-type]
        losses={"t": made},
        data=_Data(task, np.array(truth, dtype=float)),  # type: ignore[arg-type]
        device="cpu",
        batch_size=4,
    )
    found = expert_agreement(trained, ExpertAgreementConfig())
    names = ("agree_correct", "agree_wrong", "disagree_correct", "disagree_wrong")
    values = {row.subgroup: row.value for row in found.rows if row.part == "test"}
    assert [values[name] for name in names] == pytest.approx(list(shares))
