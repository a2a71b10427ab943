"""Figures of experts: what is drawn where, from made-up findings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmark.core.problem import Task
from benchmark.render.figures import FIGURES
from benchmark.render.figures.canvas import rendered, styled
from benchmark.render.figures.seen import Seen

EXPERTS = ("uniqueness:image", "uniqueness:genomic", "synergy", "redundancy")
TASK = Task(name="label", kind="multiclass", classes=("healthy", "mild", "ill"))


@pytest.fixture(autouse=True)
def _style() -> Iterator[None]:
    with styled():
        yield


def _samples(rows: int = 40, runs: int = 2) -> pd.DataFrame:
    generator = np.random.default_rng(0)
    weights = generator.dirichlet([1, 2, 3, 1], rows * runs)
    frame = {
        "sample_id": [f"s{index}" for index in range(rows)] * runs,
        "task": "label",
        "run": np.repeat(range(runs), rows),
        "y0": 2.0,
    }
    for e, name in enumerate(EXPERTS):
        frame[f"weight:{name}"] = weights[:, e]
        for c in range(3):
            frame[f"logit:{name}:{c}"] = generator.normal(c - 1, 1, rows * runs)
    for c in range(3):
        parts = [frame[f"weight:{name}"] * frame[f"logit:{name}:{c}"] for name in EXPERTS]
        frame[f"mixture:{c}"] = np.sum(parts, axis=0)
    return pd.DataFrame(frame)


def _metrics() -> pd.DataFrame:
    scores = {"main": (0.9, 0.8)} | {
        f"expert:{name}": (0.5 + 0.1 * e, 0.6 + 0.1 * e) for e, name in enumerate(EXPERTS)
    }
    lines = [
        {"task": "label", "metric": metric, "subgroup": "all", "head": head, "value": value}
        for head, values in scores.items()
        for value in values
        for metric in ("acc", "f1_macro")
    ]
    return pd.DataFrame(lines)


def _seen(**fields: Any) -> Seen:
    usual = {
        "title": "i2moe/figures: I2MoE",
        "dataset": "adni",
        "task": TASK,
        "samples": _samples(),
        "metrics": _metrics(),
        "footer": ("adni: SYNTHETIC data; not comparable with printed numbers.",),
    }
    return Seen(**{**usual, **fields})


def _draw(name: str, seen: Seen, **settings: Any) -> list[Any]:
    return list(FIGURES.load(name)(seen, FIGURES.config(name).parse(settings)))


def _texts(figure: Any) -> str:
    return " ".join(text.get_text() for text in figure.texts).replace("\n", " ")


def test_a_violin_per_expert_in_the_models_order_with_its_mean() -> None:
    seen = _seen()
    (figure,) = _draw("expert_weights", seen)
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == list(EXPERTS)
    assert len(axes.collections) == len(EXPERTS)
    means = [line.get_ydata()[0] for line in axes.lines if line.get_linewidth() == 1.6]
    columns = [f"weight:{name}" for name in EXPERTS]
    assert means == pytest.approx(list(seen.samples[columns].mean()))
    assert "80 test samples of 2 runs" in _texts(figure)
    assert "SYNTHETIC" in _texts(figure)


def test_any_columns_make_violins_and_no_column_makes_none() -> None:
    (figure,) = _draw("violins", _seen(), prefix="logit:synergy:", label="Logit")
    labels = [one.get_text() for one in figure.axes[0].get_xticklabels()]
    assert labels == ["0", "1", "2"]
    assert _draw("violins", _seen(), prefix="share:", label="Share") == []


def test_equal_values_are_a_line_and_no_violin() -> None:
    samples = _samples().assign(**{f"weight:{EXPERTS[0]}": 0.25})
    (figure,) = _draw("expert_weights", _seen(samples=samples))
    assert len(figure.axes[0].collections) == len(EXPERTS) - 1


def test_bars_are_means_over_runs_and_the_line_is_the_model() -> None:
    (figure,) = _draw("expert_bars", _seen())
    axes = figure.axes[0]
    assert [bar.get_height() for bar in axes.patches] == pytest.approx([0.55, 0.65, 0.75, 0.85])
    line = next(one for one in axes.lines if one.get_label() == "the whole model")
    assert line.get_ydata()[0] == pytest.approx(0.85)
    spreads = [one.get_ydata() for one in axes.lines if one is not line]
    assert np.ptp(spreads[0]) == pytest.approx(2 * np.std([0.5, 0.6], ddof=1))
    assert axes.get_ylabel() == "ACC"
    assert _draw("expert_bars", _seen(), metric="f1_macro")[0].axes[0].get_ylabel() == "F1"


def test_bars_need_experts() -> None:
    metrics = _metrics()
    assert _draw("expert_bars", _seen(metrics=metrics[metrics["head"] == "main"])) == []


def test_one_sample_shows_logits_weights_and_their_products() -> None:
    seen = _seen()
    (figure,) = _draw("expert_sample", seen, position=3, output=1)
    row = seen.samples.iloc[3]
    heights = [[bar.get_height() for bar in axes.patches] for axes in figure.axes]
    assert heights[0] == pytest.approx([row[f"logit:{name}:1"] for name in EXPERTS])
    assert heights[1] == pytest.approx([row[f"weight:{name}"] for name in EXPERTS])
    assert sum(heights[2]) == pytest.approx(row["mixture:1"])
    text = _texts(figure)
    assert "Test sample s3 of one run, logits of class mild" in text
    assert "the truth is ill" in text


def test_the_class_shown_is_the_one_decided_for() -> None:
    samples = _samples()
    samples.loc[0, ["mixture:0", "mixture:1", "mixture:2"]] = [0.1, 0.0, 5.0]
    (figure,) = _draw("expert_sample", _seen(samples=samples))
    assert "logits of class ill; the model's own is 5.000" in _texts(figure)


def test_no_sample_of_credentialed_data_is_shown() -> None:
    assert _draw("expert_sample", _seen(credentialed=True)) == []
    assert len(_draw("expert_weights", _seen(credentialed=True))) == 1
    assert _draw("expert_sample", _seen(), position=40) == []


@pytest.mark.parametrize("name", ["expert_weights", "expert_bars", "expert_sample"])
def test_figures_repeat_to_the_byte(name: str) -> None:
    one, other = (rendered(_draw(name, _seen())[0], "svg") for _ in range(2))
    assert one == other
