"""Test metrics of runs, picked out of the view by what a cell asks for."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, NamedTuple

from benchmark.core.result import USUAL, Pick
from benchmark.metrics import METRICS

if TYPE_CHECKING:
    from pandas import DataFrame, Series


class Asked(NamedTuple):
    """Which number of which run."""

    fingerprint: str
    dataset: str
    task: str
    metric: str
    pick: Pick = USUAL


class Found(NamedTuple):
    """The number, or why it does not exist."""

    value: float | None
    reason: str


#: The part of the data that tables show.
SHOWN_PART = "test"


def shown_values(
    view: DataFrame, fingerprints: Collection[str], picks: Collection[Pick] = (USUAL,)
) -> dict[Asked, Found]:
    """Return the test metrics of runs that ended ``ok``.

    Args:
        view: Of ``benchmark.store.view.load_view``.
        fingerprints: Runs of interest.
        picks: Which stages, scenarios, subgroups and heads are of interest.
    """
    rows = view[view["fingerprint"].isin(list(fingerprints)) & (view["status"] == "ok")]
    rows = rows[is_current(rows) & (rows["part"] == SHOWN_PART)]
    found: dict[Asked, Found] = {}
    for pick in dict.fromkeys(picks):
        mine = rows
        for column, wanted in pick._asdict().items():
            mine = mine[mine[column] == wanted]
        keys = zip(mine["fingerprint"], mine["dataset"], mine["task"], mine["metric"], strict=True)
        values = zip(mine["value"], mine["value"].notna(), mine["reason"], strict=True)
        for key, (value, exists, reason) in zip(keys, values, strict=True):
            found[Asked(*key, pick)] = Found(float(value) if exists else None, reason)
    return found


def is_current(view: DataFrame) -> Series[bool]:
    """Tell row by row whether the metric was computed by the definition that holds now."""
    versions = {name: METRICS.entry(name).result_version for name in METRICS}
    now = view["metric"].map(versions).fillna(view["version"])
    return now == view["version"]
