from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from benchmark.core.errors import DataError
from benchmark.datasets._text import TextReducer, count_terms
from benchmark.datasets.tcga.reports import read_reports

TEXTS = ["Tumour grade two", "tumour grade three", "No TUMOUR seen", "grade grade three", "odd"]


def test_patients_are_told_by_the_first_part_of_the_file_name(tmp_path: Path) -> None:
    path = tmp_path / "TCGA_Reports.csv"
    path.write_text(
        'patient_filename,text\nTCGA-AA-0001.1F-2,"one, two"\nTCGA-AA-0002,NA\n'
        "TCGA-AA-0001.9,three\nTCGA-AA-0003.1, \nTCGA-ZZ-0009.1,other\n"
    )
    cases = {"TCGA-AA-0001", "TCGA-AA-0002", "TCGA-AA-0003"}
    assert read_reports(path, cases) == {"TCGA-AA-0001": "one, two\nthree", "TCGA-AA-0002": "NA"}
    path.write_text("patient,text\n")
    with pytest.raises(DataError, match="has no column 'patient_filename'"):
        read_reports(path, cases)


def test_terms_in_three_training_reports_weighted_by_hand() -> None:
    """Terms left: 'grade' in 3 of 4, 'tumour' in 3 of 4 training reports."""
    rows = count_terms(TEXTS)
    fitted = TextReducer.fit(rows[:4], width=4)
    assert len(fitted.terms) == 2
    weighted = fitted.weights.transform(rows[0][:, fitted.terms]).toarray()
    idf = math.log(5 / 4) + 1
    assert fitted.weights.idf_.tolist() == pytest.approx([idf, idf])
    assert weighted.ravel().tolist() == pytest.approx([math.sqrt(0.5)] * 2)
    reduced = fitted(rows)
    assert reduced.shape == (5, 4)
    assert not reduced[:, 1:].any(), "two terms leave one direction of width 4"
    assert reduced[:4].mean(axis=0) == pytest.approx(np.zeros(4))


def test_the_vocabulary_is_that_of_the_training_reports() -> None:
    """'odd' is in none of them, however often it is elsewhere."""
    more = [*TEXTS, "odd", "odd", "odd odd"]
    few, many = (TextReducer.fit(count_terms(one)[:4], width=2) for one in (TEXTS, more))
    assert len(many.terms) == len(few.terms)
    np.testing.assert_array_equal(few(count_terms(TEXTS)[:4]), many(count_terms(more)[:4]))


def test_too_few_reports() -> None:
    with pytest.raises(DataError, match="2 training texts with 0 terms in 3 or more of them"):
        TextReducer.fit(count_terms(["one two", "one two"]), width=4)
