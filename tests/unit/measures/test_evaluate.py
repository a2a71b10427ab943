"""Runs that look at trained models: weights come back, scenarios change inputs, nothing leaks."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from benchmark.core.errors import DataError, StoreError, UsageError
from benchmark.core.result import Release
from benchmark.measures._base import Parent
from benchmark.training.execute import Outcome

Train = Callable[..., Any]


def _value(done: Outcome, metric: str = "acc", part: str = "test", **where: str) -> float:
    rows = [
        row
        for row in done.rows
        if (row.metric, row.part) == (metric, part)
        and all(getattr(row, name) == value for name, value in where.items())
    ]
    assert len(rows) == 1, (metric, part, where, len(rows))
    assert rows[0].value is not None
    return rows[0].value


def test_without_a_change_the_model_scores_as_after_training(train: Train) -> None:
    trained = train()
    done = trained.look(trained.child())
    assert done.rows == trained.outcome.rows
    pd.testing.assert_frame_equal(done.predictions, trained.outcome.predictions, check_exact=True)
    assert done.releases == trained.outcome.releases
    assert done.weights is None


def test_a_dropped_modality_takes_away_what_only_it_has(train: Train) -> None:
    trained = train()
    whole = _value(trained.outcome)
    without_a = trained.look(trained.child(change={"drop": ["a"]}))
    without_b = trained.look(trained.child(change={"drop": ["b"]}))
    assert {row.scenario for row in without_a.rows} == {"drop:a"}
    assert whole > 0.9
    assert _value(without_a) < 0.75
    assert _value(without_b) > 0.8


def test_dropping_is_what_a_batch_without_the_modality_gives(train: Train) -> None:
    """A model trained and scored on data that lacks b entirely sees the same test inputs."""
    trained = train(missing={"b": 0.3})
    done = trained.look(trained.child(change={"drop": ["a", "b"]}))
    assert done.predictions is not None
    test = done.predictions[done.predictions["part"] == "test"]
    # With nothing observed every sample gets the same score.
    assert test["s0"].nunique() == 1


def test_weights_that_are_gone_or_changed_are_told(train: Train) -> None:
    trained = train()
    parent: Parent = trained.parent
    with pytest.raises(DataError, match="are not those that were stored"):
        trained.look(trained.child(), [replace(parent, digest="0" * 64)])
    assert not parent.weights.exists(), "they would be found bad again by every run"
    with pytest.raises(StoreError, match="are gone") as found:
        trained.look(trained.child())
    assert "trained again" in found.value.hint


def test_weights_of_another_model_are_told(train: Train) -> None:
    trained, other = train(), train("late_fusion")
    wrong = replace(other.parent, spec=trained.spec)
    with pytest.raises(DataError, match="do not fit the model"):
        trained.look(trained.child(), [wrong])


def test_a_model_without_experts_is_told(train: Train) -> None:
    trained = train("early_fusion")
    with pytest.raises(UsageError, match="early_fusion has no experts"):
        trained.look(trained.child("experts"))


def test_ids_of_credentialed_releases_are_hidden(
    train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    from benchmark.datasets.planted import Planted

    trained = train()
    plain = trained.look(trained.child("experts")).samples
    secret = Release(
        **{
            **trained.outcome.releases["planted"].model_dump(),
            "credentialed": True,
        }
    )
    build = Planted.__init__

    def closed(self: Any, config: Any, context: Any) -> None:
        build(self, config, context)
        self.release = secret

    monkeypatch.setattr(Planted, "__init__", closed)
    monkeypatch.setattr("benchmark.training.data._datasets", OrderedDict())
    hidden = trained.look(trained.child("experts")).samples
    scored = trained.look(trained.child()).predictions
    for frame in (hidden, scored):
        assert not set(frame["sample_id"]) & set(plain["sample_id"])
        assert frame["sample_id"].str.fullmatch("[0-9a-f]{20}").all()
    assert set(hidden["sample_id"]) <= set(scored["sample_id"]), "equal ids get equal names"
    again = trained.look(trained.child("experts")).samples
    assert list(again["sample_id"]) == list(hidden["sample_id"])
