"""The prepared form of the set: cohort, sparse matrices, attrition; made once, in any order.

``index.parquet`` has a row per patient. ``lab.npz``, ``code.npz`` and ``note.npz`` hold what each
patient has, sparse, every column the release has: which of them count is for the training rows to
say. No file holds anything that could run.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from scipy.sparse import csr_matrix, load_npz, save_npz

from benchmark.core.atomic import replacing
from benchmark.datasets._base import AttritionStep, Progress, silent
from benchmark.datasets._prepared import write_attrition
from benchmark.datasets.mimic_mortality_raw.cohort import read_cohort
from benchmark.datasets.mimic_mortality_raw.config import MODALITIES, MIMICRawMortalityConfig
from benchmark.datasets.mimic_mortality_raw.extracts import (
    categories,
    item_means,
    summaries,
    word_counts,
)

VERSION = 1


@dataclass(frozen=True)
class Source:
    """What is read.

    Attributes:
        root: Folder of MIMIC-IV.
        version: Of it; None where it is not known.
        discharge: Table of discharge summaries; None where it is not there.
        equivalents: ``icd10, icd9``, a row per pair of codes.
    """

    root: Path
    version: str | None
    discharge: Path | None
    equivalents: pl.DataFrame


def make(
    source: Source, config: MIMICRawMortalityConfig, part: Path, progress: Progress = silent
) -> None:
    """Fill a folder; what an interrupted call has read of any table is not read again."""
    index, steps = read_cohort(source.root)
    index.write_parquet(part / "index.parquet")
    lab_steps = _make_lab(source, config, index, part, progress)
    code_steps = _make_code(source, config, index, part, progress)
    note_steps = _make_note(source, config, index, part, progress)
    write_attrition(part, (*steps, *lab_steps, *code_steps, *note_steps))
    for folder in part.glob("parts_*"):
        shutil.rmtree(folder)


def read_index(folder: Path) -> pl.DataFrame:
    """Return the patients of a prepared folder, a row each."""
    return pl.read_parquet(folder / "index.parquet")


def read_matrices(folder: Path) -> dict[str, csr_matrix]:
    """Return the matrices of a prepared folder by modality, row for row with its patients."""
    return {name: csr_matrix(load_npz(folder / f"{name}.npz")) for name in MODALITIES}


def _make_lab(
    source: Source,
    config: MIMICRawMortalityConfig,
    index: pl.DataFrame,
    part: Path,
    progress: Progress,
) -> list[AttritionStep]:
    tables: list[pl.DataFrame] = []
    steps: list[AttritionStep] = []
    for name in ("labevents", "chartevents")[: 1 + config.charted]:
        means, of_table = item_means(
            source.root, name, index, source.version, part / f"parts_{name}", progress
        )
        tables.append(means)
        steps += of_table
    means = pl.concat(tables)
    _save(part, "lab", means["row"], means["itemid"], means["mean"], len(index))
    return steps


def _make_code(
    source: Source,
    config: MIMICRawMortalityConfig,
    index: pl.DataFrame,
    part: Path,
    progress: Progress,
) -> list[AttritionStep]:
    tables: list[pl.DataFrame] = []
    steps: list[AttritionStep] = []
    own = config.icd10_procedures == "own"
    for name in ("diagnoses_icd", "procedures_icd"):
        found, of_table = categories(
            source.root,
            name,
            index,
            source.equivalents,
            own,
            source.version,
            part / f"parts_{name}",
            progress,
        )
        tables.append(found)
        steps += of_table
    codes = pl.concat(tables)
    ones = pl.Series("one", np.ones(len(codes)))
    _save(part, "code", codes["row"], codes["category"], ones, len(index))
    return steps


def _make_note(
    source: Source,
    config: MIMICRawMortalityConfig,
    index: pl.DataFrame,
    part: Path,
    progress: Progress,
) -> list[AttritionStep]:
    parts: list[Path] = []
    steps: tuple[AttritionStep, ...] = ()
    if source.discharge is not None:
        folder = part / "parts_discharge"
        parts, steps = summaries(source.discharge, index, config.note_days, folder, progress)
    _write(part / "note.npz", word_counts(parts, len(index)))
    return list(steps)


def _save(
    part: Path, name: str, rows: pl.Series, columns: pl.Series, values: pl.Series, count: int
) -> None:
    """Write what patients have; columns are numbered in order of item or category."""
    names, places = np.unique(columns.to_numpy(), return_inverse=True)
    pl.DataFrame({"name": names}).write_parquet(part / f"{name}_names.parquet")
    shape = (count, max(1, len(names)))
    data = values.to_numpy().astype(np.float32)
    _write(part / f"{name}.npz", csr_matrix((data, (rows.to_numpy(), places)), shape=shape))


def _write(path: Path, matrix: csr_matrix) -> None:
    with replacing(path) as temp, temp.open("wb") as file:
        save_npz(file, matrix)
