"""Time from past runs."""

from __future__ import annotations

import pandas as pd
import pytest

from benchmark.core.spec import ComponentSpec, Ref, RunSpec, SplitSpec
from benchmark.manifest.estimate import Estimate, duration, estimate, past_seconds, seconds_of


def _spec(model: str, dataset: str = "toy") -> RunSpec:
    part = ComponentSpec(
        dataset=dataset, loader=Ref(name="toy"), modalities=("x",), tasks=("yes",), data="d"
    )
    return RunSpec(
        components=(part,), model=Ref(name=model), strategy=Ref(name="plain"), split=SplitSpec()
    )


def test_medians_by_model_and_dataset() -> None:
    view = pd.DataFrame(
        {
            "fingerprint": ["a", "a", "b", "c", "d", "e"],
            "status": ["ok", "ok", "ok", "ok", "ok", "diverged"],
            "kind": ["train"] * 6,
            "model": ["m", "m", "m", "m", "n", "m"],
            "dataset": ["toy", "toy", "toy", "toy", "wdbc", "toy"],
            "seconds_total": [1.0, 1.0, 2.0, 9.0, 4.0, 99.0],
        }
    )
    past = past_seconds(view)
    assert past == {("train", "m", "toy"): 2.0, ("train", "n", "wdbc"): 4.0}
    assert seconds_of(_spec("m"), past) == 2.0
    assert seconds_of(_spec("n"), past) is None
    assert past_seconds(view.iloc[:0]) == {}


def test_wall_time_of_several_jobs() -> None:
    past = {("train", "quick", "toy"): 10.0, ("train", "slow", "toy"): 100.0}
    runs = [_spec("quick")] * 20
    assert estimate(runs, past, jobs=4) == Estimate(seconds=50.0, unknown=0)
    assert estimate([*runs, _spec("slow")], past, jobs=4) == Estimate(100.0, 0)
    assert estimate([*runs, _spec("new")], past, jobs=1) == Estimate(200.0, 1)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (Estimate(90.0, 0), "about 1 min 30 s"),
        (Estimate(0.0, 1), "unknown (1 run without a past to judge by)"),
        (Estimate(90.0, 2), "at least 1 min 30 s (2 runs without a past to judge by)"),
    ],
)
def test_estimates_as_text(given: Estimate, text: str) -> None:
    assert str(given) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "1 s"),
        (59.4, "59 s"),
        (60.0, "1 min"),
        (7500.0, "2 h 5 min"),
        (3600.0, "1 h"),
        (4 * 3600 + 3 * 86400.0, "3 d 4 h"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text
