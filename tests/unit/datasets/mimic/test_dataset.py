"""The dataset of MIMIC-IV stays: counts of the demo, leaks, forms of the series, resuming."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from benchmark.core.errors import DataError
from benchmark.core.paths import Paths
from benchmark.core.spec import SplitSpec
from benchmark.datasets import _csv_stream
from benchmark.datasets._base import DataContext
from benchmark.datasets.icu import extract as extraction
from benchmark.datasets.mimic import measures
from benchmark.datasets.mimic.config import MIMICConfig
from benchmark.datasets.mimic.dataset import MIMICICU
from benchmark.datasets.mimic.phenotypes import PHENOTYPES
from benchmark.splits import make_split

DEMO = "mimic-iv-clinical-database-demo-2.2"


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> DataContext:
    data = Path(os.environ.get("MMBENCH_DATA", "no folder"))
    if not (data / DEMO).is_dir():
        pytest.skip(f"MMBENCH_DATA names no folder with {DEMO}")
    return DataContext(Paths(cache=tmp_path_factory.mktemp("cache"), data=data))


@pytest.fixture(scope="module")
def demo(context: DataContext) -> MIMICICU:
    return MIMICICU(MIMICConfig(cohort="fusemoe"), context)


def steps(config: MIMICConfig, context: DataContext) -> dict[str, int]:
    return {one.name: one.kept for one in MIMICICU.attrition(config, context)}


def test_the_demo_has_the_published_counts(context: DataContext, demo: MIMICICU) -> None:
    assert (demo.release.source, demo.release.version) == ("partial", "demo 2.2")
    assert not demo.release.credentialed
    assert "no notes, no X-rays" in demo.release.cohort
    stays = pl.read_parquet(next((context.paths.cache / "data/prepared").glob("mimic-*/stays.*")))
    assert (len(stays), stays["hadm_id"].n_unique()) == (140, 128)
    assert stays.filter(pl.col("minutes") >= 48 * 60)["hospital_expire_flag"].sum() == 12
    samples = demo.samples
    assert (len(samples), samples["target:ihm"].sum()) == (74, 12)
    assert samples["observed:series"].all()
    assert not samples[["observed:note", "observed:xray"]].to_numpy().any()
    assert not ((samples["target:ihm"] == 1) & (samples["target:los"] == 1)).any()
    labels = samples[[f"target:pheno:{name}" for name in PHENOTYPES]]
    assert labels.shape[1] == 25
    assert (labels.sum() >= 1).all()
    found = steps(demo.config, context)
    assert found["stays in intensive care"] == 140
    assert found["stay of at least 48 h"] == found["an event in the window"] == 74
    assert found["chartevents: rows of the channels"] == 76_195


def test_the_demo_in_other_cohorts(context: DataContext, demo: MIMICICU) -> None:
    first = MIMICICU(MIMICConfig(), context)
    assert (len(first.samples), first.samples["target:ihm"].sum()) == (66, 11)
    assert set(first.samples["sample_id"]) < set(demo.samples["sample_id"])
    with pytest.raises(DataError, match=r"no stay is left after: .* note in the window"):
        MIMICICU(MIMICConfig(cohort="fusemoe_complete"), context)


def test_no_patient_is_in_two_parts_unless_stays_are_asked_for(
    context: DataContext, demo: MIMICICU
) -> None:
    def shared(dataset: MIMICICU) -> int:
        split = SplitSpec(kind="ratio", stratify="ihm")
        parts = make_split(dataset.samples, split, dataset.component.tasks)
        of = [{patients[dataset.samples["sample_id"][row]] for row in rows} for rows in
              (parts.train, parts.val, parts.test)]  # fmt: skip
        return len(of[0] & of[1]) + len(of[0] & of[2]) + len(of[1] & of[2])

    patients = dict(zip(demo.samples["sample_id"], demo.samples["group_id"], strict=True))
    assert shared(demo) == 0
    released = MIMICICU(MIMICConfig(cohort="fusemoe", grouping="stay"), context)
    assert shared(released) > 0
    assert "stays of a patient lie in several parts" in released.release.cohort


def test_nothing_outside_the_window_is_read(context: DataContext, demo: MIMICICU) -> None:
    series, names = demo.data.series["series"]
    assert series.values is not None
    assert 0 <= series.minutes.min() <= series.minutes.max() < 48 * 60
    assert np.isfinite(series.values).all()
    assert len(names) == 31
    assert np.bincount(series.kinds, minlength=31).min() > 0  # vancomycin too
    whole = MIMICICU(MIMICConfig(cohort="fusemoe", shorter="keep", window_hours=240), context)
    assert [task.name for task in whole.component.tasks] == ["pheno"]
    assert len(whole.samples) == 140
    stays = pl.read_parquet(next((context.paths.cache / "data/prepared").glob("mimic-*/stays.*")))
    length = dict(stays.select(pl.col("stay_id").cast(pl.String), "minutes").iter_rows())
    events, _ = whole.data.series["series"]
    for row, stay in enumerate(whole.samples["sample_id"]):
        last = events.minutes[events.offsets[row] : events.offsets[row + 1]]
        assert len(last) == 0 or last.max() <= min(length[stay] + 1e-3, 240 * 60)


def test_codes_are_those_of_earlier_admissions(context: DataContext, demo: MIMICICU) -> None:
    root = context.paths.data
    assert root is not None
    admissions = pl.read_csv(root / DEMO / "hosp/admissions.csv.gz", try_parse_dates=True)
    stays = pl.read_csv(root / DEMO / "icu/icustays.csv.gz", try_parse_dates=True)
    codes = pl.read_csv(root / DEMO / "hosp/diagnoses_icd.csv.gz", infer_schema=False)
    found, _ = demo.data.codes["diagnosis"]
    now = MIMICICU(MIMICConfig(cohort="fusemoe", codes="admission"), context)
    assert [task.name for task in now.component.tasks] == ["ihm", "los"]
    own, _ = now.data.codes["diagnosis"]
    for row, stay in enumerate(demo.samples["sample_id"]):
        begun = stays.filter(pl.col("stay_id") == int(stay)).row(0, named=True)
        earlier = admissions.filter(
            (pl.col("subject_id") == begun["subject_id"])
            & (pl.col("dischtime") <= begun["intime"])
        )["hadm_id"].to_list()  # fmt: skip
        hadm = codes["hadm_id"].cast(pl.Int64)
        assert found.counts[row] == hadm.is_in(earlier).sum()
        assert own.counts[row] == (hadm == begun["hadm_id"]).sum()


@pytest.mark.parametrize(
    ("options", "shape"),
    [
        ({}, (48, 62)),
        ({"imputation": "fusemoe"}, (48, 62)),
        ({"imputation": "flame_asrun"}, (48, 62)),
        ({"channels": "fusemoe30_asrun", "measured_time": "charttime"}, (48, 60)),
        ({"channels": "mimic3_17"}, (48, 34)),
        ({"channels": "mimic3_17", "imputation": "mimic3"}, (48, 59)),
        ({"series_form": "irregular", "series_steps": 80, "repeats": "first"}, (80, 31)),
    ],
)
def test_forms_of_the_series(
    context: DataContext, options: dict[str, Any], shape: tuple[int, int]
) -> None:
    found = MIMICICU(MIMICConfig(cohort="fusemoe", **options), context)
    train, rows = np.arange(50), np.arange(50, 74)
    tensors = found.tensors_of(rows, found.fit(train), ["series"])["series"]
    assert tuple(tensors.values.shape) == (24, *shape)
    assert found.modality("series") == found.component.modality("series")
    assert bool(tensors.values.isfinite().all())
    if found.config.series_form == "irregular":
        assert tensors.times is not None
        assert float(tensors.times.max()) < 48
    # Fitted on training rows: other rows change nothing.
    before = found.tensors_of(train, found.fit(train), ["series"])["series"].values
    found.overwrite(rows, lambda size: np.full(size, 1e6), "series")
    after = found.tensors_of(train, found.fit(train), ["series"])["series"].values
    assert bool((before == after).all())


def test_which_of_repeated_values_is_taken(context: DataContext) -> None:
    last, first = (
        MIMICICU(MIMICConfig(channels="mimic3_17", cohort="fusemoe", repeats=which), context)
        for which in ("last", "first")
    )
    rows = np.arange(len(last.samples))
    grids = [one._grid("series", rows) for one in (last, first)]
    np.testing.assert_array_equal(np.isfinite(grids[0]), np.isfinite(grids[1]))
    assert (np.nan_to_num(grids[0]) != np.nan_to_num(grids[1])).sum() > 0
    assert len(first.data.series["series"][0].minutes) < len(last.data.series["series"][0].minutes)


def test_preparation_goes_on_after_a_kill(
    tmp_path: Path, context: DataContext, demo: MIMICICU, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(Exception):
        pass

    stream = _csv_stream.stream_csv
    starts: dict[str, list[int]] = {}

    def small(path: Path, *given: Any, start: int = 0, **named: Any) -> Any:
        starts.setdefault(path.name, []).append(start)
        yield from stream(path, *given, start=start, piece_bytes=2**19, **named)

    def killed(what: str, done: int, total: int) -> None:
        if "labevents" in what and done > 30_000:
            raise Killed

    monkeypatch.setattr(extraction, "stream_csv", small)
    monkeypatch.setattr(measures, "extract", partial(extraction.extract, part_bytes=1))
    again = DataContext(Paths(cache=tmp_path, data=context.paths.data))
    with pytest.raises(Killed):
        MIMICICU.prepare(demo.config, again, progress=killed)
    assert not MIMICICU.is_prepared(demo.config, again)
    found = MIMICICU(demo.config, again)
    assert starts["chartevents.csv.gz"] == [0]  # finished before the kill: not read again
    assert len(starts["labevents.csv.gz"]) == 2
    assert starts["labevents.csv.gz"][1] > 0
    mine, whole = found.data.series["series"][0], demo.data.series["series"][0]
    np.testing.assert_array_equal(mine.minutes, whole.minutes)
    np.testing.assert_array_equal(mine.values, whole.values)
    assert MIMICICU.attrition(demo.config, again) == MIMICICU.attrition(demo.config, context)
