"""Where MIMIC-IV is, which version it is, and whether all of it is there."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Literal

from benchmark.core.errors import DataError, DataNotAvailable
from benchmark.datasets._base import DataContext
from benchmark.datasets._release import Found, ReleaseConfig, locate
from benchmark.datasets.mimic.tables import TABLES, row_count, table_file

#: All loaders of MIMIC-IV share one folder: ``--data mimic_icu=PATH``.
NAME = "mimic_icu"
FOLDERS = (
    "mimic-iv-2.2",
    "mimiciv-2.2",
    "mimiciv/2.2",
    "mimic-iv-3.1",
    "mimiciv-3.1",
    "mimiciv/3.1",
    "mimic-iv-clinical-database-demo-2.2",
)
DEMO = "demo 2.2"
#: Rows of tables by version.
SIZES: dict[str, dict[str, int]] = {
    "2.2": {
        "patients": 299_712,
        "admissions": 431_231,
        "icustays": 73_181,
        "chartevents": 313_645_063,
        "labevents": 118_171_367,
        "diagnoses_icd": 4_756_326,
        "d_labitems": 1_622,
    },
    "3.1": {
        "patients": 364_627,
        "admissions": 546_028,
        "icustays": 94_458,
        "chartevents": 432_997_491,
        "labevents": 158_374_764,
        "diagnoses_icd": 6_364_488,
        "procedures_icd": 859_655,
        "d_items": 4_095,
        "d_labitems": 1_650,
    },
    DEMO: {
        "patients": 100,
        "admissions": 275,
        "icustays": 140,
        "chartevents": 668_862,
        "labevents": 107_727,
        "diagnoses_icd": 4_506,
        "procedures_icd": 722,
        "d_items": 4_014,
        "d_labitems": 1_622,
    },
}
#: Small tables by which a version is known.
_KNOWN_BY = ("patients", "admissions", "icustays")
#: Files that give away another release.
_OTHERS = {
    "PATIENTS.csv.gz": "MIMIC-III",
    "PATIENTS.csv": "MIMIC-III",
    "core/patients.csv.gz": "MIMIC-IV 1.0 or older",
    "core/patients.csv": "MIMIC-IV 1.0 or older",
    "patient.csv.gz": "eICU",
    "patient.csv": "eICU",
}


def find(
    config: ReleaseConfig,
    context: DataContext,
    needed: Sequence[str] = tuple(TABLES),
    name: str = NAME,
) -> Found:
    """Find the folder of MIMIC-IV without writing anything.

    Args:
        config: Options of the loader.
        context: Folders and source.
        needed: Tables without which the folder cannot be read.
        name: Of the dataset, whose generator writes a miniature.

    Raises:
        DataNotAvailable: Nothing of the source asked for, another release, or tables are missing.
        DataError: The folder mixes versions, or a table is damaged.
    """
    return locate(name, FOLDERS, config, context, partial(_complete, needed=needed))


def version_of(root: Path) -> str | None:
    """Return the version by the sizes of small tables; None where it is none that is known.

    Raises:
        DataError: Some sizes are those of a known version and others are not: the copy is
            truncated, or tables of several versions lie in one folder.
    """
    rows = {}
    for name in _KNOWN_BY:
        if path := table_file(root, name):
            rows[name] = row_count(path)
    for version, sizes in SIZES.items():
        same = [name for name, count in rows.items() if count == sizes[name]]
        if len(same) == len(rows):
            return version
        if same:
            odd = next(name for name in rows if name not in same)
            check_rows(root, version, odd, rows[odd])
    return None


def check_rows(root: Path, version: str | None, name: str, rows: int) -> None:
    """Hold the rows of a table against those of the version.

    Raises:
        DataError: They differ.
    """
    known = SIZES.get(version or "", {}).get(name)
    if known is not None and rows != known:
        raise DataError(
            f"{table_file(root, name)} has {rows:,} rows, but in MIMIC-IV {version} it has "
            f"{known:,}, and other tables of this folder are that version's",
            "download or copy it again; a subset must leave out the same patients everywhere",
        )


def _complete(root: Path, needed: Sequence[str]) -> tuple[Literal["real", "partial"], str]:
    lacking = [name for name in needed if table_file(root, name) is None]
    if lacking:
        other = next((known for file, known in _OTHERS.items() if (root / file).is_file()), None)
        first = f"{TABLES[lacking[0]].folder}/{lacking[0]}.csv.gz"
        raise DataNotAvailable(
            f"{root} is {other}, not MIMIC-IV 2.2 or 3.1" if other else f"{root} has no {first}"
            + (f" and lacks {len(lacking) - 1} more tables" if len(lacking) > 1 else ""),
            f"point --data {NAME}=PATH at the folder that holds hosp and icu",
        )  # fmt: skip
    version = version_of(root)
    if version is None:
        rows = {name: row_count(path) for name in _KNOWN_BY if (path := table_file(root, name))}
        text = ", ".join(f"{count:,} {name}" for name, count in rows.items())
        return "partial", f"no version known: {text}"
    stays = f"{SIZES[version]['icustays']:,} stays in intensive care"
    return ("partial" if version == DEMO else "real"), f"version {version}, {stays}"
