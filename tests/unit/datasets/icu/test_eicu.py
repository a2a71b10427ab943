"""eICU: cohorts and outcomes by hand, leaks, and the facts of the open demo."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score

from benchmark.core.errors import DataError, DataNotAvailable
from benchmark.core.paths import Paths
from benchmark.core.spec import SplitSpec
from benchmark.datasets._base import DataContext
from benchmark.datasets._csv_stream import stream_csv
from benchmark.datasets.eicu.apache import read_apache
from benchmark.datasets.eicu.cohort import choose, read_stays, targets, with_outcomes
from benchmark.datasets.eicu.config import APACHE_APS, APACHE_PRED, HOURLY_CHANNELS, EICUConfig
from benchmark.datasets.eicu.dataset import EICU
from benchmark.datasets.eicu.tables import NOTE, code_tables, series_tables, whole_table
from benchmark.datasets.icu.leaks import refuse_outcomes
from benchmark.splits import make_split

HOUR, DAY = 60, 1440
NO_CODES = np.zeros(4, dtype=np.int64)
DEMO = "eicu-collaborative-research-database-demo-2.0.1"


def stays(*rows: tuple[int, int, int, int, str, str, float]) -> pl.DataFrame:
    """Rows of stay, hospital stay, hospital admission offset, minutes, unit, hospital, age."""
    names = ("patientunitstayid", "patienthealthsystemstayid", "hospitaladmitoffset",
             "unitdischargeoffset", "unitdischargestatus", "hospitaldischargestatus",
             "years")  # fmt: skip
    return with_outcomes(pl.DataFrame(rows, schema=names, orient="row"))


def test_readmission_looks_within_the_hospital_stay() -> None:
    table = stays(
        (1, 10, 0, 2 * DAY, "Alive", "Alive", 50.0),  # next begins on day 14
        (2, 10, -14 * DAY, 1 * DAY, "Alive", "Alive", 50.0),  # next begins on day 44
        (3, 10, -44 * DAY, 1 * DAY, "Expired", "Expired", 50.0),  # the last one
        (4, 11, -1 * DAY, 1 * DAY, "Alive", "", 50.0),
    )
    assert table["again_15d"].to_list() == [True, False, False, False]
    assert table["again_30d"].to_list() == [True, True, False, False]
    found = targets(table, EICUConfig(readmission="discharge_30d"))
    np.testing.assert_array_equal(found["readmission"], [1, 1, np.nan, 0])
    zero = targets(table, EICUConfig(readmission_deaths="zero"))
    np.testing.assert_array_equal(zero["readmission"], [1, 0, 0, 0])
    np.testing.assert_array_equal(found["hospital_mortality"], [0, 0, 1, np.nan])
    np.testing.assert_array_equal(found["unit_mortality"], [0, 0, 1, 0])


def test_both_lengths_of_stay() -> None:
    table = stays(
        (1, 1, 0, 96 * HOUR - 1, "Alive", "Alive", 50.0),
        (2, 2, 0, 96 * HOUR, "Alive", "Alive", 50.0),
        (3, 3, 0, 50 * HOUR, "Expired", "Expired", 50.0),
        (4, 4, 0, 8 * DAY + 1, "Alive", "Alive", 50.0),
    )
    assert targets(table, EICUConfig())["los"].tolist() == [1, 0, 0, 0]
    assert targets(table, EICUConfig(los="long"))["los"].tolist() == [0, 0, 0, 1]


def test_cohorts_say_what_each_step_leaves() -> None:
    table = stays(
        (1, 1, 0, 24 * HOUR, "Alive", "Alive", 18.0),
        (2, 2, 0, 24 * HOUR - 1, "Alive", "Alive", 50.0),
        (3, 3, 0, 9 * DAY, "Alive", "Alive", 17.0),
        (4, 4, 0, 9 * DAY, "Alive", "Alive", 90.0),
    )
    taken, steps = choose(table, EICUConfig(), NO_CODES)
    assert taken["patientunitstayid"].to_list() == [1, 4]
    assert [(step.kept, step.dropped) for step in steps] == [(4, 0), (3, 1), (2, 1)]
    coded, _ = choose(table, EICUConfig(cohort="codes"), np.array([3, 2, 0, 9]))
    assert coded["patientunitstayid"].to_list() == [1]
    with pytest.raises(DataError, match="no stay is left after: unit stays, adults"):
        choose(table.filter(pl.col("years") < 18), EICUConfig(), NO_CODES)


def test_no_outcome_is_ever_an_input() -> None:
    for table in (NOTE, *series_tables(), *code_tables().values()):
        refuse_outcomes(table.name, table.columns)
    for name, columns in (("aps", APACHE_APS), ("pred", APACHE_PRED), ("hourly", HOURLY_CHANNELS)):
        refuse_outcomes(name, columns)
    for column in (
        "diedinhospital", "actualhospitalmortality", "actualiculos", "unabridgedunitlos",
        "hospitaldischargestatus", "unitDischargeOffset", "activeupondischarge", "var03hspxlos",
        "dischargelocation", "label", "deathtime", "dod", "outtime", "los", "hospital_expire_flag",
    ):  # fmt: skip
        with pytest.raises(DataError, match="tells the outcome"):
            refuse_outcomes("x", ["age", column])


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> DataContext:
    data = Path(os.environ.get("MMBENCH_DATA", "no folder"))
    if not (data / DEMO).is_dir():
        pytest.skip(f"MMBENCH_DATA names no folder with {DEMO}")
    return DataContext(Paths(cache=tmp_path_factory.mktemp("cache"), data=data))


@pytest.fixture(scope="module")
def demo(context: DataContext) -> EICU:
    return EICU(EICUConfig(series="hourly"), context)


def test_demo_has_the_published_counts(context: DataContext, demo: EICU) -> None:
    assert demo.release.source == "partial"
    assert context.paths.data is not None
    root = context.paths.data / DEMO
    rows = {"diagnosis": 24_978, "treatment": 38_290, "medication": 75_604, "note": 24_758,
            "vitalAperiodic": 274_088, "patient": 2_520}  # fmt: skip
    for name, known in rows.items():
        pieces = stream_csv(root / f"{name}.csv.gz", {"patientunitstayid": pl.Int64})
        assert sum(piece.rows for piece in pieces) == known, name
    everyone = EICU(EICUConfig(series="hourly", cohort="all"), context)
    prepared = next((context.paths.cache / "data" / "prepared").glob("eicu-*")) / "stays.parquet"
    table = pl.read_parquet(prepared)
    assert table["patienthealthsystemstayid"].n_unique() == 2_174
    assert table["uniquepid"].n_unique() == 1_841
    assert table["dead_hospital"].sum() == 212
    assert table["dead_hospital"].null_count() == 28
    assert table["dead_unit"].sum() == 126
    hourly = set(pl.read_parquet(root.parent / "eicu-demo-extra/hourly/sta.parquet")["stay_id"])
    there = table.filter(pl.col("patientunitstayid").is_in(list(hourly)))
    dead = there["dead_hospital"]
    assert (len(there), dead.sum(), dead.null_count()) == (2267, 184, 26)
    assert len(everyone.samples) == 2_512  # 8 minors or without age


def test_demo_has_the_facts_told_of_its_extra_tables(context: DataContext) -> None:
    assert context.paths.data is not None
    extra, root = context.paths.data / "eicu-demo-extra", context.paths.data / DEMO
    lab = whole_table(extra / "lab.csv.gz", {"patientunitstayid": pl.Int64})
    assert lab["patientunitstayid"].n_unique() == 169
    hours = pl.read_parquet(extra / "hourly/dyn.parquet", columns=["stay_id", "time"])
    last = hours.group_by("stay_id").agg(pl.col("time").max())["time"]
    assert (len(last), (last < timedelta(hours=24)).sum()) == (2267, 676)
    types = {"patientunitstayid": pl.Int64, "apacheversion": pl.String}
    results = whole_table(root / "apachePatientResult.csv.gz", types)
    versions = results.group_by("patientunitstayid").agg(pl.col("apacheversion").sort())
    assert {tuple(one) for one in versions["apacheversion"]} == {("IV", "IVa")}
    stays = read_stays(root)
    predicted = read_apache(root, stays["patientunitstayid"].to_list())["apache_prediction"]
    known = predicted.join(stays, left_on="stay", right_on="patientunitstayid").drop_nulls(
        "dead_hospital"
    )
    died, risk = known["dead_hospital"].to_numpy(), known["predicted"].to_numpy()
    assert (len(died), died.sum()) == (1683, 139)
    assert roc_auc_score(died, risk) == pytest.approx(0.862, abs=5e-4)


def test_demo_window_holds_nothing_later(demo: EICU) -> None:
    for events, _ in (*demo.data.series.values(), *demo.data.codes.values()):
        assert len(events.minutes) == 0 or 0 <= events.minutes.min() <= events.minutes.max() < 1440
    steps = EICU.attrition(demo.config, demo.context)
    assert [step.kept for step in steps[:3]] == [2520, 2512, 1623]
    assert demo.samples["observed:series"].sum() > 1500


def test_demo_patients_stay_in_one_part(demo: EICU) -> None:
    spec = SplitSpec(kind="kfold", folds=5, fold=1, stratify="hospital_mortality")
    parts = make_split(demo.samples, spec, demo.component.tasks)
    patients = [
        set(demo.samples["group_id"].iloc[rows]) for rows in (parts.train, parts.val, parts.test)
    ]
    assert not patients[0] & patients[1] | patients[0] & patients[2] | patients[1] & patients[2]
    assert sum(len(one) for one in patients) < len(demo.samples)  # some come more than once


def test_forms_of_the_series(context: DataContext, demo: EICU) -> None:
    train, rows = np.arange(300), np.arange(300, 340)
    grid = demo.tensors(rows, demo.fit(train))["series"].values
    assert tuple(grid.shape) == (40, 24, 96)
    other = EICU(EICUConfig(series="hourly", series_form="irregular", series_steps=30), context)
    series = other.tensors(rows, other.fit(train))["series"]
    assert tuple(series.values.shape) == (40, 30, 48)
    assert series.mask is not None
    assert series.times is not None
    assert series.lengths is not None
    assert float(series.times.max()) < 24
    assert bool((series.values[~series.mask] == 0).all())
    seen = other.observed(rows)[:, 0]
    np.testing.assert_array_equal(series.lengths.numpy() > 0, seen)


def test_without_the_hourly_export(tmp_path: Path, context: DataContext) -> None:
    assert context.paths.data is not None
    (tmp_path / DEMO).mkdir()
    for file in (context.paths.data / DEMO).glob("patient.csv.gz"):
        (tmp_path / DEMO / file.name).write_bytes(file.read_bytes())
    alone = DataContext(Paths(cache=tmp_path / "cache", data=tmp_path))
    with pytest.raises(DataNotAvailable, match="the hourly export of eICU is not here"):
        EICU(EICUConfig(series="hourly"), alone)
    found = EICU(EICUConfig(), alone)
    assert not found.samples["observed:series"].any()
    assert found.samples["observed:demographics"].all()


def test_windows_below_a_day_have_no_apache_modality(tmp_path: Path) -> None:
    names = {one.name for one in EICU.describe(EICUConfig(window_hours=23)).modalities}
    assert not names & {"apache", "apache_prediction"}
    made = DataContext(Paths(cache=tmp_path), source="synthetic")
    short = EICU(EICUConfig(window_hours=12, synthetic_size=30), made)
    rows = np.arange(len(short.samples))
    assert set(short.control_features(rows, short.fit(rows))) == names


def test_what_was_entered_after_the_window_is_not_known_in_it() -> None:
    rows = pl.DataFrame(
        {
            "patientunitstayid": [1, 1, 1],
            "drugorderoffset": [10, 2000, -5],
            "drugstartoffset": [20, 20, 1500],
            "drugname": ["A", "back-dated", "later"],
        }
    )
    found = code_tables()["medication"].events(1440, pl.Series([1]), rows)
    assert found.frame.rows() == [(1, 20, "a")]
    assert found.dropped == {
        "after the window": 1,
        "entered after the window, or not told when": 1,
    }
    assert NOTE.offset == "noteenteredoffset"


def test_tables_that_are_not_there_leave_a_modality_unobserved(
    tmp_path: Path, made: DataContext
) -> None:
    root = next((made.paths.cache / "data").rglob("patient.csv.gz")).parent
    for name in ("patient", "diagnosis"):
        (tmp_path / f"{name}.csv.gz").write_bytes((root / f"{name}.csv.gz").read_bytes())
    cache = Paths(cache=tmp_path / "cache", releases={"eicu": tmp_path})
    found = EICU(EICUConfig(), DataContext(cache))
    seen = {name: found.samples[f"observed:{name}"].any() for name in
            ("diagnosis", "demographics", "lab", "note", "medication", "series", "apache",
             "apache_prediction")}  # fmt: skip
    assert [name for name, any_one in seen.items() if any_one] == ["diagnosis", "demographics"]
    rows = np.arange(len(found.samples))
    fitted = found.fit(rows)
    tensors = found.tensors(rows[:4], fitted)
    assert not tensors["lab"].values.any()
    assert not tensors["note"].values.any()
    assert np.isnan(found.control_features(rows[:4], fitted)["apache_prediction"]).all()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> DataContext:
    context = DataContext(Paths(cache=tmp_path_factory.mktemp("made")), source="synthetic")
    EICU(EICUConfig(synthetic_size=60), context)
    return context


def test_second_stays_hold_their_own_events_and_stay_with_their_patient(made: DataContext) -> None:
    found = EICU(EICUConfig(synthetic_size=60, cohort="all"), made)
    twice = found.samples[found.samples["group_id"].duplicated(keep=False)]
    assert len(twice) > 10
    root = next((made.paths.cache / "data").rglob("patient.csv.gz")).parent
    given = pl.read_csv(root / "diagnosis.csv.gz")
    events, _ = found.data.codes["diagnosis"]
    for row, stay in zip(twice.index, twice["sample_id"], strict=True):
        own = given.filter(
            (pl.col("patientunitstayid") == int(stay)) & (pl.col("diagnosisoffset") < 1440)
        )
        assert events.counts[row] == len(own)
    spec = SplitSpec(kind="kfold", folds=5, fold=0, stratify="hospital_mortality")
    parts = make_split(found.samples, spec, found.component.tasks[:1])
    groups = [set(found.samples["group_id"].iloc[rows]) for rows in (parts.train, parts.test)]
    assert not groups[0] & groups[1]


def test_the_prediction_reaches_controls_as_it_was_released(made: DataContext) -> None:
    found = EICU(EICUConfig(synthetic_size=60), made)
    root = next((made.paths.cache / "data").rglob("patient.csv.gz")).parent
    table = pl.read_csv(root / "apachePatientResult.csv.gz").filter(
        pl.col("apacheversion") == "IVa"
    )
    released = dict(table.select("patientunitstayid", "predictedhospitalmortality").iter_rows())
    rows = np.arange(len(found.samples))
    features = found.control_features(rows, found.fit(rows))["apache_prediction"]
    wanted = [[released.get(int(stay), np.nan)] for stay in found.samples["sample_id"]]
    np.testing.assert_allclose(features, wanted)


def test_the_miniature_has_an_hourly_export_of_the_same_measurements(made: DataContext) -> None:
    hourly = EICU(EICUConfig(series="hourly", synthetic_size=60), made)
    official = EICU(EICUConfig(synthetic_size=60), made)
    assert hourly.release.source == "synthetic"
    rows = np.arange(len(hourly.samples))
    channels = (HOURLY_CHANNELS.index("hr"), 0)  # heart rate comes first of the official ones
    grids = [one._grid("series", rows)[:, :, c] for one, c in
             zip((hourly, official), channels, strict=True)]  # fmt: skip
    assert np.isfinite(grids[0]).sum() > 500
    np.testing.assert_array_equal(grids[0], grids[1])


def test_what_a_laboratory_has_not_entered_is_unknown_where_that_is_asked() -> None:
    rows = pl.DataFrame(
        {
            "patientunitstayid": [1, 1, 1],
            "labresultoffset": [100, 1400, 200],
            "labresultrevisedoffset": [130, 1450, None],
            "labname": ["sodium"] * 3,
            "labresult": [140.0, 150.0, 160.0],
        }
    )
    for known_by, minutes in (("taken", [100, 1400, 200]), ("entered", [100])):
        tables = [next(one for one in series_tables(known_by) if one.name == "lab"),
                  code_tables(known_by)["lab"]]  # fmt: skip
        for table in tables:
            assert set(table.columns) <= set(rows.columns)
            found = table.events(1440, pl.Series([1]), rows)
            assert found.frame["minutes"].to_list() == minutes
            assert sum(found.dropped.values()) == 3 - len(minutes)
    nurse = next(one for one in series_tables("entered") if one.name == "nurseCharting")
    assert nurse.entered == "nursingchartentryoffset"
    assert EICUConfig().known_by == "taken"


def test_every_row_left_out_is_counted_by_its_reason() -> None:
    label, name = "nursingchartcelltypevallabel", "nursingchartcelltypevalname"
    rows = pl.DataFrame(
        {
            "patientunitstayid": [5, 4, None, 5, 5, 5, 5, 5, 5],
            "nursingchartoffset": [0, 0, 0, None, 1440, -1, 3, 4, 5],
            label: ["Heart Rate"] * 6 + ["Pain", "Heart Rate", "Heart Rate"],
            name: ["Heart Rate"] * 6 + ["Pain", "Heart Rate", "Heart Rate"],
            "nursingchartvalue": ["80"] * 7 + ["fast", " 90 "],
        }
    )
    nurse = next(one for one in series_tables() if one.name == "nurseCharting")
    found = nurse.events(1440, pl.Series([3, 5]), rows)
    assert found.frame.rows() == [(5, 0, "heart_rate", 80.0), (5, 5, "heart_rate", 90.0)]
    assert found.dropped == {
        "of no stay in patient": 2, "without a time": 1, "after the window": 1,
        "before admission": 1, "of other items": 1, "without a number": 1,
    }  # fmt: skip


def _damaged(made: DataContext, folder: Path, **lines: str) -> DataContext:
    """Copy the miniature and put a line behind some tables."""
    root = next((made.paths.cache / "data").rglob("patient.csv.gz")).parent
    folder.mkdir()
    for file in root.glob("*.csv.gz"):
        text = gzip.decompress(file.read_bytes()).decode()
        extra = lines.get(file.name.removesuffix(".csv.gz"), "")
        (folder / file.name).write_bytes(gzip.compress((text + extra).encode()))
    return DataContext(Paths(cache=folder / "cache", releases={"eicu": folder}))


def test_values_that_cannot_be_read_are_in_the_attrition(tmp_path: Path, made: DataContext) -> None:
    plain = _damaged(made, tmp_path / "plain")
    odd = _damaged(
        made, tmp_path / "odd",
        lab="140000,5,sodium,high\n140000,soon,sodium,140\n1,5,sodium,140\n",
        vitalPeriodic="140000,5,warm,95,80,18,,,\n",
    )  # fmt: skip
    counts = []
    for context in (plain, odd):
        EICU(EICUConfig(), context)
        steps = EICU.attrition(EICUConfig(), context)
        counts.append({(one.name, one.why): one.dropped for one in steps})
    before, after = counts
    lab, vital = "lab as measurements", "vitalPeriodic as measurements"
    key = (f"{lab}: rows left", "without a number")
    assert after[key] == before[key] + 1
    assert after[f"{lab}: rows left", "of no stay in patient"] == 1
    assert after[f"{lab}: rows left", "without a time"] == 1
    assert after[f"{lab}: all rows", "labresult of any row that cannot be read"] == 1
    assert after[f"{lab}: all rows", "labresultoffset of any row that cannot be read"] == 1
    assert after[f"{vital}: all rows", "temperature of any row that cannot be read"] == 1


def test_several_tables_at_once_give_the_same_and_stop_together(
    tmp_path: Path, made: DataContext
) -> None:
    context = _damaged(made, tmp_path / "four")
    EICU.prepare(EICUConfig(), context, jobs=4)
    one, four = EICU(EICUConfig(synthetic_size=60), made), EICU(EICUConfig(), context)
    for name in ("series", *one.data.codes):
        wanted, found = ({**o.data.series, **o.data.codes}[name][0] for o in (one, four))
        for part in ("minutes", "kinds", "values"):
            np.testing.assert_array_equal(getattr(found, part), getattr(wanted, part))
    cut = _damaged(made, tmp_path / "cut")
    file = tmp_path / "cut" / "lab.csv.gz"
    file.write_bytes(file.read_bytes()[:-40])
    with pytest.raises(DataError, match=r"lab\.csv\.gz is truncated"):
        EICU.prepare(EICUConfig(), cut, jobs=4)
    assert not EICU.is_prepared(EICUConfig(), cut)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda t: t.replace("uniquepid", "uniqueid"), "no column 'uniquepid'"),
        (lambda t: t + t.splitlines()[1] + "\n", "twice"),
        (lambda t: t.replace(t.splitlines()[1].split(",")[0], "first"), "'patientunitstayid' has"),
        (lambda t: t.splitlines()[0] + "\n", "has no stay"),
        (lambda t: t + ",".join([""] * len(t.splitlines()[0].split(","))) + "\n", "without"),
    ],
    ids=["column", "doubled", "no number", "empty", "no key"],
)
def test_a_broken_table_of_stays_is_named(
    damage: Callable[[str], str], message: str, tmp_path: Path, made: DataContext
) -> None:
    context = _damaged(made, tmp_path / "r")
    file = tmp_path / "r" / "patient.csv.gz"
    text = gzip.decompress(file.read_bytes()).decode()
    file.write_bytes(gzip.compress(damage(text).encode()))
    with pytest.raises(DataError, match=message):
        EICU(EICUConfig(), context)
    assert not EICU.is_prepared(EICUConfig(), context)


def test_tables_without_rows_are_tables_without_events(tmp_path: Path, made: DataContext) -> None:
    context = _damaged(made, tmp_path / "r")
    for name in ("diagnosis", "vitalPeriodic", "apacheApsVar", "apachePatientResult"):
        file = tmp_path / "r" / f"{name}.csv.gz"
        header = gzip.decompress(file.read_bytes()).split(b"\n")[0] + b"\n"
        file.write_bytes(gzip.compress(header))
    found = EICU(EICUConfig(), context)
    assert not found.samples["observed:diagnosis"].any()
    assert not found.samples["observed:apache_prediction"].any()
    assert found.samples["observed:series"].any()
