"""Grading and segmentation trained together, scored, stored and scored again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmark.analysis.rescore import _score
from benchmark.core.paths import Paths
from benchmark.core.spec import ComponentSpec, Ref, RunSpec, SplitSpec
from benchmark.datasets import DATASETS
from benchmark.datasets._base import DataContext
from benchmark.training.execute import ExecutionContext, Outcome, execute

pytest.importorskip("PIL")
OPTIONS = {"image_size": 32, "synthetic_size": 30}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Cache with the generated release."""
    return tmp_path_factory.mktemp("gamma")


def _run(cache: Path, model: Ref, strategy: Ref, **fields: Any) -> Outcome:
    paths = Paths(cache=cache)
    config = DATASETS.config("gamma").parse(OPTIONS)
    component = ComponentSpec(
        dataset="gamma",
        loader=Ref(name="gamma", config=config.model_dump(mode="json")),
        modalities=("fundus", "oct"),
        tasks=("grade", "seg"),
        data=DATASETS.load("gamma").probe(config, DataContext(paths)).fingerprint,
    )
    spec = RunSpec(
        components=(component,),
        model=model,
        strategy=strategy,
        split=SplitSpec(folds=5, stratify="grade", seed=42),
        **fields,
    )
    return execute(spec, ExecutionContext(paths, "auto", "cpu", None, lambda event, facts: None))


def _values(outcome: Outcome) -> dict[tuple[str, str], float | None]:
    return {(row.task, row.metric): row.value for row in outcome.rows if row.part == "test"}


def test_both_tasks_are_trained_together(cache: Path) -> None:
    encoder = Ref(name="small_cnn", config={"width": 16})
    outcome = _run(
        cache,
        Ref(name="eyestar", config={"dense": "fundus"}),
        Ref(
            name="plain",
            config={
                "epochs": 18,
                "batch_size": 8,
                "optimizer": {"lr": 1e-2},
                "selection": {"metric": "dice_nested"},
            },
        ),
        encoders={"fundus": encoder, "oct": encoder},
        losses={"grade": Ref(name="cross_entropy"), "seg": Ref(name="dice_ce")},
    )
    values = _values(outcome)
    assert values["seg", "dice_nested"] is not None
    assert values["seg", "dice_nested"] > 0.4
    assert ("grade", "dice_nested") not in values
    assert ("seg", "acc") not in values
    history = outcome.info["history"]["val"]
    assert max(history) > history[0]
    _check_predictions(outcome)


def test_the_prior_predicts_the_most_frequent_class_of_each_pixel(cache: Path) -> None:
    outcome = _run(cache, Ref(name="prior"), Ref(name="fit"))
    values = _values(outcome)
    assert values["seg", "dice_macro"] is not None
    assert values["seg", "dice_macro"] < 0.5
    _check_predictions(outcome)


def _check_predictions(outcome: Outcome) -> None:
    """What is stored are counts of pixels, from which the metrics come out again."""
    stored = outcome.predictions
    mine = stored[(stored["task"] == "seg") & (stored["part"] == "test")]
    assert len(mine) == 6
    counts = mine[["y0", "y1", "y2"]].to_numpy()
    np.testing.assert_array_equal(counts.sum(axis=1), 32 * 32)
    pairs = mine[[f"s{k}" for k in range(9)]].to_numpy()
    np.testing.assert_array_equal(pairs.reshape(-1, 3, 3).sum(axis=2), counts)
    for metric in ("dice_macro", "dice_nested"):
        again = _score(metric, mine)
        assert again["value"] == pytest.approx(_values(outcome)["seg", metric])
        assert again["n"] == 6
