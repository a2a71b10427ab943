"""A made-up TCGA cohort in the layout of the open tables, so that the same loader runs everywhere.

One latent risk per patient drives survival; RNA, CNV, mutations, slides, reports and age each see
it with noise of their own. Times are exponential, censoring is independent. As in the open tables
there are several rows per case, stray index columns, RNA z-scores with huge outliers, ages that are
missing and reports that are not there for all. Every value is invented.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.core.seeding import derive_seed
from benchmark.datasets.tcga.config import HIF_WIDTH, PUBLISHED

GENERATOR_VERSION = 1

_GRADES = ("well differentiated", "moderately differentiated", "poorly differentiated")
_FILLER = (
    "specimen received fresh",
    "margins are free",
    "sections show tumour cells",
    "lymph nodes",
)
#: Share of weight of the risk in a feature that sees it, and share of such features.
_SIGNAL, _INFORMED = 0.5, 0.1

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Cohort:
    """What to make.

    Attributes:
        table: ``blca``, ``gbmlgg``, ...; names files and sites.
        cases: Patients.
        slides: Rows, at least as many.
        widths: Features of rna, cnv, mutation and of slides; 0 leaves them out.
        dead: Expected share of patients whose death is seen.
        seed: Of everything drawn.
    """

    table: str
    cases: int
    slides: int
    widths: tuple[int, int, int, int]
    dead: float = 0.4
    seed: int = 0

    def rng(self, what: str) -> np.random.Generator:
        """Return the generator of one part."""
        return np.random.default_rng(derive_seed(self.seed, "tcga", self.table, what))


def write_release(root: Path, truth: Path, size: int, seed: int, cancer: str = "blca") -> None:
    """Write a cohort of ``size`` cases, as wide as the published one, and its risks.

    Args:
        root: Folder of the release.
        truth: Folder of ``risk.csv``: the latent risk of each case.
        size: Cases.
        seed: Of everything drawn.
        cancer: Table of the cohort, e.g. ``gbmlgg``.
    """
    slides = size + size // 5
    widths = (*PUBLISHED[cancer].widths, HIF_WIDTH)
    cohort = Cohort(cancer, size, slides, widths, seed=seed)
    write_cohort(root, cohort)
    table = pd.DataFrame({"case_id": _ids(cohort), "risk": _risk(cohort)})
    table.to_csv(truth / "risk.csv", index=False)


def write_cohort(folder: Path, cohort: Cohort) -> None:
    """Write omics, reports, slide features (where wanted) and five folds below ``folder``."""
    risk, ids = _risk(cohort), _ids(cohort)
    rna, cnv, mutation, slides = cohort.widths
    blocks = {
        "rnaseq": _rna(cohort, risk, rna),
        "cnv": np.clip(np.round(_see(cohort, "cnv", risk, cnv)), -2, 2),
        "mut": (_see(cohort, "mutation", risk, mutation) > 1.2).astype(float),
    }
    _write_omics(folder / "omics", cohort, ids, risk, blocks)
    _write_reports(folder / "reports", cohort, ids, risk)
    if slides:
        _write_slides(folder / "wsi_features", cohort, ids, _see(cohort, "slides", risk, slides))
    _write_folds(folder / "splits" / f"tcga_{cohort.table}", cohort, ids)


def _risk(cohort: Cohort) -> Values:
    risk: Values = cohort.rng("risk").normal(size=cohort.cases)
    return risk


def _ids(cohort: Cohort) -> list[str]:
    return [f"TCGA-{'ABCDEFGH'[i % 8]}{i % 7}-{i:04d}" for i in range(cohort.cases)]


def _see(cohort: Cohort, part: str, risk: Values, width: int) -> Values:
    """Return (N, width) normal features, a few of which follow the risk."""
    rng = cohort.rng(part)
    weight = np.where(rng.random(width) < _INFORMED, _SIGNAL * rng.choice([-1, 1], width), 0.0)
    noise: Values = rng.normal(size=(len(risk), width))
    seen: Values = risk[:, None] * weight + noise * np.sqrt(1 - weight**2)
    return seen


def _rna(cohort: Cohort, risk: Values, width: int) -> Values:
    values = _see(cohort, "rna", risk, width)
    outlier = cohort.rng("outliers").random(values.shape) < 0.001
    return np.where(outlier, 1e4 * np.abs(values), values)


def _write_omics(
    folder: Path, cohort: Cohort, ids: list[str], risk: Values, blocks: dict[str, Values]
) -> None:
    rng = cohort.rng("clinical")
    death = rng.exponential(30 * np.exp(-1.5 * risk))
    last = rng.exponential(30 * cohort.dead / (1 - cohort.dead), cohort.cases)
    age = np.round(60 + 4 * risk + 9 * rng.normal(size=cohort.cases))
    frame = pd.DataFrame(
        {
            "case_id": ids,
            "age": np.where(rng.random(cohort.cases) < 0.02, np.nan, age),
            "site": [case[5:7] for case in ids],
            "survival_months": np.round(np.minimum(death, last) + 0.03, 2),
            "censorship": (last < death).astype(float),
            "is_female": (rng.random(cohort.cases) < 0.4).astype(float),
            "oncotree_code": _codes(cohort),
            "train": 1.0,
        }
        | {
            f"G{k}_{suffix}": np.round(values[:, k], 4)
            for suffix, values in blocks.items()
            for k in range(values.shape[1])
        }
    )
    again = np.sort(rng.integers(0, cohort.cases, cohort.slides - cohort.cases))
    rows = frame.iloc[np.sort(np.r_[np.arange(cohort.cases), again])].reset_index(drop=True)
    rows.insert(1, "slide_id", [f"{case}-01Z-{k}.svs" for k, case in enumerate(rows["case_id"])])
    folder.mkdir(parents=True, exist_ok=True)
    rows.to_csv(folder / f"tcga_{cohort.table}_all_clean.csv.zip", index=True)


def _codes(cohort: Cohort) -> list[str]:
    """Return the tumour type; one case in six of gbmlgg is a glioblastoma, as in the open table."""
    mixed = cohort.table == "gbmlgg"
    return [
        ("GBM" if k % 6 == 0 else "ASTR") if mixed else cohort.table.upper()
        for k in range(cohort.cases)
    ]


def _write_reports(folder: Path, cohort: Cohort, ids: list[str], risk: Values) -> None:
    rng = cohort.rng("reports")
    grade = np.digitize(risk + 0.7 * rng.normal(size=len(risk)), [-0.5, 0.7])
    texts = [
        f"{_FILLER[rng.integers(4)]}. Diagnosis: carcinoma, {_GRADES[one]}. "
        f"{_FILLER[rng.integers(4)]}. {_FILLER[rng.integers(4)]}."
        for one in grade
    ]
    names = [f"{case}.{rng.integers(2**32):08x}" for case in ids]
    table = pd.DataFrame({"patient_filename": names, "text": texts})
    folder.mkdir(parents=True, exist_ok=True)
    table[rng.random(len(table)) < 0.9].to_csv(folder / "TCGA_Reports.csv", index=False)


def _write_slides(folder: Path, cohort: Cohort, ids: list[str], values: Values) -> None:
    rng = cohort.rng("slides there")
    table = pd.DataFrame({f"FEATURE.{k}_HE": values[:, k] for k in range(values.shape[1])})
    table.insert(0, "case_id", ids)
    table.insert(1, "HRD_Score", rng.integers(0, 100, len(ids)))
    folder.mkdir(parents=True, exist_ok=True)
    there = rng.random(len(ids)) < 0.9
    table[there].to_csv(folder / f"{cohort.table}_hif_by_case.csv.gz", index=False)


def _write_folds(folder: Path, cohort: Cohort, ids: list[str]) -> None:
    fold = cohort.rng("folds").permutation(len(ids)) % 5
    folder.mkdir(parents=True, exist_ok=True)
    for k in range(5):
        columns = {
            "train": [case for case, one in zip(ids, fold, strict=True) if one != k],
            "val": [case for case, one in zip(ids, fold, strict=True) if one == k],
        }
        table = pd.DataFrame({name: pd.Series(cases) for name, cases in columns.items()})
        table.to_csv(folder / f"splits_{k}.csv")
