"""The ADNI dataset: labelled subjects, and which modalities they have."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.core.batch import ModalityData
from benchmark.core.errors import DataError
from benchmark.core.problem import Component, Modality, Task
from benchmark.core.result import Release
from benchmark.datasets._arrays import Indexed
from benchmark.datasets._base import AttritionStep, DataContext, Progress, Rows, silent
from benchmark.datasets._digest import data_fingerprint
from benchmark.datasets._located import Located
from benchmark.datasets._part_lists import parts_of, read_part_lists
from benchmark.datasets._prepared import make_once, prepared_folder
from benchmark.datasets._release import Found, locate
from benchmark.datasets.adni import files
from benchmark.datasets.adni.config import (
    CLASSES,
    MODALITIES,
    TABLES,
    TEMPLATE,
    WIDTHS,
    ADNIConfig,
)
from benchmark.datasets.adni.genome import AlleleScale, read_alleles
from benchmark.datasets.adni.scans import Mask, ScanScale, open_scans, read_mask

#: Raised whenever the prepared form changes.
PREPARED_VERSION = 1
_SENTINEL = -2.0
_SCANS_AT_ONCE = 256


@dataclass(frozen=True)
class Fitted:
    """What was estimated.

    Attributes:
        image: Scale of the scans.
        genomic: Of the alleles.
        tables: (F,) what gaps take, by table.
    """

    image: ScanScale
    genomic: AlleleScale
    tables: dict[str, NDArray[np.float64]]


class ADNI(Located):
    """Subjects with a diagnosis; see the package's text.

    Attributes:
        arrays: Raw values by modality: (scans, V), (subjects, F) in 8 bits, (subjects, F).
        mask: Places of a scan's values.

    Raises:
        DataNotAvailable: No release of the source asked for.
        DataError: A file is not laid out as its release says.
    """

    config_class = ADNIConfig
    config: ADNIConfig
    arrays: dict[str, Indexed]

    def __init__(self, config: ADNIConfig, context: DataContext) -> None:
        super().__init__(config, context)
        found = self.find(config, context)
        root = found.ready()
        self.release = self.describe_release(config, context, found)
        self.prepare(config, context)
        labels = files.read_labels(root / files.LABELS)
        self.mask = read_mask(root / files.TEMPLATE_FILE)
        sources = _sources(root, _folder(context, self.release), config, self.mask)
        entries = {name: labels.index.map(sources[name][1]).fillna(-1) for name in MODALITIES}
        table = pd.DataFrame({name: entries[name].to_numpy(np.int64) for name in MODALITIES})
        table.index = labels.index
        parts = root / files.SPLIT
        if parts.is_file():
            table["part"] = parts_of(labels.index, read_part_lists(parts))
        table, self.steps = _cohort(table, config, root)
        self.arrays = {
            name: Indexed(sources[name][0], table[name].to_numpy()) for name in MODALITIES
        }
        self.samples = _samples(table, labels[table.index], config)
        self.component = _component(
            self.mask.shape, {name: self.arrays[name].values.shape[1] for name in WIDTHS}
        )

    @classmethod
    def find(cls, config: ADNIConfig, context: DataContext) -> Found:
        """Find the folder; see :class:`Located`."""
        return locate("adni", ("adni", "ADNI"), config, context, files.completeness)

    @classmethod
    def describe_release(cls, config: ADNIConfig, context: DataContext, found: Found) -> Release:
        """Hash the tables; scans and alleles count by name and size."""
        return found.release(
            title="ADNI, tables of Flex-MoE and I2MoE",
            version="not numbered",
            cohort="subjects whose diagnosis never changes",
            terms="ADNI Data Use Agreement",
            content=lambda: _fingerprint(found.root, context.paths.cache),
            credentialed=True,
        )

    @classmethod
    def prepare(
        cls, config: ADNIConfig, context: DataContext, jobs: int = 1, progress: Progress = silent
    ) -> None:
        """Bring alleles to 8 bits, in a file that can be mapped."""
        found = cls.find(config, context)
        folder = _folder(context, cls.describe_release(config, context, found))
        if not folder.is_dir():
            root = found.ready(progress)
            make_once(folder, lambda part: _make(root, part, progress), context, progress)

    @classmethod
    def is_prepared(cls, config: ADNIConfig, context: DataContext) -> bool:
        """Tell whether alleles have been brought to 8 bits."""
        return _folder(context, cls.probe(config, context)).is_dir()

    @classmethod
    def describe(cls, config: ADNIConfig) -> Component:
        """One volume, three vectors and the diagnosis; the widths of tables are placeholders."""
        x, y, z = TEMPLATE
        return _component((1, z, x, y), WIDTHS)

    def fit(self, train_rows: Rows, observed: NDArray[np.bool_] | None = None) -> Fitted:
        """Estimate scales and what gaps take, on training rows or (``fit_rows``) on all.

        Rows of a modality that a run dropped on purpose are not looked at, unless all are.
        """
        seen = self.observed(train_rows) if observed is None else observed
        rows = dict(zip(MODALITIES, (train_rows[one] for one in seen.T), strict=True))
        if self.config.fit_rows == "all":
            rows = dict.fromkeys(MODALITIES, np.arange(len(self.samples)))
        there = {
            name: self.arrays[name].positions[rows[name]][self._there(name, rows[name])]
            for name in MODALITIES
        }
        alleles = self.arrays["genomic"].values[there["genomic"]]
        return Fitted(
            image=ScanScale.fit(self.arrays["image"].values, there["image"]),
            genomic=AlleleScale.fit(alleles),
            tables={name: _fills(self.arrays[name].values[there[name]]) for name in TABLES},
        )

    def tensors(self, rows: Rows, preprocessor: Fitted) -> dict[str, ModalityData]:
        """Return the volume (len(rows), 1, Z, X, Y) and three vectors, all float32."""
        import torch

        values = {
            "image": self.mask.volumes(
                self._scans(rows, preprocessor.image), float(preprocessor.image(0.0))
            ),
            **self._vectors(rows, preprocessor),
        }
        absent = {name: ~self._there(name, rows) for name in MODALITIES}
        if self.config.missing == "masked":
            values["image"][absent["image"]] = 0.0
        return {name: ModalityData(torch.from_numpy(one)) for name, one in values.items()}

    def control_features(self, rows: Rows, preprocessor: Fitted) -> dict[str, NDArray[np.float64]]:
        """Return coarse means of the scan, the alleles that vary most, and the tables."""
        features = self._vectors(rows, preprocessor)
        features["genomic"] = features["genomic"][:, preprocessor.genomic.varied]
        pieces = np.split(rows, np.arange(_SCANS_AT_ONCE, len(rows), _SCANS_AT_ONCE))
        means = [self.mask.block_means(self._scans(one, preprocessor.image)) for one in pieces]
        found: dict[str, NDArray[np.float64]] = {"image": np.concatenate(means)}
        for name, there in zip(MODALITIES, self.observed(rows).T, strict=True):
            if name != "image":
                found[name] = features[name].astype(np.float64)
            found[name][~there] = np.nan
        return found

    def _there(self, name: str, rows: Rows) -> NDArray[np.bool_]:
        """Tell which rows have a modality, whatever counts as observed."""
        return np.asarray(self.arrays[name].positions[rows] >= 0)

    def _scans(self, rows: Rows, scale: ScanScale) -> NDArray[np.float32]:
        """Return standardised values (len(rows), V); absent scans are -2 before that."""
        values = self.arrays["image"].take(rows).astype(np.float32)
        values[~self._there("image", rows)] = _SENTINEL
        return scale(values)

    def _vectors(self, rows: Rows, preprocessor: Fitted) -> dict[str, NDArray[np.float32]]:
        """Return transformed vectors; absent ones are 0, or -2 where that is asked for."""
        vectors = {"genomic": preprocessor.genomic(self.arrays["genomic"].take(rows))}
        for name in TABLES:
            values = self.arrays[name].take(rows)
            filled = np.where(np.isfinite(values), values, preprocessor.tables[name])
            vectors[name] = filled.astype(np.float32)
        absent = _SENTINEL if self.config.missing == "sentinel" else 0.0
        for name, values in vectors.items():
            values[~self._there(name, rows)] = absent
        return vectors


def _sources(
    root: Path, prepared: Path, config: ADNIConfig, mask: Mask
) -> dict[str, tuple[NDArray[Any], dict[str, int]]]:
    """Return by modality all raw values, and the row of each subject among them."""
    subjects = (prepared / "subjects.txt").read_text(encoding="utf-8").splitlines()
    alleles = np.load(prepared / "alleles.npy", mmap_mode="r", allow_pickle=False)
    scans = open_scans(root / files.SCANS, mask)
    latest = files.latest_scans(root / files.SCAN_NAMES)
    if latest and max(latest.values()) >= len(scans):
        raise DataError(
            f"{root / files.SCAN_NAMES} lists more scans than {files.SCANS} has rows, "
            f"which are {len(scans)}",
            "both must be of one release",
        )
    found = {"image": (scans, latest), "genomic": (alleles, _positions(subjects))}
    for name in TABLES:
        table = files.read_table(root / files.table_file(name, config.tables == "mean_filled"))
        found[name] = (table.to_numpy(), _positions([str(one) for one in table.index]))
    return found


def _positions(subjects: list[str]) -> dict[str, int]:
    return {subject: k for k, subject in enumerate(subjects)}


def _cohort(
    table: pd.DataFrame, config: ADNIConfig, root: Path
) -> tuple[pd.DataFrame, tuple[AttritionStep, ...]]:
    """Return the labelled subjects that are taken, and how many were left out why."""
    steps = [AttritionStep("subjects with a diagnosis", len(table))]
    rules: list[tuple[str, str, Any]] = [
        ("subjects with data", "no modality", (table[list(MODALITIES)] >= 0).any(axis=1))
    ]
    if config.complete:
        has_all = (table[list(config.complete)] >= 0).all(axis=1)
        rules.append(("complete subjects", f"not all of {', '.join(config.complete)}", has_all))
    if config.any_of:
        has_some = (table[list(config.any_of)] >= 0).any(axis=1)
        if config.any_of_parts == "train":
            has_some |= _parts(table, root) != "train"
        rules.append(("subjects to learn from", f"none of {', '.join(config.any_of)}", has_some))
    for name, why, kept in rules:
        before, table = len(table), table[kept[table.index]]
        steps.append(AttritionStep(name, len(table), before - len(table), why))
    return table, tuple(steps)


def _parts(table: pd.DataFrame, root: Path) -> pd.Series[str]:
    if "part" not in table:
        raise DataError(
            f"any_of_parts: train needs official parts, but {root / files.SPLIT} is not there",
            "supply the file, or use any_of_parts: all",
        )
    return table["part"]


def _samples(table: pd.DataFrame, labels: pd.Series[float], config: ADNIConfig) -> pd.DataFrame:
    ids = [str(one) for one in table.index]
    everybody = config.missing == "sentinel"
    columns: dict[str, Any] = {"sample_id": ids, "group_id": ids}
    for name in MODALITIES:
        columns[f"observed:{name}"] = (table[name].to_numpy() >= 0) | everybody
    columns["target:diagnosis"] = labels.to_numpy()
    if "part" in table:
        columns["part"] = table["part"].to_numpy()
    return pd.DataFrame(columns)


def _component(image: tuple[int, ...], widths: dict[str, int]) -> Component:
    vectors = [Modality(name=name, kind="vector", shape=(widths[name],)) for name in WIDTHS]
    return Component(
        dataset="adni",
        modalities=(Modality(name="image", kind="volume", shape=image), *vectors),
        tasks=(Task(name="diagnosis", kind="multiclass", classes=CLASSES),),
    )


def _fills(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what gaps of each column take: its mean, 0 where it has no value at all."""
    there = np.isfinite(values)
    return np.asarray(np.where(there, values, 0.0).sum(axis=0) / np.maximum(1, there.sum(axis=0)))


def _folder(context: DataContext, release: Release) -> Path:
    return prepared_folder("adni", release.fingerprint, {}, PREPARED_VERSION, context)


def _make(root: Path, part: Path, progress: Progress) -> None:
    progress("adni: alleles", 0, 1)
    subjects, alleles = read_alleles(root / files.GENOMIC)
    np.save(part / "alleles.npy", alleles)
    (part / "subjects.txt").write_text("\n".join(subjects) + "\n", encoding="utf-8")
    progress("adni: alleles", 1, 1)


def _fingerprint(root: Path, cache: Path) -> str:
    tables = [files.table_file(name, filled) for name in TABLES for filled in (False, True)]
    small = [files.LABELS, files.SPLIT, files.SCAN_NAMES, files.TEMPLATE_FILE, *tables]
    present = [root / name for name in small if (root / name).is_file()]
    return data_fingerprint(
        "adni", root, cache, present, [root / files.SCANS, root / files.GENOMIC]
    )
