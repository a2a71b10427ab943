"""APACHE tables of eICU: the first day's worst values, chronic conditions, and its prediction."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from benchmark.datasets.eicu.config import APACHE_APS, APACHE_PRED
from benchmark.datasets.eicu.tables import STAY, table_file, whole_table
from benchmark.datasets.icu.leaks import refuse_outcomes

_UNKNOWN = -1.0
_PREDICTED = "predictedhospitalmortality"


def read_apache(root: Path, stays: list[int]) -> dict[str, pl.DataFrame]:
    """Return ``stay`` and facts by modality; a modality whose tables are missing is left out.

    Args:
        root: Folder of the release.
        stays: Stays wanted.
    """
    found = {}
    sources = {"apacheApsVar": APACHE_APS, "apachePredVar": APACHE_PRED}
    if all(table_file(root, name) for name in sources):
        aps, pred = (_first_day(root, name, columns, stays) for name, columns in sources.items())
        found["apache"] = aps.join(pred, on="stay", how="full", coalesce=True)
    predicted = _prediction(root, stays)
    return found if predicted is None else {**found, "apache_prediction": predicted}


def _first_day(root: Path, name: str, columns: list[str], stays: list[int]) -> pl.DataFrame:
    """Return one row per stay; -1 means unknown."""
    refuse_outcomes(name, columns)
    path = table_file(root, name)
    assert path is not None
    types = {STAY: pl.Int64, **dict.fromkeys(columns, pl.Float64)}
    table = whole_table(path, types)
    known = table.filter(pl.col(STAY).is_in(stays)).unique(STAY, keep="first", maintain_order=True)
    values = [
        pl.when(pl.col(one) != _UNKNOWN).then(pl.col(one)).alias(f"{name}_{one}") for one in columns
    ]
    return known.select(pl.col(STAY).alias("stay"), *values)


def _prediction(root: Path, stays: list[int]) -> pl.DataFrame | None:
    """Return the hospital mortality that APACHE IVa predicts, the later of the two versions."""
    path = table_file(root, "apachePatientResult")
    if path is None:
        return None
    types = {STAY: pl.Int64, "apacheversion": pl.String, _PREDICTED: pl.Float64}
    refuse_outcomes("apachePatientResult", types)
    table = whole_table(path, types)
    version = pl.col("apacheversion") == "IVa"
    there = table.filter(pl.col(STAY).is_in(stays) & version & (pl.col(_PREDICTED) >= 0))
    once = there.unique(STAY, keep="first", maintain_order=True)
    return once.select(stay=pl.col(STAY), predicted=pl.col(_PREDICTED))
