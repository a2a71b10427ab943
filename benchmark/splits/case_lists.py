"""Splits from files: which patients train and which test, as published or as a user wrote them.

A file is a CSV whose columns ``train`` and ``val`` list patients (``group_id``), of unequal length
and padded with blanks; its ``val`` is the part that is reported, since such files know no third
part. Files live in folders below a release's ``splits`` folder, one file per fold. A run names its
file by SHA-256, never by path, so a moved file is found and a changed one is noticed.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.core.errors import DataError, DataNotAvailable, suggestion


@dataclass(frozen=True)
class CaseLists:
    """The patients of one file.

    Attributes:
        train: Ids to train on; validation is cut from them.
        test: Ids to report on.
    """

    train: frozenset[str]
    test: frozenset[str]

    def parts(self, ids: NDArray[np.str_]) -> NDArray[np.str_]:
        """Return ``train``, ``test`` or ``none`` for every patient, (G,)."""
        train, test = (np.isin(ids, sorted(one)) for one in (self.train, self.test))
        return np.where(test, "test", np.where(train, "train", "none"))

    def unmatched(self, ids: NDArray[np.str_]) -> tuple[str, ...]:
        """Say how many listed patients a cohort lacks, and how many of it are not listed."""
        listed, cohort = self.train | self.test, frozenset(ids.tolist())
        absent, left_out = len(listed - cohort), len(cohort - listed)
        texts = {
            f"split file: {absent} of its patients are not in this cohort": absent,
            f"split file: {left_out} patients of this cohort are in no list, left out": left_out,
        }
        return tuple(text for text, count in texts.items() if count)


def case_list_files(folder: Path, name: str) -> tuple[Path, ...]:
    """Return the files of ``folder/name`` in the order of the numbers in their names.

    Raises:
        DataNotAvailable: No such folder, or no CSV file in it.
    """
    files = sorted((folder / name).glob("*.csv"), key=_order)
    if not files:
        there = sorted(one.name for one in folder.glob("*") if one.is_dir())
        raise DataNotAvailable(
            f"no split files (*.csv) in {folder / name}",
            f"put them there; {suggestion(name, there)}",
        )
    return tuple(files)


def case_list_digest(path: Path) -> str:
    """Return the SHA-256 of a split file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def find_case_lists(folder: Path, digest: str) -> CaseLists:
    """Read the file below ``folder`` that has this SHA-256.

    Raises:
        DataNotAvailable: None has.
        DataError: It is not a split file.
    """
    for path in sorted(folder.glob("*/*.csv")):
        if case_list_digest(path) == digest:
            return read_case_lists(path)
    raise DataNotAvailable(
        f"no split file below {folder} has the SHA-256 {digest[:12]}... the run was planned for",
        "plan again, or put the file back",
    )


def read_case_lists(path: Path) -> CaseLists:
    """Read a split file.

    Raises:
        DataError: A column is missing or empty, or a patient is in both.
    """
    table = pd.read_csv(path, dtype=str)
    if lacking := [name for name in ("train", "val") if name not in table]:
        raise DataError(
            f"split file {path} has no column {lacking[0]!r}", "it needs the columns train and val"
        )
    train, test = (frozenset(table[name].dropna().str.strip()) - {""} for name in ("train", "val"))
    if not train or not test:
        raise DataError(f"split file {path} lists {len(train)} train and {len(test)} val patients")
    if both := sorted(train & test):
        raise DataError(
            f"split file {path}: patient {both[0]!r} is in train and val ({len(both)} patients)"
        )
    return CaseLists(train, test)


def _order(path: Path) -> tuple[list[int], str]:
    return [int(digits) for digits in re.findall(r"\d+", path.stem)], path.name
