"""Features of whole slides, one vector per case.

``wsi_features/<cancer>_hif_by_case.csv.gz``: human-interpretable features (Diao et al., Nature
Communications 2021), column ``case_id`` and features ``..._HE``. Other columns, such as
``HRD_Score`` (a molecular outcome) and ``hif2gene_split``, are never input.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from benchmark.core.errors import DataError
from benchmark.datasets.tcga.cases import case_of

_SUFFIX = "_HE"


def hif_file(folder: Path, cancer: str) -> Path:
    """Return where the table of slide features belongs."""
    return folder / "wsi_features" / f"{cancer}_hif_by_case.csv.gz"


def read_hif(path: Path) -> pd.DataFrame:
    """Return features by case.

    Raises:
        DataError: No column ``case_id``, no feature, a value that is missing, or a case twice.
    """
    table = pd.read_csv(path)
    features = [name for name in table.columns if str(name).endswith(_SUFFIX)]
    if "case_id" not in table or not features:
        raise DataError(f"{path} has no column 'case_id' or no feature named ...{_SUFFIX}")
    table.index = pd.Index(table["case_id"].map(case_of))
    if not table.index.is_unique:
        raise DataError(f"{path}: case {table.index[table.index.duplicated()][0]!r} is there twice")
    values = table[features].astype(float)
    if values.isna().to_numpy().any():
        raise DataError(
            f"{path}: a feature of case {values.index[values.isna().any(axis=1)][0]!r} is missing"
        )
    return values
