"""One-year mortality of patients in MIMIC-IV: laboratory values, notes and codes as flat vectors.

Read are the files of I2MoE's folder ``mimic4 Dataset``: ``labels.csv`` (``subject_id``,
``one_year_mortality``; one row per patient), the row-aligned tensors ``lab_x.pt``, ``note_x.pt``
and ``code_x.pt`` (opened with ``weights_only``, so that no code in them can run), and, where it is
there, ``PTID_splits_mimic.json``, which gives the official parts. How these files were made from
MIMIC-IV was not released.

Differences of the published loaders, each an option:

==================== ============================= =======================================
option               default                       as released
==================== ============================= =======================================
``empty_rows``       a patient without any value   ``observed``: every modality counts as
                     lacks the modality            there for everybody
``missing_values``   0, as I2MoE does              the same (MoE-Retriever leaves NaN)
==================== ============================= =======================================
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from benchmark.core.errors import DataError, DataNotAvailable
from benchmark.core.problem import Component, Modality, Task
from benchmark.core.result import Release
from benchmark.datasets._base import AttritionStep, DataContext
from benchmark.datasets._digest import data_fingerprint
from benchmark.datasets._factor_config import FactorConfig
from benchmark.datasets._located import Located
from benchmark.datasets._part_lists import parts_of, read_part_lists
from benchmark.datasets._release import Found, locate
from benchmark.datasets._vector import Transform, Values, VectorDataset
from benchmark.datasets.tcga._transforms import Filler

FOLDERS = ("mimic4 Dataset", "mimic4", "mimic_mortality")
MODALITIES = ("lab", "note", "code")
LABELS, SPLIT = "labels.csv", "PTID_splits_mimic.json"
#: The published width of laboratory values; those of notes and codes are not stated, and these are
#: the generated release's.
WIDTHS = {"lab": 2172, "note": 768, "code": 1024}
PATIENTS = 9003


class MIMICMortalityConfig(FactorConfig):
    """How empty values are taken.

    Attributes:
        empty_rows: Whether a patient whose values of a modality are all empty (NaN or 0) has it.
        missing_values: What NaN becomes: ``zero``, or ``train_mean``, the column's mean over the
            training rows.
        scaling: ``none``, or ``train``: standardised by the training rows.
        synthetic_size: Patients of a generated release.
    """

    MODALITIES: ClassVar[tuple[str, ...]] = MODALITIES

    empty_rows: Literal["unobserved", "observed"] = "unobserved"
    missing_values: Literal["zero", "train_mean"] = "zero"
    scaling: Literal["none", "train"] = "none"
    synthetic_size: int = Field(default=800, ge=40)


class MIMICMortality(VectorDataset, Located):
    """Patients of the cohort; see the module's text.

    Raises:
        DataNotAvailable: No release of the source asked for.
        DataError: A file is not laid out as its release says.
    """

    config_class = MIMICMortalityConfig
    config: MIMICMortalityConfig

    def __init__(self, config: MIMICMortalityConfig, context: DataContext) -> None:
        super().__init__(config, context)
        found = self.find(config, context)
        root = found.ready()
        self.release = self.describe_release(config, context, found)
        labels = read_labels(root / LABELS)
        self.values = {name: read_tensor(root / f"{name}_x.pt", len(labels)) for name in MODALITIES}
        observed = {name: _there(config, values) for name, values in self.values.items()}
        samples = _samples(labels, observed)
        if (root / SPLIT).is_file():
            samples["part"] = parts_of(labels.index, read_part_lists(root / SPLIT))
        kept = np.asarray(np.stack(list(observed.values())).any(axis=0))
        left = int(kept.sum())
        self.steps = (
            AttritionStep("patients with a label", len(kept)),
            AttritionStep("patients with data", left, len(kept) - left, "no value at all"),
        )
        self.samples = pd.DataFrame(samples[kept]).reset_index(drop=True)
        self.values = {name: values[kept] for name, values in self.values.items()}
        self.component = _component({name: one.shape[1] for name, one in self.values.items()})

    @classmethod
    def find(cls, config: MIMICMortalityConfig, context: DataContext) -> Found:
        """Find the folder; see :class:`Located`."""
        return locate("mimic_mortality", FOLDERS, config, context, _complete)

    @classmethod
    def describe_release(
        cls, config: MIMICMortalityConfig, context: DataContext, found: Found
    ) -> Release:
        """Hash the table and the split; the tensors count by name and size."""
        return found.release(
            title="MIMIC-IV one-year mortality, files of I2MoE",
            version="MIMIC-IV",
            cohort="adults with more than one visit, one row per patient",
            terms="PhysioNet Credentialed Health Data License 1.5.0",
            content=lambda: _fingerprint(found.root, context.paths.cache),
            credentialed=True,
        )

    @classmethod
    def describe(cls, config: MIMICMortalityConfig) -> Component:
        """Three vectors and one binary task, with the widths of :data:`WIDTHS`."""
        return _component(WIDTHS)

    def fit_values(self, modality: str, values: Any) -> Transform:
        """Estimate what the options ask for; without any, only NaN is replaced."""
        return Filling.fit(values, self.config)


@dataclass(frozen=True)
class Filling:
    """NaN replaced, then standardised where wanted.

    Attributes:
        fill: (F,) what stands for NaN.
        filler: Standardises; None leaves values as they are.
    """

    fill: Values
    filler: Filler | None

    @classmethod
    def fit(cls, values: Any, config: MIMICMortalityConfig) -> Filling:
        """Estimate from training rows, (K, F)."""
        fill = np.zeros(values.shape[1])
        if config.missing_values == "train_mean":
            there = np.isfinite(values)
            total = np.where(there, values, 0.0).sum(axis=0, dtype=np.float64)
            fill = total / np.maximum(there.sum(axis=0), 1)
        if config.scaling == "none":
            return cls(fill, None)
        return cls(fill, Filler.fit(_filled(values, fill)))

    def __call__(self, values: Any) -> Values:
        """Return (K, F) without gaps."""
        filled = _filled(values, self.fill)
        return filled if self.filler is None else self.filler(filled)


def read_labels(path: Path) -> pd.Series[float]:
    """Return one-year mortality, 0 or 1, by ``subject_id`` (text), in the order of the file.

    Raises:
        DataError: A column is missing, a patient has two rows, or a label is neither 0 nor 1.
    """
    try:
        table = pd.read_csv(path, dtype={"subject_id": str})
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read as CSV: {error}", "fetch it again") from error
    for column in ("subject_id", "one_year_mortality"):
        if column not in table:
            raise DataError(f"{path} has no column {column!r}", "it is not the released table")
    twice = table["subject_id"][table["subject_id"].duplicated()]
    if len(twice):
        raise DataError(
            f"{path}: patient {twice.iloc[0]} has two rows", "the tensors have a row per patient"
        )
    labels = table.set_index("subject_id")["one_year_mortality"].astype(np.float64)
    strange = labels[~labels.isin([0, 1])]
    if len(strange):
        raise DataError(
            f"{path}: patient {strange.index[0]} has one_year_mortality {strange.iloc[0]:g}",
            "it must be 0 or 1",
        )
    return labels


def read_tensor(path: Path, rows: int) -> NDArray[np.float32]:
    """Return the (rows, F) float32 matrix that a file of ``torch.save`` holds.

    Raises:
        DataError: It is missing, holds anything but a tensor, or one of another size.
    """
    import torch

    if not path.is_file():
        raise DataError(f"{path} is not there", "complete the release")
    try:
        value = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise DataError(
            f"{path} holds more than tensors: it was not read",
            "save the tensor alone with torch.save; files that can run code are never opened",
        ) from None
    # A damaged file fails in as many ways as there are opcodes.
    except Exception as error:
        raise DataError(f"{path} cannot be read: {error}", "fetch it again") from error
    if not isinstance(value, torch.Tensor) or value.ndim != 2 or value.shape[0] != rows:
        shape = tuple(value.shape) if isinstance(value, torch.Tensor) else type(value).__name__
        raise DataError(
            f"{path} holds {shape}, not ({rows}, F)", f"it needs one row per row of {LABELS}"
        )
    if value.is_complex():
        raise DataError(f"{path} holds complex numbers", "save real ones")
    # Embeddings may have been saved with their gradient, codes as a sparse matrix.
    return value.detach().to_dense().float().numpy()


def _filled(values: Any, fill: Values) -> Values:
    return np.where(np.isfinite(values), values, fill)


def _there(config: MIMICMortalityConfig, values: NDArray[np.float32]) -> NDArray[np.bool_]:
    if config.empty_rows == "observed":
        return np.ones(len(values), dtype=bool)
    return np.asarray((np.nan_to_num(values) != 0).any(axis=1))


def _samples(labels: pd.Series[float], observed: dict[str, NDArray[np.bool_]]) -> pd.DataFrame:
    ids = [str(one) for one in labels.index]
    return pd.DataFrame(
        {"sample_id": ids, "group_id": ids}
        | {f"observed:{name}": observed[name] for name in MODALITIES}
        | {"target:mortality_1y": labels.to_numpy()}
    )


def _component(widths: dict[str, int]) -> Component:
    return Component(
        dataset="mimic_mortality",
        modalities=tuple(
            Modality(name=name, kind="vector", shape=(widths[name],)) for name in MODALITIES
        ),
        tasks=(Task(name="mortality_1y", kind="binary", classes=("alive", "dead")),),
    )


def _complete(root: Path) -> tuple[Literal["real", "partial"], str]:
    needed = (LABELS, *(f"{name}_x.pt" for name in MODALITIES))
    if lacking := [name for name in needed if not (root / name).is_file()]:
        raise DataNotAvailable(
            f"mimic_mortality needs {root / lacking[0]}",
            f"put {', '.join(needed)} into {root}; {SPLIT} if you have it",
        )
    patients = len(read_labels(root / LABELS))
    source: Literal["real", "partial"] = "real" if patients == PATIENTS else "partial"
    return source, f"{patients} patients of {PATIENTS}"


def _fingerprint(root: Path, cache: Path) -> str:
    tables = [path for path in (root / LABELS, root / SPLIT) if path.is_file()]
    media = [root / f"{name}_x.pt" for name in MODALITIES]
    return data_fingerprint("mimic_mortality", root, cache, tables, media)
