"""One-year mortality from raw tables: patients, outcome and inputs by hand, leaks, bad input."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.sparse import csr_matrix

from benchmark.core.errors import DataError, DataNotAvailable
from benchmark.core.paths import Paths
from benchmark.datasets._base import DataContext
from benchmark.datasets.icu import extract as extract_module
from benchmark.datasets.icu.leaks import refuse_outcomes
from benchmark.datasets.mimic_mortality_raw import extracts
from benchmark.datasets.mimic_mortality_raw.cohort import choose
from benchmark.datasets.mimic_mortality_raw.config import MIMICRawMortalityConfig
from benchmark.datasets.mimic_mortality_raw.dataset import MIMICRawMortality
from benchmark.datasets.mimic_mortality_raw.reduce import Columns, LabReducer

Config = MIMICRawMortalityConfig
#: Columns of the tables below, as far as they are read.
COLUMNS = {
    "hosp/patients": "subject_id,anchor_age,anchor_year,dod",
    "hosp/admissions": "subject_id,hadm_id,admittime,dischtime,hospital_expire_flag",
    "hosp/diagnoses_icd": "subject_id,hadm_id,seq_num,icd_code,icd_version",
    "hosp/procedures_icd": "subject_id,hadm_id,seq_num,icd_code,icd_version",
    "hosp/labevents": "subject_id,hadm_id,itemid,charttime,valuenum",
    "hosp/d_labitems": "itemid,label",
    "icu/icustays": "subject_id,hadm_id,stay_id",
    "icu/chartevents": "subject_id,hadm_id,stay_id,itemid,charttime,valuenum",
    "icu/d_items": "itemid,label",
    "note/discharge": "note_id,subject_id,hadm_id,note_type,note_seq,charttime,storetime,text",
}
#: Two patients with two admissions each; the first dies 30 days after the last discharge.
ROWS: dict[str, list[Sequence[Any]]] = {
    "hosp/patients": [(1, 50, 2150, "2151-02-09"), (2, 60, 2150, "")],
    "hosp/admissions": [
        (1, 10, "2150-01-01 10:00:00", "2150-01-05 10:00:00", 0),
        (1, 11, "2151-01-01 10:00:00", "2151-01-10 10:00:00", 0),
        (2, 20, "2150-01-01 10:00:00", "2150-01-05 10:00:00", 0),
        (2, 21, "2150-03-01 10:00:00", "2150-03-05 10:00:00", 0),
    ],
    "hosp/diagnoses_icd": [
        (1, 11, 1, "4280   ", 9), (1, 11, 2, "E8859", 9), (1, 11, 3, "V5861", 9),
        (2, 21, 1, "I509", 10), (2, 21, 2, "T8149XA", 10),
        (2, 21, 3, "R402130", 10),  # "NoDx" in the mapping
         (1, 10, 1, "25000", 9),
    ],
    "hosp/procedures_icd": [(1, 11, 1, "9604 ", 9), (2, 21, 1, "0BH17EZ", 10)],
    "hosp/labevents": [
        (1, 11, 50912, "2151-01-02 08:00:00", 1.0),
        (1, "", 50912, "2151-01-03 08:00:00", 3.0),  # in the admission by its time
        (1, "", 50912, "2151-01-01 09:00:00", 99),  # an hour before it
        (1, 11, 50912, "2151-01-01 09:00:00", 5.0),  # before it, but of it
        (1, 11, 50912, "2151-01-10 10:01:00", 99),  # a minute after discharge
        (1, 10, 50912, "2151-01-02 08:00:00", 99),  # of the other admission
        (1, 11, 50912, "2151-01-02 09:00:00", ""),
        (1, 11, 50912, "2151-01-02 09:00:00", "many"),
        (1, 11, 777, "2151-01-02 09:00:00", 1),  # in no dictionary
        (9, "", 50912, "2151-01-02 09:00:00", 1),  # nobody
        (2, 21, 50971, "2150-03-02 08:00:00", 0.0),
    ],
    "hosp/d_labitems": [(50912, "Creatinine"), (50971, "Potassium")],
    "icu/icustays": [(1, 11, 100), (2, 20, 200)],
    "icu/chartevents": [
        (1, 11, 100, 220045, "2151-01-02 08:00:00", 80),
        (1, 11, 100, 220045, "2151-01-02 09:00:00", 90),
        (1, 11, 100, 220045, "2151-01-12 09:00:00", 1),  # after discharge
        (2, 20, 200, 220045, "2150-01-02 09:00:00", 1),  # the earlier admission
    ],
    "icu/d_items": [(220045, "Heart Rate")],
    "note/discharge": [
        ("1-DS-1", 1, 11, "DS", 1, "2151-01-10 00:00:00", "2151-01-11 00:00:00", "walks, walks"),
        ("1-AD-2", 1, 11, "AD", 2, "2151-01-10 00:00:00", "2151-01-11 00:00:00", "an addendum"),
        ("1-DS-0", 1, 10, "DS", 0, "2150-01-05 00:00:00", "2150-01-05 00:00:00", "the earlier"),
        ("2-DS-1", 2, 21, "DS", 1, "2150-03-05 00:00:00", "2150-03-05 00:00:00", " "),
    ],
}  # fmt: skip


def release(root: Path, **changed: list[Sequence[Any]]) -> Path:
    """Write the tables above, some of them with other rows (``hosp_patients=[...]``)."""
    for name, columns in COLUMNS.items():
        rows = changed.get(name.replace("/", "_"), ROWS[name])
        lines = [columns, *(",".join(f'"{one}"' if "," in str(one) else str(one) for one in row)
                            for row in rows)]  # fmt: skip
        path = root / f"{name}.csv.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress("\n".join([*lines, ""]).encode()))
    return root


def context(tmp_path: Path, root: Path) -> DataContext:
    return DataContext(Paths(cache=tmp_path / "cache", releases={"mimic_mortality_raw": root}))


def load(tmp_path: Path, root: Path, **options: Any) -> MIMICRawMortality:
    return MIMICRawMortality(Config(**options), context(tmp_path, root))


def named(found: MIMICRawMortality, name: str) -> list[dict[str, float]]:
    """Return what each patient has, by name of item or category."""
    folder = next((found.context.paths.cache / "data" / "prepared").glob("mimic_mort*[!t]"))
    names = pl.read_parquet(folder / f"{name}_names.parquet")["name"].to_list()
    return [
        {str(names[at]): float(value) for at, value in zip(row.indices, row.data, strict=True)}
        for row in (found.found[name][k] for k in range(found.found[name].shape[0]))
    ]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def cohort(
    patients: list[tuple[int, int, date | None]],
    admissions: list[tuple[int, int, str | None, str | None, int | None]],
) -> tuple[pl.DataFrame, list[tuple[str, int, int]]]:
    """Choose among patients (id, age in 2150, day of death) and admissions."""
    people = pl.DataFrame(
        [(one, age, 2150, dod) for one, age, dod in patients],
        schema={"subject_id": pl.Int64, "anchor_age": pl.Int64, "anchor_year": pl.Int64,
                "dod": pl.Date}, orient="row",
    )  # fmt: skip
    rows = [(hadm, one, begin and at(begin), end and at(end), died)
            for one, hadm, begin, end, died in admissions]  # fmt: skip
    visits = pl.DataFrame(
        rows, orient="row",
        schema={"hadm_id": pl.Int64, "subject_id": pl.Int64, "admittime": pl.Datetime("us"),
                "dischtime": pl.Datetime("us"), "hospital_expire_flag": pl.Int64},
    )  # fmt: skip
    chosen, steps = choose(people, visits)
    return chosen, [(step.name, step.kept, step.dropped) for step in steps]


def test_the_last_admission_left_alive_and_death_within_a_year_of_it() -> None:
    first, last = ("2150-01-01", "2150-01-03"), ("2150-05-01", "2150-05-05 14:00:00")
    deaths = {1: None, 2: date(2150, 5, 5), 3: date(2150, 5, 6), 4: date(2151, 5, 5),
              5: date(2151, 5, 6), 6: date(2150, 5, 5), 7: date(2150, 1, 2)}  # fmt: skip
    admissions: list[tuple[int, int, str | None, str | None, int | None]] = []
    for one in deaths:
        admissions += [(one, 10 * one, *first, 0), (one, 10 * one + 1, *last, int(one == 6))]
    chosen, steps = cohort([(one, 40, dod) for one, dod in deaths.items()], admissions)
    found = {one: (hadm, dead) for _, one, hadm, _, _, dead in chosen.iter_rows()}
    assert found == {
        1: (11, 0),
        2: (20, 1),  # died on the day of the last discharge: the one before, 122 days ago
        3: (31, 1),  # the day after
        4: (41, 1),  # day 365
        5: (51, 0),  # day 366
        6: (60, 1),  # the last one ended in death
    }
    assert steps[-2:] == [("discharged alive", 6, 1), ("adults", 6, 0)]


def test_every_patient_left_out_is_counted() -> None:
    two = ("2150-01-01", "2150-01-03"), ("2150-05-01", "2150-05-05")
    chosen, steps = cohort(
        [(1, 40, None), (2, 17, None), (3, 40, None), (4, 40, None)],
        [
            (1, 10, *two[0], 0), (1, 11, *two[1], 0),
            (2, 20, *two[0], 0), (2, 21, *two[1], 0),  # a minor
            (3, 30, *two[0], 0),  # one admission
            (4, 40, "2150-01-03", "2150-01-01", 0), (4, 41, None, "2150-01-03", 0),
            (9, 90, *two[0], 0), (9, 91, *two[1], 0),  # in no table of patients
        ],
    )  # fmt: skip
    assert chosen["subject_id"].to_list() == [1]
    assert steps == [
        ("patients with an admission", 5, 0),
        ("known patients", 4, 1),
        ("two or more admissions", 3, 1),
        ("admissions with times in order", 2, 1),
        ("discharged alive", 2, 0),
        ("adults", 1, 1),
    ]
    with pytest.raises(DataError, match="no patient is left after: two or more admissions"):
        cohort([(3, 40, None)], [(3, 30, *two[0], 0)])


def test_means_are_those_of_the_admission_up_to_its_end(tmp_path: Path) -> None:
    found = load(tmp_path, release(tmp_path / "raw"))
    assert found.samples["sample_id"].tolist() == ["1", "2"]
    assert found.samples["target:mortality_1y"].tolist() == [1, 0]
    assert named(found, "lab") == [{"50912": 3.0, "220045": 85.0}, {"50971": 0.0}]
    steps = {step.name: step for step in found.steps}
    table = [step for step in found.steps if step.name.endswith("labevents")]
    assert table[0].kept == 11
    assert (steps["of known items"].kept, steps["of known items"].dropped) == (2, 0)
    after = found.steps[found.steps.index(table[0]) + 1 :]
    assert (after[0].kept, after[0].dropped) == (5, 6)
    assert "1 values of valuenum are no numbers" in after[0].why
    assert (after[1].kept, after[1].dropped) == (4, 1)
    bare = load(tmp_path / "b", release(tmp_path / "raw"), charted=False)
    assert named(bare, "lab") == [{"50912": 3.0}, {"50971": 0.0}]
    lab = LabReducer.fit(found.found["lab"], 3, scaled=False)
    # Columns are in order of items: creatinine, potassium, heart rate.
    np.testing.assert_array_equal(
        lab.measured(found.found["lab"]), [[3, np.nan, 85, 2], [np.nan, 0, np.nan, 1]]
    )
    np.testing.assert_array_equal(lab(found.found["lab"]), [[3, 0, 85], [0, 0, 0]])
    assert found.samples["observed:lab"].all()  # a value of 0 is a value


def test_codes_become_categories_of_icd_9(tmp_path: Path) -> None:
    found = load(tmp_path, release(tmp_path / "raw"))
    assert [set(one) for one in named(found, "code")] == [
        {"D428", "DE885", "DV58", "P960"},
        {"D428", "T0BH"},
    ]
    kept = [step for step in found.steps if step.name == "with a category"]
    assert [(step.kept, step.dropped) for step in kept] == [(4, 2), (2, 0)]
    bare = load(tmp_path / "b", release(tmp_path / "raw"), icd10_procedures="drop")
    assert set(named(bare, "code")[1]) == {"D428"}


def test_summaries_without_addenda_and_of_this_admission(tmp_path: Path) -> None:
    found = load(tmp_path, release(tmp_path / "raw"))
    assert found.samples["observed:note"].tolist() == [True, False]
    assert found.found["note"].toarray().tolist() == [[2.0], [0.0]]
    late = load(tmp_path / "b", release(tmp_path / "raw"), note_days=0)
    assert not late.samples["observed:note"].any()
    odd = [("1-RR-1", 1, 11, "RR", 1, "2151-01-10 00:00:00", "2151-01-11 00:00:00", "x")]
    with pytest.raises(DataError, match=r"1-RR-1 of type 'RR', which is no discharge summary"):
        load(tmp_path / "c", release(tmp_path / "odd", note_discharge=odd))


def test_columns_are_those_of_training_patients() -> None:
    found = csr_matrix(np.array([[0, 1, 1, 0], [0, 0, 1, 0], [1, 0, 0, 0], [0, 0, 0, 1.0]]))
    columns = Columns.fit(found[:2], 3)
    assert columns.kept.tolist() == [1, 2]
    np.testing.assert_array_equal(
        columns.dense(found, np.nan)[[0, 2]], [[1, 1, np.nan], [np.nan] * 3]
    )
    assert Columns.fit(found, 1).kept.tolist() == [2]


def test_scaling_looks_at_measurements_of_training_patients_alone() -> None:
    values = csr_matrix(([2.0, 4.0, 7.0, 1e6], ([0, 1, 0, 2], [0, 0, 1, 0])), shape=(3, 2))
    reducer = LabReducer.fit(values[:2], 3, scaled=True)
    np.testing.assert_allclose(reducer(values), [[-1, 0, 0], [1, 0, 0], [5, 0, 0]])
    plain = LabReducer.fit(values[:2], 3, scaled=False)
    np.testing.assert_allclose(plain(values), [[2, 7, 0], [4, 0, 0], [1e6, 0, 0]])


def test_no_column_that_is_read_tells_the_outcome() -> None:
    for name, columns in (extracts._VALUES | extracts._CODES).items():
        refuse_outcomes(name, columns)
    refuse_outcomes("discharge", extracts._NOTE)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> DataContext:
    paths = Paths(cache=tmp_path_factory.mktemp("made"))
    where = DataContext(paths, source="synthetic")
    MIMICRawMortality(Config(synthetic_size=60), where)
    return where


def test_words_of_other_patients_change_nothing(made: DataContext) -> None:
    found = MIMICRawMortality(Config(synthetic_size=60, note_width=8), made)
    train, other = np.arange(0, 30), np.arange(30, len(found.samples))
    before = found.tensors(train, found.fit(train))
    for matrix in found.found.values():
        for row in other:
            own = slice(matrix.indptr[row], matrix.indptr[row + 1])
            matrix.indices[own] = (matrix.indices[own] + 1) % matrix.shape[1]
    after = found.tensors(train, found.fit(train))
    for name, data in before.items():
        assert bool((after[name].values == data.values).all()), name
        assert bool(data.values.any())


def test_draws_of_patients_are_fixed(made: DataContext) -> None:
    whole = MIMICRawMortality(Config(synthetic_size=60), made)
    drawn = [
        MIMICRawMortality(Config(synthetic_size=60, subsample=20, subsample_seed=seed), made)
        for seed in (0, 0, 1)
    ]
    ids = [one.samples["sample_id"].tolist() for one in drawn]
    assert ids[0] == ids[1] != ids[2]
    assert set(ids[0]) < set(whole.samples["sample_id"])
    assert (drawn[0].steps[-1].kept, drawn[0].steps[-1].dropped) == (20, len(whole.samples) - 20)
    at_row = whole.samples.set_index("sample_id").index.get_indexer(ids[0])
    assert (drawn[0].found["lab"] != whole.found["lab"][at_row]).nnz == 0
    more = MIMICRawMortality(Config(synthetic_size=60, subsample=9003), made)
    assert len(more.samples) == len(whole.samples)
    assert more.steps[-1].why == "fewer than 9,003 are there"


def test_a_patient_without_any_row_is_counted(tmp_path: Path) -> None:
    others = [row for row in ROWS["hosp/labevents"] if row[0] != 2]
    codes = {name: [row for row in ROWS[f"hosp/{name}"] if row[0] != 2]
             for name in ("diagnoses_icd", "procedures_icd")}  # fmt: skip
    changed = {f"hosp_{name}": rows for name, rows in codes.items()}
    found = load(tmp_path, release(tmp_path / "raw", hosp_labevents=others, **changed))
    assert found.samples["sample_id"].tolist() == ["1"]
    last = found.steps[-1]
    assert (last.name, last.kept, last.dropped) == ("patients with data", 1, 1)


def test_damaged_tables_are_named_and_leave_nothing_behind(tmp_path: Path) -> None:
    def fails(match: str, root: Path) -> None:
        with pytest.raises((DataError, DataNotAvailable), match=match):
            load(tmp_path, root)
        prepared = tmp_path / "cache" / "data" / "prepared"
        assert not [one for one in prepared.glob("*") if not one.name.endswith(".part")]

    root = release(tmp_path / "short")
    whole = (root / "hosp/labevents.csv.gz").read_bytes()
    (root / "hosp/labevents.csv.gz").write_bytes(whole[: len(whole) // 2])
    fails(r"labevents\.csv\.gz is truncated", root)
    root = release(tmp_path / "no_column")
    text = gzip.decompress((root / "icu/chartevents.csv.gz").read_bytes()).decode()
    renamed = text.replace("valuenum", "number").encode()
    (root / "icu/chartevents.csv.gz").write_bytes(gzip.compress(renamed))
    fails(r"chartevents\.csv\.gz has no column 'valuenum'", root)
    root = release(tmp_path / "no_table")
    (root / "hosp/procedures_icd.csv.gz").unlink()
    fails(r"has no hosp/procedures_icd\.csv\.gz", root)
    twice = [*ROWS["hosp/admissions"], ROWS["hosp/admissions"][0]]
    fails(r"admissions\.csv\.gz has hadm_id 10 twice",
          release(tmp_path / "twice", hosp_admissions=twice))  # fmt: skip
    twice = [*ROWS["hosp/diagnoses_icd"], (1, 11, 1, "4019", 9)]
    fails(r"diagnoses_icd\.csv\.gz has hadm_id 11, seq_num 1 twice",
          release(tmp_path / "codes", hosp_diagnoses_icd=twice))  # fmt: skip
    odd = [(1, 50, 2150, "soon"), *ROWS["hosp/patients"][1:]]
    fails(r"patients\.csv\.gz: column 'dod' holds 'soon'",
          release(tmp_path / "time", hosp_patients=odd))  # fmt: skip
    odd = [(1, "old", 2150, ""), *ROWS["hosp/patients"][1:]]
    fails(r"patients\.csv\.gz: column 'anchor_age' holds 1 values",
          release(tmp_path / "age", hosp_patients=odd))  # fmt: skip
    odd = [(1, 11, 2**30, "2151-01-02 08:00:00", 1)]
    fails("itemid 1073741824 is no item", release(tmp_path / "item", hosp_labevents=odd))
    (tmp_path / "three").mkdir()
    (tmp_path / "three" / "PATIENTS.csv.gz").write_bytes(b"")
    fails("is MIMIC-III, not MIMIC-IV", tmp_path / "three")


def test_a_kill_costs_only_the_table_in_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, read, killed = release(tmp_path / "raw"), [], []
    real = extract_module.stream_csv

    def watched(path: Path, *args: Any, **kwargs: Any) -> Iterator[Any]:
        read.append(path.name.split(".")[0])
        if path.name.startswith("procedures") and not killed:
            killed.append(path)
            raise KeyboardInterrupt
        yield from real(path, *args, **kwargs)

    monkeypatch.setattr(extract_module, "stream_csv", watched)
    with pytest.raises(KeyboardInterrupt):
        load(tmp_path, root)
    assert read == ["labevents", "chartevents", "diagnoses_icd", "procedures_icd"]
    assert not MIMICRawMortality.is_prepared(Config(), context(tmp_path, root))
    read.clear()
    found = load(tmp_path, root)
    assert read == ["procedures_icd", "discharge"]
    again = load(tmp_path / "b", root)
    for name, matrix in found.found.items():
        assert (matrix != again.found[name]).nnz == 0
    assert found.steps == again.steps
    assert not list((tmp_path / "cache" / "data" / "prepared").rglob("parts_*"))


def test_order_of_rows_does_not_reach_the_bits(made: DataContext) -> None:
    rows = pl.DataFrame({"row": [1, 0, 1, 0], "itemid": [5, 5, 5, 7], "sum": [0.1, 1.0, 0.2, 2.0],
                         "count": [1, 1, 1, 1]}).cast({"row": pl.UInt32})  # fmt: skip
    found = extracts._summed(rows)
    assert found.rows() == [(0, 5, 1.0, 1), (0, 7, 2.0, 1), (1, 5, 0.1 + 0.2, 2)]
    one, two = (MIMICRawMortality(Config(synthetic_size=60), made) for _ in range(2))
    assert one.found["lab"].data.tobytes() == two.found["lab"].data.tobytes()


def test_the_generated_release_has_all_three(made: DataContext) -> None:
    found = MIMICRawMortality(Config(synthetic_size=60), made)
    assert found.release.source == "synthetic"
    assert found.samples["group_id"].is_unique
    assert 0.1 < found.samples["target:mortality_1y"].mean() < 0.6
    assert found.samples["observed:lab"].all()
    assert 0.5 < found.samples["observed:note"].mean() < 1
    assert not list((made.paths.cache / "data" / "synthetic").rglob("*.jpg"))
