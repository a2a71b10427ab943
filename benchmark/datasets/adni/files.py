"""The small tables of an ADNI release: diagnoses, parts, and which scan is whose."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from benchmark.core.errors import DataError, DataNotAvailable
from benchmark.datasets.adni.config import CLASSES, SUBJECTS, TABLES

LABELS, SPLIT = "label.csv", "PTID_splits.json"
SCANS, SCAN_NAMES = "image/ADNI_G.npy", "image/ADNI_subj.txt"
TEMPLATE_FILE = "image/BLSA_SPGR+MPRAGE_averagetemplate_muse_seg_DS222.nii.gz"
GENOMIC = "genomic/genomic_merged.h5ad"
#: Begin the names of columns that tell the diagnosis.
LEAKING = ("PTCOGBEG", "PTADDX", "PTADBEG")


def table_file(name: str, filled: bool) -> str:
    """Return the file of a table, with gaps or filled."""
    return f"{name}/{name}_merged{'_mean' if filled else ''}.csv"


def read_labels(path: Path) -> pd.Series[float]:
    """Return the class, from 0, by subject.

    Raises:
        DataError: A column is missing, a subject has two rows, or a diagnosis is not 1, 2 or 3.
    """
    table = _read_csv(path, index=None)
    for column in ("PTID", "DIAGNOSIS"):
        if column not in table:
            raise DataError(f"{path} has no column {column!r}", "it is not the released table")
    labels = table.set_index(table["PTID"].astype(str))["DIAGNOSIS"].astype(np.float64)
    _no_twins(path, labels.index)
    strange = labels[~labels.isin(range(1, len(CLASSES) + 1))]
    if len(strange):
        raise DataError(
            f"{path}: subject {strange.index[0]} has DIAGNOSIS {strange.iloc[0]:g}",
            "it must be 1, 2 or 3; leave subjects without a diagnosis out",
        )
    return labels - 1


def read_table(path: Path) -> pd.DataFrame:
    """Return a table of numbers by subject, without columns that tell the diagnosis.

    Raises:
        DataError: It cannot be read, a subject has two rows, or a column holds texts.
    """
    table = _read_csv(path, index=0)
    table.index = table.index.astype(str)
    _no_twins(path, table.index)
    table = table[[name for name in table if not str(name).upper().startswith(LEAKING)]]
    texts = [name for name in table if not pd.api.types.is_numeric_dtype(table[name])]
    if texts:
        raise DataError(
            f"{path}: column {texts[0]!r} holds texts", "the published tables hold numbers only"
        )
    return table.astype(np.float64)


def latest_scans(path: Path) -> dict[str, int]:
    """Return the row of each subject's latest scan; of two on one day the later row.

    Raises:
        DataError: A line is not a subject, an underscore and a date.
    """
    try:
        lines = path.read_text(encoding="utf-8").split()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error}", "complete the release") from error
    dated = []
    for number, line in enumerate(lines, start=1):
        subject, _, text = line.rpartition("_")
        date = pd.to_datetime(text, errors="coerce")
        if not subject or pd.isna(date):
            raise DataError(
                f"{path}, line {number}: {line!r} is no subject and date",
                "lines look like 002_S_0413_2006-05-02",
            )
        dated.append((date, number - 1, subject))
    # In order of dates, so that later scans take the place of earlier ones.
    return {subject: row for _, row, subject in sorted(dated)}


def completeness(root: Path) -> tuple[Literal["real", "partial"], str]:
    """Tell whether all subjects of the papers are there.

    Raises:
        DataNotAvailable: A file is missing.
    """
    tables = [table_file(name, filled) for name in TABLES for filled in (False, True)]
    needed = (LABELS, SCANS, SCAN_NAMES, TEMPLATE_FILE, GENOMIC, *tables)
    if lacking := [name for name in needed if not (root / name).is_file()]:
        raise DataNotAvailable(
            f"adni needs {root / lacking[0]}",
            f"{len(lacking)} of {len(needed)} files are missing: {', '.join(lacking)}",
        )
    subjects = len(read_labels(root / LABELS))
    source: Literal["real", "partial"] = "real" if subjects == SUBJECTS else "partial"
    return source, f"{subjects} subjects of {SUBJECTS}"


def _read_csv(path: Path, index: int | None) -> pd.DataFrame:
    try:
        return pd.read_csv(path, index_col=index, low_memory=False)
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read as CSV: {error}", "fetch it again") from error


def _no_twins(path: Path, subjects: pd.Index[str]) -> None:
    twice = subjects[subjects.duplicated()]
    if len(twice):
        raise DataError(f"{path}: subject {twice[0]} has two rows", "keep one row per subject")
