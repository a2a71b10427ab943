"""cBioPortal study folders, e.g. ``blca_tcga_pan_can_atlas_2018`` of the public datahub.

- ``data_clinical_patient.txt``: lines of ``#``, then PATIENT_ID, AGE, SEX, OS_STATUS
  (``1:DECEASED``; older studies ``DECEASED``) and OS_MONTHS;
- one of ``data_mrna_seq_v2_rsem_zscores_ref_all_samples.txt``, ``..._ref_diploid_samples.txt``
  (z-scores) and ``data_mrna_seq_v2_rsem.txt`` (counts, read as log2(x + 1)), in this order;
- ``data_cna.txt`` (-2 .. 2) and ``data_mutations.txt`` (MAF; 1 for a gene with any entry), with
  ``case_lists/cases_sequenced.txt`` naming samples that were sequenced but carry none.

Matrices have one row per gene and one column per sample; of a patient's samples the primary tumour
(``-01``) is read.
"""

from __future__ import annotations

from itertools import takewhile
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from benchmark.core.errors import DataError
from benchmark.datasets.tcga.cases import Cases, case_of, check_events, is_primary

_EXPRESSION: tuple[tuple[str, Literal["zscore", "log2"]], ...] = (
    ("data_mrna_seq_v2_rsem_zscores_ref_all_samples.txt", "zscore"),
    ("data_mrna_seq_v2_rsem_zscores_ref_diploid_samples.txt", "zscore"),
    ("data_mrna_seq_v2_rsem.txt", "log2"),
)
PATIENTS, _CNA, _MUTATIONS = "data_clinical_patient.txt", "data_cna.txt", "data_mutations.txt"
_SEQUENCED = "case_lists/cases_sequenced.txt"
_COLUMNS = ("PATIENT_ID", "AGE", "SEX", "OS_STATUS", "OS_MONTHS")


def cbioportal_files(folder: Path) -> tuple[Path, ...]:
    """Return the files of a study that would be read, those that are there."""
    expression = [name for name, _ in _EXPRESSION if (folder / name).is_file()][:1]
    names = [PATIENTS, *expression, _CNA, _MUTATIONS, _SEQUENCED]
    return tuple(folder / name for name in names if (folder / name).is_file())


def read_cbioportal(folder: Path) -> Cases:
    """Read a study.

    Raises:
        DataError: A column or all molecular data is missing, or a status is unknown.
    """
    patients = _read(folder / PATIENTS, dtype=str)
    if lacking := [name for name in _COLUMNS if name not in patients]:
        raise DataError(f"{folder / PATIENTS} has no column {lacking[0]!r}")
    patients = patients.set_index(patients["PATIENT_ID"].map(case_of))
    omics, scale = _omics(folder)
    if not omics:
        raise DataError(f"{folder} has neither expression nor {_CNA} nor {_MUTATIONS}")
    event = _events(patients["OS_STATUS"], folder / PATIENTS)
    months = pd.to_numeric(patients["OS_MONTHS"], errors="coerce")
    sex = patients["SEX"].str.lower().map({"female": 1.0, "male": 0.0})
    age = pd.to_numeric(patients["AGE"], errors="coerce")
    return Cases(
        survival=pd.DataFrame({"months": months, "event": event}),
        clinical=pd.DataFrame({"age": age, "female": sex}),
        omics=omics,
        rna_scale=scale,
    )


def _omics(folder: Path) -> tuple[dict[str, pd.DataFrame], Literal["zscore", "log2"]]:
    omics: dict[str, pd.DataFrame] = {}
    scale: Literal["zscore", "log2"] = "zscore"
    found = [(folder / name, kind) for name, kind in _EXPRESSION if (folder / name).is_file()]
    if found:
        path, scale = found[0]
        values = _matrix(path)
        if scale == "log2":
            # Over the array: one call per gene and sample would take minutes.
            logs = np.log2(values.to_numpy().clip(min=0) + 1)
            values = pd.DataFrame(logs, index=values.index, columns=values.columns)
        omics["rna"] = values
    if (folder / _CNA).is_file():
        omics["cnv"] = _matrix(folder / _CNA).fillna(0.0)
    if (folder / _MUTATIONS).is_file():
        omics["mutation"] = _mutations(folder)
    return omics, scale


def _read(path: Path, **options: Any) -> pd.DataFrame:
    """Read a table behind its leading lines of ``#``; later ones may be part of a text."""
    with path.open(encoding="utf-8") as lines:
        head = sum(1 for _ in takewhile(lambda line: line.startswith("#"), lines))
    table: pd.DataFrame = pd.read_csv(path, sep="\t", skiprows=head, **options)
    return table


def _matrix(path: Path) -> pd.DataFrame:
    """Return cases × genes of a matrix of genes × samples; of equal names the first row counts."""
    table = _read(path, low_memory=False)
    if "Hugo_Symbol" not in table:
        raise DataError(f"{path} has no column 'Hugo_Symbol'")
    table = table.dropna(subset="Hugo_Symbol").drop_duplicates("Hugo_Symbol")
    values = table.set_index("Hugo_Symbol")
    values = values[[one for one in values.columns if is_primary(one)]].T.astype(float)
    values.index = values.index.map(case_of)
    return values[~values.index.duplicated()].dropna(axis="columns", how="all")


def _mutations(folder: Path) -> pd.DataFrame:
    columns = ["Hugo_Symbol", "Tumor_Sample_Barcode"]
    path = folder / _MUTATIONS
    table = pd.read_csv(
        path, sep="\t", comment="#", usecols=lambda name: name in columns, dtype=str
    )
    if lacking := [name for name in columns if name not in table]:
        raise DataError(f"{path} has no column {lacking[0]!r}")
    table = table.dropna()
    table = table[table["Tumor_Sample_Barcode"].map(is_primary)]
    cases = table["Tumor_Sample_Barcode"].map(case_of)
    carries = (pd.crosstab(cases, table["Hugo_Symbol"]) > 0).astype(float)
    return carries.reindex(sorted({*carries.index, *_sequenced(folder)}), fill_value=0.0)


def _sequenced(folder: Path) -> set[str]:
    path = folder / _SEQUENCED
    if not path.is_file():
        return set()
    lines = path.read_text(encoding="utf-8").splitlines()
    ids = " ".join(line.partition(":")[2] for line in lines if line.startswith("case_list_ids"))
    return {case_of(one) for one in ids.split() if is_primary(one)}


def _events(status: pd.Series[str], path: Path) -> pd.Series[float]:
    """Return 1 for ``1:DECEASED``, 0 for ``0:LIVING``, NaN for blanks."""
    word = status.str.rpartition(":")[2].str.strip().str.upper()
    strange = sorted(set(word.dropna()) - {"DECEASED", "LIVING", "", "[NOT AVAILABLE]"})
    if strange:
        raise DataError(f"{path}: OS_STATUS {strange[0]!r} is neither DECEASED nor LIVING")
    event = word.map({"DECEASED": 1.0, "LIVING": 0.0})
    check_events(event, path)
    return event
