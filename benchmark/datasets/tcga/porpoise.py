"""The omics tables of PORPOISE (Chen et al., Cancer Cell 2022): one row per slide, all in one CSV.

``case_id, slide_id, age, site, survival_months, censorship, is_female, oncotree_code, train`` and
features ``<GENE>_rnaseq`` (z-scores of cBioPortal, unbounded), ``<GENE>_cnv`` (-2 .. 2) and
``<GENE>_mut`` (0, 1). ``censorship`` is 1 for a patient alive at last contact, so the event is its
opposite. Some files carry stray index columns. Columns that are no feature by name are never input.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import chain
from pathlib import Path

import pandas as pd

from benchmark.core.errors import DataError
from benchmark.datasets.tcga.cases import Cases, check_events, one_row_per_case

_SUFFIX = {"rna": "_rnaseq", "cnv": "_cnv", "mutation": "_mut"}
_NEEDED = ("case_id", "age", "survival_months", "censorship", "is_female", "oncotree_code")


def porpoise_file(folder: Path, table: str) -> Path:
    """Return where the table of ``blca``, ``gbmlgg``, ... belongs."""
    return folder / "omics" / f"tcga_{table}_all_clean.csv.zip"


def read_porpoise(path: Path, cancer: str) -> Cases:
    """Read one table.

    Args:
        path: CSV, perhaps zipped.
        cancer: ``lgg`` leaves out rows of ``oncotree_code`` GBM.

    Raises:
        DataError: A column is missing, or rows of a case differ.
    """
    table = pd.read_csv(path, low_memory=False)
    if lacking := [name for name in _NEEDED if name not in table]:
        raise DataError(f"{path} has no column {lacking[0]!r}")
    if cancer == "lgg":
        table = table[table["oncotree_code"] != "GBM"]
    columns = {
        name: [one for one in table.columns if str(one).endswith(suffix)]
        for name, suffix in _SUFFIX.items()
    }
    needed = [name for name in _NEEDED if name != "case_id"]
    one = one_row_per_case(table, [*needed, *chain(*columns.values())], path)
    event = 1 - one["censorship"].astype(float)
    check_events(event, path)
    return Cases(
        survival=pd.DataFrame({"months": one["survival_months"].astype(float), "event": event}),
        clinical=pd.DataFrame(
            {"age": one["age"].astype(float), "female": one["is_female"].astype(float)}
        ),
        omics={name: one[names].astype(float) for name, names in columns.items() if names},
        rna_scale="zscore",
    )


def porpoise_size(path: Path) -> tuple[int, int]:
    """Return the numbers of cases and slides of a table."""
    stat = path.stat()
    return _size(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=64)
def _size(path: Path, changed: int, length: int) -> tuple[int, int]:
    cases = pd.read_csv(path, usecols=["case_id"], dtype=str)["case_id"]
    return int(cases.nunique()), len(cases)
