"""Files of SurvPath and MMP (Jaume et al., CVPR 2024; Song et al., ICML 2024): RNA and folds.

- ``omics/mmp/<cancer>/rna_clean.csv``: cases × genes, log2 scale, the case in the first column;
- ``splits/mmp_<cancer>/<fold>/{train,test}.csv``, one folder per fold, such as
  ``TCGA_BLCA_overall_survival_k=0``: one row per slide with ``case_id``, ``os_censorship`` (1 for a
  patient alive at last contact), ``os_survival_days``, ``sex`` (F, M) and
  ``age_at_initial_pathologic_diagnosis``. A month is 30.44 days.

The same folders are the split files ``mmp_<cancer>``. Other columns are never input: most of them
tell an outcome.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from benchmark.core.errors import DataError
from benchmark.datasets.tcga.cases import Cases, case_of, check_events, one_row_per_case
from benchmark.datasets.tcga.xena import DAYS_PER_MONTH

_COLUMNS = {
    "os_censorship": "censored",
    "os_survival_days": "days",
    "age_at_initial_pathologic_diagnosis": "age",
    "sex": "sex",
}
_PARTS = ("train.csv", "test.csv")


def mmp_files(folder: Path, cancer: str) -> tuple[Path, ...]:
    """Return the expression table and then the tables of the folds; none unless both are there."""
    rna = folder / "omics" / "mmp" / cancer / "rna_clean.csv"
    folds = folder / "splits" / f"mmp_{cancer}"
    tables = sorted(path for name in _PARTS for path in folds.glob(f"*/{name}"))
    return (rna, *tables) if rna.is_file() and tables else ()


def read_mmp(files: Sequence[Path]) -> Cases:
    """Read what :func:`mmp_files` found.

    Raises:
        DataError: A column is missing, rows of a case differ, or no case is in both.
    """
    rna, *tables = files
    patients = _patients(tables)
    expression = pd.read_csv(rna, index_col=0)
    expression.index = expression.index.map(lambda name: case_of(str(name)))
    expression = expression[~expression.index.duplicated()].astype(float)
    expression = expression[expression.index.isin(patients.index)]
    if expression.empty:
        raise DataError(f"{rna} has none of the cases in {tables[0].parent.parent}")
    event = 1 - patients["censored"]
    check_events(event, tables[0])
    female = patients["sex"].str.upper().str[:1].map({"F": 1.0, "M": 0.0})
    return Cases(
        survival=pd.DataFrame({"months": patients["days"] / DAYS_PER_MONTH, "event": event}),
        clinical=pd.DataFrame({"age": patients["age"], "female": female}),
        omics={"rna": expression},
        rna_scale="log2",
    )


def _patients(tables: Sequence[Path]) -> pd.DataFrame:
    """Return one row per case of all folds, which must agree."""
    found = []
    for path in tables:
        table = pd.read_csv(path, dtype=str)
        if lacking := [name for name in ("case_id", *_COLUMNS) if name not in table]:
            raise DataError(f"{path} has no column {lacking[0]!r}")
        found.append(table[["case_id", *_COLUMNS]])
    joined = pd.concat(found, ignore_index=True)
    joined["case_id"] = joined["case_id"].map(case_of)
    for name in _COLUMNS:
        if name != "sex":
            joined[name] = pd.to_numeric(joined[name], errors="coerce")
    one = one_row_per_case(joined, list(_COLUMNS), tables[0].parent.parent)
    return one.rename(columns=_COLUMNS)
