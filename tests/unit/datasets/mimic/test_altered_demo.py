"""Copies of the open demo with something changed: broken tables, other outcomes, later events."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from benchmark.core.errors import DataError
from benchmark.core.paths import Paths
from benchmark.datasets._base import DataContext
from benchmark.datasets.mimic.config import MIMICConfig
from benchmark.datasets.mimic.dataset import MIMICICU
from benchmark.datasets.mimic.tables import TABLES, table_file

DEMO = "mimic-iv-clinical-database-demo-2.2"
CONFIG = MIMICConfig(cohort="fusemoe", channels="mimic3_17")
Copy = Callable[[dict[str, bytes]], DataContext]


@pytest.fixture
def demo() -> Path:
    data = Path(os.environ.get("MMBENCH_DATA", "no folder"))
    if not (data / DEMO).is_dir():
        pytest.skip(f"MMBENCH_DATA names no folder with {DEMO}")
    return data / DEMO


@pytest.fixture
def copy(demo: Path, tmp_path: Path) -> Copy:
    """Return ``copy(changed)``: the demo with some tables' files replaced."""

    def make(changed: dict[str, bytes]) -> DataContext:
        root = tmp_path / f"copy{len(list(tmp_path.iterdir()))}"
        for name, table in TABLES.items():
            path = root / table.folder / f"{name}.csv.gz"
            path.parent.mkdir(parents=True, exist_ok=True)
            if name in changed:
                path.write_bytes(changed[name])
            else:
                path.symlink_to(table_file(demo, name) or "")
        return DataContext(Paths(cache=tmp_path / "cache", releases={"mimic_icu": root}))

    return make


def read(demo: Path, name: str) -> pl.DataFrame:
    return pl.read_csv(table_file(demo, name) or "", infer_schema=False)


def packed(frame: pl.DataFrame) -> bytes:
    return gzip.compress(frame.write_csv().encode(), 1)


def test_tables_cut_short_are_refused_and_leave_nothing_behind(
    demo: Path, tmp_path: Path, copy: Copy
) -> None:
    content = (table_file(demo, "labevents") or Path()).read_bytes()
    with pytest.raises(DataError, match=r"labevents.csv.gz is truncated"):
        MIMICICU(CONFIG, copy({"labevents": content[:-5000]}))
    shorter = packed(read(demo, "labevents").head(-7))
    with pytest.raises(DataError, match=r"has 107,720 rows, but in MIMIC-IV demo 2.2 it has 107,7"):
        MIMICICU(CONFIG, copy({"labevents": shorter}))
    made = [one.name for one in (tmp_path / "cache/data/prepared").iterdir()]
    assert made
    assert all(name.endswith(".part") for name in made)


def test_outcomes_reach_no_input(demo: Path, copy: Copy) -> None:
    """The other way round in every column that tells of death: labels change, inputs do not."""
    admissions, patients = read(demo, "admissions"), read(demo, "patients")
    survived = pl.col("hospital_expire_flag") == "0"
    other = {
        "admissions": packed(
            admissions.with_columns(
                hospital_expire_flag=pl.when(survived).then(pl.lit("1")).otherwise(pl.lit("0")),
                deathtime=pl.lit(None, dtype=pl.String), discharge_location=pl.lit("DIED"),
            )
        ),
        "patients": packed(patients.with_columns(dod=pl.lit("2300-01-01"))),
    }  # fmt: skip
    first, second = (MIMICICU(CONFIG, copy(changed)) for changed in ({}, other))
    np.testing.assert_array_equal(first.samples["target:ihm"], 1 - second.samples["target:ihm"])
    rows = np.arange(len(first.samples))
    inputs = [one.tensors(rows, one.fit(rows[:50])) for one in (first, second)]
    for name, data in inputs[0].items():
        assert bool((data.values == inputs[1][name].values).all()), name


def test_what_comes_after_the_window_reaches_no_input(demo: Path, copy: Copy) -> None:
    """Values and codes after 48 hours are nonsense: nothing changes."""
    stays = read(demo, "icustays").select("stay_id", "subject_id", "intime")
    end = pl.col("intime").str.to_datetime() + pl.duration(hours=48)
    late = pl.col("charttime").str.to_datetime() >= end
    chart = (
        read(demo, "chartevents").with_row_index("at").join(stays.drop("subject_id"), on="stay_id")
    )
    nonsense = pl.when(late).then(pl.lit("77")).otherwise(pl.col("valuenum")).alias("valuenum")
    changed = chart.sort("at").with_columns(nonsense).drop("at", "intime")
    assert (changed["valuenum"] == "77").sum() > 10_000
    first, second = (
        MIMICICU(CONFIG, copy(tables)) for tables in ({}, {"chartevents": packed(changed)})
    )
    one, other = first.data.series["series"][0], second.data.series["series"][0]
    np.testing.assert_array_equal(one.minutes, other.minutes)
    np.testing.assert_array_equal(one.values, other.values)
