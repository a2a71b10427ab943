"""Splits from files: which patients train and which test, as published or as a user wrote them.

A fold is a CSV file whose columns ``train`` and ``val`` list patients (``group_id``), of unequal
length and padded with blanks; its ``val`` is the part that is reported, since such files know no
third part. Or it is a folder with ``train.csv`` and ``test.csv``, whose column ``case_id`` names
the patients, perhaps several times. Folds live in folders below a release's ``splits`` folder. A
run names its fold by SHA-256, never by path, so a moved one is found and a changed one is noticed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.core.errors import DataError, DataNotAvailable, suggestion

#: Files in a fold's folder: patients to train on, and to report on.
_PARTS = ("train.csv", "test.csv")


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
    """Return the files, or folders, of the folds in the order of the numbers in their names.

    Raises:
        DataNotAvailable: No such folder, or no fold in it.
    """
    files = sorted(_folds(folder / name), key=_order)
    if not files:
        there = sorted(one.name for one in folder.glob("*") if one.is_dir())
        raise DataNotAvailable(
            f"no split files (*.csv, or folders with train.csv and test.csv) in {folder / name}",
            f"put them there; {suggestion(name, there)}",
        )
    return tuple(files)


def case_list_digest(path: Path) -> str:
    """Return the SHA-256 of a split file, or of both files of a fold's folder."""
    parts = [path] if path.is_file() else [path / part for part in _PARTS]
    # One file is hashed as it is, so that its digest is what `sha256sum` prints.
    bodies = [part.read_bytes() for part in parts]
    lengths = b"".join(b"%d\n" % len(body) for body in bodies[1:])
    return hashlib.sha256(lengths + b"".join(bodies)).hexdigest()


def find_case_lists(folder: Path, digest: str) -> CaseLists:
    """Read the file below ``folder`` that has this SHA-256.

    Raises:
        DataNotAvailable: None has.
        DataError: It is not a split file.
    """
    for name in sorted(folder.glob("*/")):
        for path in sorted(_folds(name)):
            if case_list_digest(path) == digest:
                return read_case_lists(path)
    raise DataNotAvailable(
        f"no split file below {folder} has the SHA-256 {digest[:12]}... the run was planned for",
        "plan again, or put the file back",
    )


def read_case_lists(path: Path) -> CaseLists:
    """Read a split file, or a fold's folder.

    Raises:
        DataError: A column is missing or empty, or a patient is in both.
    """
    if path.is_dir():
        train, test = (_column(path / part, "case_id", "case_id") for part in _PARTS)
    else:
        train, test = (_column(path, name, "train and val") for name in ("train", "val"))
    if not train or not test:
        raise DataError(f"split file {path} lists {len(train)} train and {len(test)} val patients")
    if both := sorted(train & test):
        raise DataError(
            f"split file {path}: patient {both[0]!r} is in train and val ({len(both)} patients)"
        )
    return CaseLists(train, test)


def _folds(folder: Path) -> Iterator[Path]:
    yield from folder.glob("*.csv")
    for one in folder.glob("*/"):
        if all((one / part).is_file() for part in _PARTS):
            yield one


def _column(path: Path, name: str, needed: str) -> frozenset[str]:
    table = pd.read_csv(path, dtype=str, usecols=lambda column: column == name)
    if name not in table:
        raise DataError(
            f"split file {path} has no column {name!r}",
            f"it needs the column{'s' if ' ' in needed else ''} {needed}",
        )
    return frozenset(table[name].dropna().str.strip()) - {""}


def _order(path: Path) -> tuple[list[int], str]:
    return [int(digits) for digits in re.findall(r"\d+", path.stem)], path.name
