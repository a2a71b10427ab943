"""Finding MIMIC-IV: versions, wrong releases, incomplete copies; its tables as released."""

from __future__ import annotations

import gzip
import os
import shutil
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pytest

from benchmark.core.errors import DataError, DataNotAvailable
from benchmark.core.paths import Paths
from benchmark.datasets._base import DataContext
from benchmark.datasets._release import Found, ReleaseConfig
from benchmark.datasets.mimic.release import DEMO, SIZES, check_rows, find, version_of
from benchmark.datasets.mimic.tables import TABLES, read_table, row_count, table_file

FOLDER = "mimic-iv-clinical-database-demo-2.2"

Write = Callable[..., Path]


def search(root: Path, cache: Path) -> Found:
    return find(ReleaseConfig(), DataContext(Paths(cache=cache, releases={"mimic_icu": root})))


@pytest.fixture
def demo() -> Path:
    data = Path(os.environ.get("MMBENCH_DATA", "no folder"))
    if not (data / FOLDER).is_dir():
        pytest.skip(f"MMBENCH_DATA names no folder with {FOLDER}")
    return data / FOLDER


def test_the_demo_is_known_by_its_sizes(demo: Path, tmp_path: Path) -> None:
    assert version_of(demo) == DEMO
    found = search(demo, tmp_path)
    assert (found.source, found.size) == (
        "partial", "version demo 2.2, 140 stays in intensive care"
    )  # fmt: skip
    found = find(ReleaseConfig(), DataContext(Paths(cache=tmp_path, data=demo.parent)))
    assert found.root == demo
    for name in ("d_items", "d_labitems", "diagnoses_icd", "procedures_icd", "patients",
                 "admissions", "icustays"):  # fmt: skip
        check_rows(demo, DEMO, name, len(read_table(demo, name)))


@pytest.mark.parametrize("name", ["labevents", "chartevents"])
def test_big_tables_of_the_demo_have_the_published_rows(demo: Path, name: str) -> None:
    path = table_file(demo, name)
    assert path is not None
    assert row_count(path, "itemid") == SIZES[DEMO][name]


def test_a_truncated_table_is_told_from_a_subset(write: Write, demo: Path, tmp_path: Path) -> None:
    root = tmp_path / "copy"
    for name in TABLES:
        path = table_file(demo, name)
        assert path is not None
        (root / path.parent.name).mkdir(parents=True, exist_ok=True)
        (root / path.parent.name / path.name).symlink_to(path)
    stays = root / "icu" / "icustays.csv.gz"
    lines = gzip.decompress(stays.read_bytes()).splitlines(keepends=True)
    stays.unlink()
    stays.write_bytes(gzip.compress(b"".join(lines[:-3])))
    with pytest.raises(DataError, match=r"has 137 rows, but in MIMIC-IV demo 2\.2 it has 140"):
        search(root, tmp_path)
    stays.write_bytes(gzip.compress(b"".join(lines))[:-30])
    with pytest.raises(DataError, match="truncated"):
        search(root, tmp_path)
    for name in ("patients", "admissions"):
        columns = ",".join(TABLES[name].columns)
        (root / "hosp" / f"{name}.csv.gz").unlink()
        write(root, name, "1" + "," * columns.count(","))
    stays.write_bytes(gzip.compress(b"".join(lines[:-3])))
    assert search(root, tmp_path).size == (
        "no version known: 1 patients, 1 admissions, 137 icustays"
    )


@pytest.mark.parametrize(
    ("file", "name"),
    [("PATIENTS.csv.gz", "MIMIC-III"), ("core/patients.csv.gz", "1.0 or older"),
     ("patient.csv.gz", "eICU")],
)  # fmt: skip
def test_another_release_is_called_by_its_name(tmp_path: Path, file: str, name: str) -> None:
    (tmp_path / "given" / file).parent.mkdir(parents=True)
    (tmp_path / "given" / file).touch()
    with pytest.raises(DataNotAvailable, match=name):
        search(tmp_path / "given", tmp_path)


def test_missing_tables_are_named(write: Write, tmp_path: Path) -> None:
    write(tmp_path, "patients")
    with pytest.raises(DataNotAvailable, match=r"has no hosp/admissions.csv.gz and lacks 7 more"):
        search(tmp_path, tmp_path)
    with pytest.raises(DataError, match=r"icustays.csv.gz is missing"):
        read_table(tmp_path, "icustays")


def test_tables_are_read_with_types(write: Write, tmp_path: Path) -> None:
    write(tmp_path, "patients", "7,F,52,2130,2014 - 2016,2131-02-03", "8,M,30,2130,x,")
    found = read_table(tmp_path, "patients", ["dod", "anchor_age"])
    assert found.rows() == [(7, date(2131, 2, 3), 52), (8, None, 30)]
    write(tmp_path, "icustays", "7,1,2,A,B,2130-01-02 03:04:05,,1.5")
    found = read_table(tmp_path, "icustays", ["intime", "outtime"])
    assert found.rows() == [(2, datetime(2130, 1, 2, 3, 4, 5), None)]


@pytest.mark.parametrize(
    ("name", "rows", "columns", "message"),
    [
        ("patients", ["7,F,52,2130,x,", "7,F,52,2130,x,"], "", "has subject_id 7 twice"),
        ("patients", [",F,52,2130,x,"], "", "1 rows without subject_id"),
        ("patients", ["7,F,old,2130,x,"], "", "'anchor_age' holds 1 values that are no whole"),
        ("patients", ["7,F,52,2130,x,soon"], "", "'dod' holds 'soon', which is no time, in the "
         "row of subject_id 7"),
        ("patients", ["7"], "subject_id", r"has no column 'gender'"),
        ("icustays", ["7,1,2,A,B,02/01/2130,,1"], "", "'intime' holds '02/01/2130'"),
        ("diagnoses_icd", ["7,1,3,I10,10", "7,1,3,I11,10"], "", "has hadm_id 1, seq_num 3 twice"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_table_is_named(
    write: Write, tmp_path: Path, name: str, rows: list[str], columns: str, message: str
) -> None:
    path = write(tmp_path, name, *rows, columns=columns)
    with pytest.raises(DataError, match=message) as error:
        read_table(tmp_path, name)
    assert str(path) in str(error.value)
    shutil.rmtree(tmp_path / TABLES[name].folder)
