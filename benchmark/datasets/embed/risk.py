"""Cancer within 1 to 5 years of an exam."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.datasets.embed.config import HORIZONS

_YEAR = 365.25
#: A cancer whose procedure was up to this many days before the exam counts as found by it.
_GRACE = 30
#: Years to a cancer that never came.
NEVER = 100.0


def years_to_cancer(exams: pd.DataFrame, findings: pd.DataFrame) -> NDArray[np.float64]:
    """Return years to the patient's first cancer from 30 days before the exam on, (N,).

    Args:
        exams: ``patient`` and ``date`` of each exam.
        findings: Of ``read_findings``: all findings of these patients, of either breast.

    Returns:
        0 for a cancer found up to 30 days before, 100 if there is none.
    """
    cancers = findings.dropna(subset="cancer_date")
    by_patient = {
        patient: np.sort(dates.to_numpy(dtype="datetime64[D]"))
        for patient, dates in cancers.groupby("patient")["cancer_date"]
    }
    days = exams["date"].to_numpy(dtype="datetime64[D]")
    found = np.full(len(exams), NEVER)
    for row, patient in enumerate(exams["patient"]):
        if patient in by_patient:
            ahead = (by_patient[patient] - days[row]).astype(int)
            ahead = ahead[ahead >= -_GRACE]
            if len(ahead):
                found[row] = max(0, int(ahead[0])) / _YEAR
    return found


def years_of_follow_up(exams: pd.DataFrame, findings: pd.DataFrame) -> NDArray[np.float64]:
    """Return years from each exam to the patient's last one, (N,)."""
    last = findings.groupby("patient")["date"].max().reindex(exams["patient"])
    gap = last.to_numpy(dtype="datetime64[D]") - exams["date"].to_numpy(dtype="datetime64[D]")
    return np.asarray(gap.astype(int) / _YEAR)


def risk_labels(
    to_cancer: NDArray[np.float64], follow_up: NDArray[np.float64], censor: str
) -> dict[str, NDArray[np.float64]]:
    """Return 1 (cancer within k years), 0 or NaN (not known) by task ``risk_<k>y``.

    Args:
        to_cancer: Years to cancer, 100 if none.
        follow_up: Years to the last exam.
        censor: ``mask`` leaves samples without cancer that were last seen before the horizon
            unlabelled, ``negative`` calls them free of cancer.
    """
    labels = {}
    for years in HORIZONS:
        free = (follow_up >= years) | (to_cancer < NEVER) | (censor == "negative")
        labels[f"risk_{years}y"] = np.where(to_cancer <= years, 1.0, np.where(free, 0.0, np.nan))
    return labels
