"""The two tables of EMBED that are read, checked against their vocabularies."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.core.errors import DataError
from benchmark.datasets._steps import Steps
from benchmark.datasets._tables import FIRST_LINE, check_words, dates, numbers, read_text_table
from benchmark.datasets.embed.config import EmbedConfig

CLINICAL = "tables/EMBED_OpenData_clinical.csv"
METADATA = "tables/EMBED_OpenData_metadata.csv"
#: BI-RADS category of each letter; X is an exam that was not assessed.
CATEGORIES = {"A": 0, "N": 1, "B": 2, "P": 3, "S": 4, "M": 5, "K": 6}
#: Letters from the most severe; the release's authors order screening A B N and diagnostic exams
#: K M S P B N, which both fit in here.
SEVERITY = "KMSPABN"
#: Worst pathology of invasive and in situ cancer.
CANCER = (0, 1)

_CLINICAL = (
    "empi_anon",
    "acc_anon",
    "study_date_anon",
    "desc",
    "tissueden",
    "asses",
    "side",
    "path_severity",
    "procdate_anon",
)
_METADATA = (
    "empi_anon",
    "acc_anon",
    "study_date_anon",
    "anon_dicom_path",
    "FinalImageType",
    "ViewPosition",
    "ImageLateralityFinal",
    "spot_mag",
)
_TYPES = {"cview": "cview", "c-view": "cview", "2d": "ffdm"}
#: What says that a file shows a spot or is magnified; empty is neither.
_SPOT, _FULL = ("1", "1.0"), ("", "0", "0.0")
_NUMBERED = ("", *(f"{one}" for one in range(7)), *(f"{one}.0" for one in range(7)))


def read_findings(root: Path, join: str) -> pd.DataFrame:
    """Return one row per finding.

    Returns:
        ``exam`` (key that joins files), ``patient``, ``date``, ``screening``, ``density`` 0 .. 3
        (NaN: male or unknown), ``letter`` (BI-RADS; empty: not assessed), ``side`` (L, R, B or
        empty), ``cancer_date`` (NaT: no cancer found).

    Raises:
        DataError: A column is missing or a value is outside its vocabulary; names both.
    """
    path = root / CLINICAL
    table = _identified(path, read_text_table(path, _CLINICAL))
    vocabulary = {
        "asses": {*CATEGORIES, "X", ""},
        "side": {"L", "R", "B", ""},
        "tissueden": {one for one in _NUMBERED if one[:1] not in ("0", "6")},
        "path_severity": set(_NUMBERED),
    }
    for column, words in vocabulary.items():
        check_words(path, table, column, words, "empi_anon")
    when = dates(path, table, "study_date_anon", "empi_anon")
    _need(path, table, "study_date_anon", ~np.isnat(when))
    procedure = dates(path, table, "procdate_anon", "empi_anon")
    severity = numbers(path, table, "path_severity", "empi_anon")
    density = numbers(path, table, "tissueden", "empi_anon") - 1
    cancer = np.where(np.isnat(procedure), when, procedure)
    return pd.DataFrame(
        {
            "exam": _key(table, join),
            "patient": table["empi_anon"],
            "date": when,
            "screening": table["desc"].str.contains("screen", case=False, regex=False),
            "density": np.where(density <= 3, density, np.nan),
            "letter": table["asses"].replace("X", ""),
            "side": table["side"],
            "cancer_date": np.where(np.isin(severity, CANCER), cancer, np.datetime64("NaT", "D")),
        }
    )


def read_files(root: Path, config: EmbedConfig) -> tuple[pd.DataFrame, Steps]:
    """Return full-field C-view and 2D images in CC or MLO view, and the steps to them.

    Under ``side: any`` magnified views count as well.

    Returns:
        ``unit`` (key of the exam), ``patient``, ``side``, ``view`` (a modality) and ``path`` below
        the root.

    Raises:
        DataError: A column is missing, a value is outside its vocabulary, or a path is without
            ``cohort_``.
    """
    path = root / METADATA
    table = _identified(path, read_text_table(path, _METADATA))
    check_words(path, table, "spot_mag", {*_SPOT, *_FULL}, "empi_anon")
    check_words(path, table, "ImageLateralityFinal", {"L", "R", "B", ""}, "empi_anon")
    kind = table["FinalImageType"].str.lower().map(_TYPES)
    rules = [
        ("C-view or 2D files", kind.notna(), "another kind of image"),
        ("files in CC or MLO view", table["ViewPosition"].isin(["CC", "MLO"]), "another view"),
    ]
    if config.side != "any":
        whole = table["spot_mag"].isin(_FULL)
        named = table["ImageLateralityFinal"].isin(["L", "R"])
        rules += [
            ("files of the full field", whole, "a spot or magnified"),
            ("files of a named breast", named, "no side, or both"),
        ]
    steps = Steps("files", len(table))
    taken = pd.Series(True, index=table.index)
    for name, rule, why in rules:
        taken &= rule
        steps.keep(name, int(taken.sum()), why)
    found = table[taken]
    view = kind[taken] + "_" + found["ViewPosition"].str.lower()
    relative = found["anon_dicom_path"].str.extract(r"(cohort_.*)", expand=False)
    _need(path, found, "anon_dicom_path", relative.notna().to_numpy())
    files = pd.DataFrame(
        {
            "unit": _key(found, config.join),
            "patient": found["empi_anon"],
            "side": found["ImageLateralityFinal"],
            "view": view,
            "path": "images/" + relative,
        }
    )
    return files.reset_index(drop=True), steps


def _identified(path: Path, table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with plain ids: those saved as floats lose their ``.0``."""
    for column in ("empi_anon", "acc_anon"):
        table[column] = table[column].str.removesuffix(".0")
        _need(path, table, column, table[column].str.fullmatch(r"[0-9A-Za-z_-]+").to_numpy())
    return table


def _need(path: Path, table: pd.DataFrame, column: str, sound: NDArray[np.bool_]) -> None:
    if not sound.all():
        row = table[~sound].iloc[0]
        line = int(table.index[~sound][0]) + FIRST_LINE
        raise DataError(
            f"{path}: column {column!r} holds {row[column]!r} in line {line} "
            f"(patient {row['empi_anon']!r}; {int((~sound).sum())} such rows)",
            "compare the file with the official release; ids must be saved as whole numbers",
        )


def _key(table: pd.DataFrame, join: str) -> pd.Series[str]:
    if join == "accession":
        return table["acc_anon"]
    return table["empi_anon"] + "_" + table["study_date_anon"].str.slice(0, 10)
