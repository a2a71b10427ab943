"""Test metrics of runs, picked out of the view by what a cell asks for."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, NamedTuple

from benchmark.metrics import METRICS

if TYPE_CHECKING:
    from pandas import DataFrame, Series


class Asked(NamedTuple):
    """Which number of which run."""

    fingerprint: str
    dataset: str
    task: str
    metric: str


class Found(NamedTuple):
    """The number, or why it does not exist."""

    value: float | None
    reason: str


#: The rows of a result that tables show; other stages, scenarios and heads have their own tables.
SHOWN = {
    "part": "test",
    "stage": "final",
    "scenario": "clean",
    "subgroup": "all",
    "head": "main",
}


def shown_values(view: DataFrame, fingerprints: Collection[str]) -> dict[Asked, Found]:
    """Return the test metrics of runs that ended ``ok``.

    Args:
        view: Of ``benchmark.store.view.load_view``.
        fingerprints: Runs of interest.
    """
    rows = view[view["fingerprint"].isin(list(fingerprints)) & (view["status"] == "ok")]
    rows = rows[is_current(rows)]
    for column, wanted in SHOWN.items():
        rows = rows[rows[column] == wanted]
    keys = zip(rows["fingerprint"], rows["dataset"], rows["task"], rows["metric"], strict=True)
    found = zip(rows["value"], rows["value"].notna(), rows["reason"], strict=True)
    return {
        Asked(*key): Found(float(value) if exists else None, reason)
        for key, (value, exists, reason) in zip(keys, found, strict=True)
    }


def is_current(view: DataFrame) -> Series[bool]:
    """Tell row by row whether the metric was computed by the definition that holds now."""
    versions = {name: METRICS.entry(name).result_version for name in METRICS}
    now = view["metric"].map(versions).fillna(view["version"])
    return now == view["version"]
