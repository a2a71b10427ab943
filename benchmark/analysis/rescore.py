"""Metrics that stored runs lack, computed from their stored predictions; nothing is trained.

A metric added to the suite later, or defined anew under a higher ``result_version``, would else be
missing from every table until all runs are trained again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark.analysis.values import SHOWN_PART, Asked, is_current
from benchmark.core.problem import TaskKind
from benchmark.core.result import USUAL, Pick
from benchmark.manifest.expand import Expansion
from benchmark.metrics import METRICS, MetricInfo

if TYPE_CHECKING:
    from pandas import DataFrame

Read = Callable[[str], "DataFrame | None"]


def completed_view(view: DataFrame, expansions: Iterable[Expansion], read: Read) -> DataFrame:
    """Return the view with rows for metrics that cells ask for and ``ok`` runs lack.

    Args:
        view: Of ``benchmark.store.view.load_view``.
        expansions: Tables whose cells ask.
        read: Predictions of a run, e.g. ``RunStore.read_predictions``; None if there are none.
    """
    import pandas as pd

    lacking = _lacking(view, expansions)
    rows = [row for name, asked in lacking.items() for row in _rescored(name, asked, read)]
    if not rows:
        return view
    facts = view.drop_duplicates("fingerprint").set_index("fingerprint")
    usual = {"part": SHOWN_PART}
    whole = [{**facts.loc[row["fingerprint"]].to_dict(), **usual, **row} for row in rows]
    return pd.concat([view, pd.DataFrame(whole, columns=view.columns).astype(view.dtypes)])


def _lacking(view: DataFrame, expansions: Iterable[Expansion]) -> dict[str, list[Asked]]:
    """Return what cells ask for and ``ok`` runs do not have, by run."""
    finished = set(view.loc[view["status"] == "ok", "fingerprint"])
    current = view[is_current(view)]
    have = set(
        zip(
            current["fingerprint"],
            current["dataset"],
            current["task"],
            current["metric"],
            map(Pick._make, zip(*(current[name] for name in Pick._fields), strict=True)),
            strict=True,
        )
    )
    lacking: dict[str, list[Asked]] = {}
    for asked in _asked(expansions):
        if asked.fingerprint in finished and asked not in have and _can_be_scored(asked):
            lacking.setdefault(asked.fingerprint, []).append(asked)
    return lacking


def _asked(expansions: Iterable[Expansion]) -> Iterator[Asked]:
    for expansion in expansions:
        metrics = {column.key: column.metric for column in expansion.manifest.table_columns()}
        for (_, column), cell in expansion.cells.items():
            for fingerprint, dataset, task, pick in cell:
                yield Asked(fingerprint, dataset, task, metrics[column], pick)


def _can_be_scored(asked: Asked) -> bool:
    """Tell whether predictions give a number: they are the model's own, on all samples."""
    return asked.metric in METRICS and asked.pick._replace(scenario=USUAL.scenario) == USUAL


def _rescored(fingerprint: str, asked: Iterable[Asked], read: Read) -> Iterator[dict[str, Any]]:
    predictions = read(fingerprint)
    if predictions is None:
        return
    for one in asked:
        rows = predictions[
            (predictions["part"] == SHOWN_PART)
            & (predictions["dataset"] == one.dataset)
            & (predictions["task"] == one.task)
        ]
        asked_for = {**one._asdict(), **one.pick._asdict()}
        del asked_for["pick"]
        yield {**asked_for, **_score(one.metric, rows)}


def _score(metric: str, rows: DataFrame) -> dict[str, Any]:
    from benchmark.metrics.evaluate import evaluate, metric_info

    truth, score = _columns(rows, "y"), _columns(rows, "s")
    info = metric_info(metric)
    kind = _kind(info, truth.shape[1], score.shape[1])
    found = evaluate(metric, kind, _flat(truth), _flat(score))
    return {
        "value": np.nan if found.value is None else found.value,
        "reason": found.reason,
        "n": found.n,
        "n_pos": found.n_pos,
        "version": info.result_version,
    }


def _columns(rows: DataFrame, letter: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return the columns ``y0, y1, ...`` or ``s0, ...`` that this task has, (N, K)."""
    names = [name for name in rows.columns if name[:1] == letter and name[1:].isdecimal()]
    used = [name for name in names if name == f"{letter}0" or rows[name].notna().any()]
    return rows[used].to_numpy(dtype=np.float64)


def _flat(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return values[:, 0] if values.shape[1] == 1 else values


def _kind(info: MetricInfo, truths: int, scores: int) -> TaskKind:
    """Return the kind of task that predictions of this width and this metric belong to."""
    if "segmentation" in info.kinds:
        return "segmentation"
    if scores > 1:
        return "multilabel" if truths > 1 else "multiclass"
    if truths > 1:
        return "survival"
    return "binary" if "binary" in info.kinds else "regression"
