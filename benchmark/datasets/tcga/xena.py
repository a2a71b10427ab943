"""UCSC Xena: the PanCanAtlas expression matrix, with survival of TCGA-CDR (Liu et al., Cell 2018).

- ``Survival_SupplementalTable_S1_20171025_xena_sp``: tab-separated, one row per sample: ``sample``,
  ``_PATIENT``, ``cancer type abbreviation``, ``age_at_initial_pathologic_diagnosis``, ``gender``,
  ``OS`` (1 died) and ``OS.time`` in days; a month is 30.44 of them;
- ``EB++AdjustPANCAN_IlluminaHiSeq_RNASeqV2.geneExp.xena``: tab-separated genes × samples,
  log2(normalised count + 1).

Either may end in ``.gz``. Primary tumours (``-01``) are read.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from benchmark.core.errors import DataError
from benchmark.datasets.tcga.cases import Cases, case_of, check_events, is_primary

SURVIVAL = "Survival_SupplementalTable_S1_20171025_xena_sp"
EXPRESSION = "EB++AdjustPANCAN_IlluminaHiSeq_RNASeqV2.geneExp.xena"
DAYS_PER_MONTH = 30.44

_COLUMNS = {
    "OS": "event",
    "OS.time": "days",
    "age_at_initial_pathologic_diagnosis": "age",
    "gender": "gender",
}
_PROJECTS = {"gbmlgg": ("GBM", "LGG")}


def xena_files(folder: Path) -> tuple[Path, Path] | None:
    """Return the survival table and the expression matrix; None unless both are there."""
    names = ((folder / name, folder / f"{name}.gz") for name in (SURVIVAL, EXPRESSION))
    found = [next((path for path in pair if path.is_file()), None) for pair in names]
    survival, expression = found
    return None if survival is None or expression is None else (survival, expression)


def read_xena(survival: Path, expression: Path, cancer: str) -> Cases:
    """Read one cancer out of both files.

    Raises:
        DataError: A column is missing, or no sample of the cancer is in both.
    """
    patients = _patients(survival, cancer)
    rna = _expression(expression, set(patients.index))
    if rna.empty:
        raise DataError(f"{expression} has no sample of {cancer} of those in {survival}")
    event = patients["event"].astype(float)
    check_events(event, survival)
    female = patients["gender"].str.lower().map({"female": 1.0, "male": 0.0})
    return Cases(
        survival=pd.DataFrame({"months": patients["days"] / DAYS_PER_MONTH, "event": event}),
        clinical=pd.DataFrame({"age": patients["age"].astype(float), "female": female}),
        omics={"rna": rna},
        rna_scale="log2",
    )


def _patients(path: Path, cancer: str) -> pd.DataFrame:
    table = pd.read_csv(path, sep="\t", low_memory=False)
    needed = ["_PATIENT", "cancer type abbreviation", *_COLUMNS]
    if lacking := [name for name in needed if name not in table]:
        raise DataError(f"{path} has no column {lacking[0]!r}")
    projects = _PROJECTS.get(cancer, (cancer.upper(),))
    table = table[table["cancer type abbreviation"].isin(projects)].drop_duplicates("_PATIENT")
    table = table.set_index(table["_PATIENT"].map(case_of))
    return table[list(_COLUMNS)].rename(columns=_COLUMNS)


def _expression(path: Path, cases: set[str]) -> pd.DataFrame:
    """Return cases × genes; only the columns of these cases are parsed."""
    samples = list(pd.read_csv(path, sep="\t", nrows=0).columns)
    gene = samples[0]
    wanted = {one for one in samples[1:] if is_primary(one) and case_of(one) in cases}
    table = pd.read_csv(path, sep="\t", usecols=lambda name: name == gene or name in wanted)
    values = table.drop_duplicates(gene).set_index(gene).T.astype(float)
    values.index = values.index.map(case_of)
    return values[~values.index.duplicated()].dropna(axis="columns", how="all")
