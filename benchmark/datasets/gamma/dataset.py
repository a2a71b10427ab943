"""The GAMMA dataset; see the package's text."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.core.problem import Component, Modality, Task
from benchmark.core.result import Release
from benchmark.datasets._arrays import Filling, Indexed, fill, open_array, readable
from benchmark.datasets._base import AttritionStep, DataContext, Progress, Rows, silent
from benchmark.datasets._digest import data_fingerprint
from benchmark.datasets._images import ImageDataset
from benchmark.datasets._located import Located
from benchmark.datasets._prepared import (
    make_once,
    prepared_folder,
    read_attrition,
    write_attrition,
)
from benchmark.datasets._release import Found, locate
from benchmark.datasets._steps import Steps
from benchmark.datasets.gamma.config import GRADES, REGIONS, GammaConfig
from benchmark.datasets.gamma.decode import decode_fundus, decode_mask, decode_oct
from benchmark.datasets.gamma.files import CASES, find_layout, read_grades, usual_slices

#: Raised whenever the prepared form changes.
PREPARE_VERSION = 2
_TABLE, _MASKS = "samples.parquet", "masks"


class Gamma(ImageDataset, Located):
    """Labelled cases, a grade and a mask each."""

    config_class = GammaConfig
    config: GammaConfig

    def __init__(self, config: GammaConfig, context: DataContext) -> None:
        super().__init__(config, context)
        self.prepare(config, context)
        self.release = self.probe(config, context)
        self.component = self.describe(config)
        folder = _folder(config, context)
        names = [modality.name for modality in self.component.modalities]
        table = pd.read_parquet(folder / _TABLE)
        entries = table["entry"].to_numpy()
        self.arrays = {name: Indexed(open_array(folder, name), entries) for name in names}
        self.samples = table.drop(columns="entry").assign(
            **{f"observed:{name}": True for name in names}
        )
        self._masks = None
        if config.segmentation:
            # A broken mask leaves its case unlabelled.
            there = readable(folder, _MASKS)[entries]
            positions = np.where(there, entries, -1)
            self._masks = Indexed(open_array(folder, _MASKS), positions)

    def masks(self, task: str, rows: Rows) -> NDArray[np.int64]:
        """Return background 0, disc 1 or cup 2 of each pixel, (len(rows), H, W); -1 unlabelled."""
        if self._masks is None or task != "seg":
            return super().masks(task, rows)
        labels = self._masks.take(rows).astype(np.int64)
        labels[self._masks.positions[rows] < 0] = -1
        return labels

    @classmethod
    def find(cls, config: GammaConfig, context: DataContext) -> Found:
        """Find the folder; DataNotAvailable where there is none of the source asked for."""

        def complete(root: Path) -> tuple[Literal["real", "partial"], str]:
            layout = find_layout(root, config.segmentation)
            cases = sum(1 for one in layout.images.iterdir() if one.is_dir())
            return "real" if cases == CASES else "partial", f"{cases} cases of {CASES}"

        return locate("gamma", ("GAMMA", "gamma"), config, context, complete)

    @classmethod
    def describe_release(cls, config: GammaConfig, context: DataContext, found: Found) -> Release:
        """Hash the table of grades, and names and sizes of images."""

        def content() -> str:
            layout = find_layout(found.root, config.segmentation)
            media = [layout.images, *([layout.masks] if layout.masks else [])]
            cache = context.paths.cache
            return data_fingerprint("GAMMA 2021", found.root, cache, [layout.table], media)

        return found.release(
            title="GAMMA challenge, labelled cases",
            version="MICCAI 2021",
            cohort="cases with a fundus picture, an OCT volume and a grade"
            + (f"; {found.size}" if found.size else ""),
            terms="CC BY-NC-ND",
            content=content,
        )

    @classmethod
    def describe(cls, config: GammaConfig) -> Component:
        """A picture and a volume of three channels each; grade and, if wanted, masks."""
        shape = (3, config.image_size, config.image_size)
        tasks = [Task(name="grade", kind="multiclass", classes=GRADES)]
        if config.segmentation:
            tasks.append(Task(name="seg", kind="segmentation", classes=REGIONS))
        return Component(
            dataset="gamma",
            modalities=tuple(
                Modality(name=name, kind="image", shape=shape) for name in ("fundus", "oct")
            ),
            tasks=tuple(tasks),
        )

    @classmethod
    def prepare(
        cls, config: Any, context: DataContext, jobs: int = 1, progress: Progress = silent
    ) -> None:
        """Decode pictures, volumes and masks once.

        Raises:
            DataError: Files cannot be read and ``broken`` is ``fail``; names them.
        """
        folder = _folder(config, context)
        if not folder.is_dir():
            root = cls.find(config, context).ready(progress)
            make_once(
                folder, lambda part: _make(config, root, part, jobs, progress), context, progress
            )

    @classmethod
    def is_prepared(cls, config: Any, context: DataContext) -> bool:
        """Tell whether the arrays are in the cache."""
        return _folder(config, context).is_dir()

    @classmethod
    def attrition(cls, config: Any, context: DataContext) -> tuple[AttritionStep, ...]:
        """Return the steps written down while preparing."""
        return read_attrition(_folder(config, context))


def _folder(config: GammaConfig, context: DataContext) -> Path:
    data = Gamma.probe(config, context).fingerprint
    options = config.model_dump(mode="json", exclude={"synthetic_size", "synthetic_seed"})
    return prepared_folder("gamma", data, options, PREPARE_VERSION, context)


def _make(config: GammaConfig, root: Path, part: Path, jobs: int, progress: Progress) -> None:
    """Fill the arrays and write the table of the cases whose images can be read."""
    layout, size = find_layout(root, config.segmentation), config.image_size
    grades = read_grades(layout.table)
    left_out = {f"{case:04d}" for case in config.left_out}
    cases = [case for case in grades if case not in left_out]
    folders = [layout.images / case for case in cases]
    slices = config.slices or usual_slices(one / one.name for one in folders)
    fillings = [
        Filling(
            name="fundus",
            shape=(3, size, size),
            dtype="uint8",
            items=[(str(one / f"{one.name}.jpg"), size) for one in folders],
            labels=[f"{case}/{case}.jpg" for case in cases],
            decode=decode_fundus,
        ),
        Filling(
            name="oct",
            shape=(3, size, size),
            dtype="uint8",
            items=[(str(one / one.name), size, config.oct, slices) for one in folders],
            labels=[f"{case}/{case}" for case in cases],
            decode=decode_oct,
        ),
    ]
    skip = config.broken == "skip"
    readable_ = np.all([fill(part, one, jobs, skip, progress) for one in fillings], axis=0)
    masked = np.zeros(len(cases), dtype=bool)
    if layout.masks is not None and config.segmentation:
        masks = Filling(
            name=_MASKS,
            shape=(size, size),
            dtype="uint8",
            items=[(str(layout.masks / f"{case}.png"), size) for case in cases],
            labels=[f"{case}.png" for case in cases],
            decode=decode_mask,
        )
        masked = fill(part, masks, jobs, skip, progress)
    kept = [k for k in range(len(cases)) if readable_[k]]
    names = [cases[k] for k in kept]
    targets = [float(grades[name]) for name in names]
    table = {"sample_id": names, "group_id": names, "target:grade": targets, "entry": kept}
    pd.DataFrame(table).astype({"entry": np.int64}).to_parquet(part / _TABLE)
    steps = Steps("cases with a grade", len(grades))
    steps.keep("cases taken", len(cases), "left_out")
    steps.keep("cases whose images can be read", len(kept), "a file is missing or damaged")
    if config.segmentation:
        labelled = int((readable_ & masked).sum())
        steps.keep("cases whose mask can be read", labelled, "kept, without a mask")
    write_attrition(part, steps.done())
