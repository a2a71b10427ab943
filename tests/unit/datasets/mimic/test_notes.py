"""Radiology reports of a window, by hand; discharge summaries are refused."""

from __future__ import annotations

import gzip
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from benchmark.core.errors import DataError
from benchmark.datasets.mimic.notes import (
    joined_texts,
    last_reports,
    note_file,
    read_radiology,
)

START = datetime(2150, 3, 1, 22, 30)
HEADER = "note_id,subject_id,hadm_id,note_type,note_seq,charttime,storetime,text"


def stays() -> pl.DataFrame:
    """Two stays of patient 10 and one of patient 11."""
    begin = [START, START + timedelta(hours=100), START]
    end = [START + timedelta(hours=60), START + timedelta(hours=150), START + timedelta(hours=50)]
    return pl.DataFrame(
        {"subject_id": [10, 10, 11], "hadm_id": [1, 1, 2], "stay_id": [100, 101, 110],
         "intime": begin, "outtime": end}
    )  # fmt: skip


def at(hours: float) -> str:
    return (START + timedelta(hours=hours)).strftime("%Y-%m-%d %H:%M:%S")


def write(path: Path, *rows: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt") as file:
        file.write("\n".join([HEADER, *rows]) + "\n")
    return path


def note(name: str, patient: int, charted: float, stored: float | None, text: str = "Clear") -> str:
    known = "" if stored is None else at(stored)
    return f'{name},{patient},,RR,1,{at(charted)},{known},"{text}"'


def test_a_report_counts_from_when_it_was_there(tmp_path: Path) -> None:
    path = write(
        tmp_path / "radiology.csv.gz",
        note("before", 10, -0.1, 1),
        note("first", 10, 0, 1, "Line one.\nLine two, with a comma"),
        note("late", 10, 47.5, 49),
        note("unstored", 10, 2, None),
        note("behind", 10, 48, 48),
        note("last", 10, 47, 47.9),
        note("between", 10, 70, 71),
        note("second", 10, 101, 101),
        note("other", 11, 50.1, 50.2),
        note("stranger", 12, 1, 1),
        note("blank", 10, 3, 4, " "),
        'undated,10,,AR,1,,,"Clear"',
    )
    strict, steps = read_radiology(path, stays(), 48, "storetime", tmp_path / "strict")
    assert strict["note_id"].to_list() == ["first", "last", "second"]
    assert strict["stay_id"].to_list() == [100, 100, 101]
    assert strict["minutes"].to_list() == [0.0, 47 * 60.0, 60.0]
    assert strict["text"][0] == "Line one.\nLine two, with a comma"
    assert [(step.kept, step.dropped) for step in steps] == [(12, 0), (6, 6), (3, 3)]

    loose, steps = read_radiology(path, stays(), 48, "charttime", tmp_path / "loose")
    assert loose["note_id"].to_list() == ["first", "unstored", "last", "late", "second"]
    assert [(step.kept, step.dropped) for step in steps] == [(12, 0), (6, 6), (5, 1)]


def test_no_report_lies_outside_stay_or_window(tmp_path: Path) -> None:
    rows = [note(f"n{k}", 10 + k % 2, k / 2 - 20, k / 2 - 19) for k in range(400)]
    path = write(tmp_path / "radiology.csv.gz", *rows)
    for hours in (2, 24, 48):
        found, _ = read_radiology(path, stays(), hours, "storetime", tmp_path / f"{hours}")
        length = found.join(stays(), on="stay_id").select(
            ((pl.col("outtime") - pl.col("intime")).dt.total_minutes() - pl.col("minutes")).min()
        )
        assert found["minutes"].min() == 0
        assert 60 * (hours - 1.5) <= float(found["minutes"].max()) < 60 * hours  # type: ignore[arg-type]
        assert length.item() >= 0


def test_the_last_reports_are_kept_and_joined_in_time() -> None:
    reports = pl.DataFrame(
        {"stay_id": [2, 1, 1, 1], "minutes": [5.0, 9.0, 1.0, 4.0], "note_id": list("dcab"),
         "text": ["D", "C", "A", "B"]}
    )  # fmt: skip
    kept = last_reports(reports, 2)
    assert kept["note_id"].to_list() == ["b", "c", "d"]
    assert joined_texts(kept) == {1: "B\nC", 2: "D"}


@pytest.mark.parametrize("kind", ["DS", "AD", "", "XX"])
def test_what_is_no_radiology_report_is_refused(tmp_path: Path, kind: str) -> None:
    row = f"10-DS-1,10,1,{kind},1,{at(1)},{at(2)},Discharged home"
    path = write(tmp_path / "radiology.csv.gz", note("one", 10, 1, 1), row)
    with pytest.raises(
        DataError, match=r"radiology\.csv\.gz holds note 10-DS-1 of type .*\n.*tell"
    ):
        read_radiology(path, stays(), 48, "charttime", tmp_path / "parts")


def test_tables_lie_in_the_release_or_its_folder_note(tmp_path: Path) -> None:
    assert note_file(tmp_path, "radiology") is None
    outer = write(tmp_path / "radiology.csv.gz")
    assert note_file(tmp_path, "radiology") == outer
    inner = write(tmp_path / "note" / "radiology.csv.gz")
    assert note_file(tmp_path, "radiology") == inner
    assert note_file(tmp_path, "discharge") is None


def test_nothing_matched_is_an_empty_table(tmp_path: Path) -> None:
    path = write(tmp_path / "radiology.csv.gz", note("one", 12, 1, 1))
    found, _ = read_radiology(path, stays(), 48, "storetime", tmp_path / "parts")
    assert found.columns == ["stay_id", "minutes", "note_id", "text"]
    assert not len(found)
