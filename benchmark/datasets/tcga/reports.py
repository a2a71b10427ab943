"""Pathology reports: TCGA-Reports (Kefeli and Tatonetti 2024), ``TCGA_Reports.csv``.

Columns ``patient_filename`` (``TCGA-BP-5195.<UUID>``, or the patient alone) and ``text``, read by
OCR from scans. A report states stage and grade.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pandas as pd

from benchmark.core.errors import DataError
from benchmark.datasets.tcga.cases import case_of


def read_reports(path: Path, cases: Collection[str]) -> dict[str, str]:
    """Return the text by case, of these cases; several reports of a case are joined.

    Raises:
        DataError: A column is missing.
    """
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    if lacking := [name for name in ("patient_filename", "text") if name not in table]:
        raise DataError(f"{path} has no column {lacking[0]!r}")
    texts: dict[str, list[str]] = {}
    for name, text in zip(table["patient_filename"], table["text"], strict=True):
        case = case_of(name)
        if case in cases and text.strip():
            texts.setdefault(case, []).append(text)
    return {case: "\n".join(parts) for case, parts in texts.items()}
