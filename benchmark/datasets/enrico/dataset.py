"""The ENRICO dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.core.batch import Batch, ModalityData
from benchmark.core.problem import Component, Modality, Task
from benchmark.core.result import Release
from benchmark.datasets._arrays import Filling, Indexed, fill, open_array
from benchmark.datasets._base import AttritionStep, DataContext, Progress, Rows, silent
from benchmark.datasets._digest import data_fingerprint
from benchmark.datasets._images import image_features
from benchmark.datasets._located import Located
from benchmark.datasets._prepared import (
    make_once,
    prepared_folder,
    read_attrition,
    write_attrition,
)
from benchmark.datasets._release import Found, locate
from benchmark.datasets.enrico.augment import augmented, augmented_batch, wireframes_augmented
from benchmark.datasets.enrico.config import MODALITIES, SIZE, TOPICS, EnricoConfig
from benchmark.datasets.enrico.files import (
    TABLE,
    completeness,
    official_parts,
    picture,
    pictures_there,
    read_picture,
    read_topics,
)

#: Raised whenever the prepared form changes.
PREPARED_VERSION = 1
_SAMPLES = "samples.parquet"

Pixels = NDArray[np.uint8]


class Enrico(Located):
    """Screens with at least one picture; see the package's text.

    Attributes:
        arrays: (K, 3, 256, 128) uint8 by modality, mapped.

    Raises:
        DataNotAvailable: No release of the source asked for.
        DataError: The table is not ENRICO's, or a picture cannot be read.
    """

    config_class = EnricoConfig
    config: EnricoConfig
    arrays: dict[str, Indexed]

    def __init__(self, config: EnricoConfig, context: DataContext) -> None:
        super().__init__(config, context)
        found = self.find(config, context)
        self.release = self.describe_release(config, context, found)
        self.prepare(config, context)
        folder = _folder(config, context, self.release)
        table = pd.read_parquet(folder / _SAMPLES)
        self.arrays = {
            name: Indexed(open_array(folder, name), table[f"entry:{name}"].to_numpy())
            for name in MODALITIES
        }
        self._blur_wireframe = table["wireframe_augmented"].to_numpy(dtype=bool)
        self.samples = _samples(table)
        self.component = self.describe(config)

    @classmethod
    def find(cls, config: EnricoConfig, context: DataContext) -> Found:
        """Find the folder; see :class:`Located`."""
        return locate("enrico", ("enrico",), config, context, completeness)

    @classmethod
    def describe_release(cls, config: EnricoConfig, context: DataContext, found: Found) -> Release:
        """Hash the table; pictures count by name and size."""
        root, cache = found.root, context.paths.cache
        media = [one for one in (root / "screenshots", root / "wireframes") if one.is_dir()]
        return found.release(
            title="ENRICO",
            version="1.0",
            cohort="all screens but two with corrupt wireframes",
            terms="MIT",
            content=lambda: data_fingerprint("enrico", root, cache, [root / TABLE], media),
        )

    @classmethod
    def prepare(
        cls, config: EnricoConfig, context: DataContext, jobs: int = 1, progress: Progress = silent
    ) -> None:
        """Bring all pictures to one size."""
        found = cls.find(config, context)
        folder = _folder(config, context, cls.describe_release(config, context, found))
        if folder.is_dir():
            return
        root = found.ready(progress)
        make_once(folder, lambda part: _make(root, config, part, jobs, progress), context, progress)

    @classmethod
    def is_prepared(cls, config: EnricoConfig, context: DataContext) -> bool:
        """Tell whether the pictures have been brought to one size."""
        return _folder(config, context, cls.probe(config, context)).is_dir()

    @classmethod
    def attrition(cls, config: EnricoConfig, context: DataContext) -> tuple[AttritionStep, ...]:
        """Return what was left out."""
        return read_attrition(_folder(config, context, cls.probe(config, context)))

    @classmethod
    def describe(cls, config: EnricoConfig) -> Component:
        """Two images and 20 topics."""
        return Component(
            dataset="enrico",
            modalities=tuple(
                Modality(name=name, kind="image", shape=(3, *SIZE)) for name in MODALITIES
            ),
            tasks=(Task(name="topic", kind="multiclass", classes=tuple(TOPICS)),),
        )

    def fit(self, train_rows: Rows, observed: NDArray[np.bool_] | None = None) -> None:
        """Estimate nothing: pictures are not normalised."""

    def tensors(self, rows: Rows, preprocessor: None) -> dict[str, ModalityData]:
        """Return all pictures, (len(rows), 3, 256, 128) uint8."""
        import torch

        return {
            name: ModalityData(torch.from_numpy(self._pictures(name, rows))) for name in MODALITIES
        }

    def augment(self, batch: Batch) -> Batch:
        """Flip and blur the pictures of a training step, where that is asked for."""
        return augmented_batch(batch) if self.config.augmentation == "epoch" else batch

    def control_features(self, rows: Rows, preprocessor: None) -> dict[str, NDArray[np.float64]]:
        """Return block means and a histogram of each picture; NaN where there is none."""
        features = {}
        for name, there in zip(MODALITIES, self.observed(rows).T, strict=True):
            features[name] = image_features(self._pictures(name, rows))
            features[name][~there] = np.nan
        return features

    def _pictures(self, name: str, rows: Rows) -> Pixels:
        """Return pictures as read, or augmented as released."""
        pictures: Pixels = self.arrays[name].take(rows)
        if self.config.augmentation != "once":
            return pictures
        ids = self.samples["sample_id"].to_numpy()[rows]
        changed = self.observed(rows)[:, MODALITIES.index(name)]
        if name == "wireframe":
            changed &= self._blur_wireframe[rows]
        seed = self.config.augmentation_seed
        for k in np.flatnonzero(changed):
            pictures[k] = augmented(pictures[k], seed, name, str(ids[k]))
        return pictures


def _folder(config: EnricoConfig, context: DataContext, release: Release) -> Path:
    options = {"size": list(SIZE), "broken": config.broken}
    return prepared_folder("enrico", release.fingerprint, options, PREPARED_VERSION, context)


def _make(root: Path, config: EnricoConfig, part: Path, jobs: int, progress: Progress) -> None:
    """Fill a prepared folder: one array per modality, and the table of screens that have one."""
    topics = read_topics(root / TABLE)
    screens = [str(one) for one in topics.index]
    table = pd.DataFrame({"screen": screens, "topic": topics.to_numpy()})
    # Parts come from all screens of the table, whether their pictures are here or not.
    table["part"] = official_parts(len(table))
    table["wireframe_augmented"] = wireframes_augmented(len(table))
    there = pictures_there(root, screens)
    for name in MODALITIES:
        listed = [screen for screen, one in zip(screens, there[name], strict=True) if one]
        table[f"entry:{name}"] = _entries(
            there[name], _fill(root, name, listed, config, part, jobs, progress)
        )
    kept = (table[[f"entry:{name}" for name in MODALITIES]] >= 0).any(axis=1)
    table[kept].reset_index(drop=True).to_parquet(part / _SAMPLES)
    lost = int((~kept).sum())
    write_attrition(
        part,
        [
            AttritionStep("screens with sound wireframes", len(table)),
            AttritionStep("screens with a picture", len(table) - lost, lost, "no readable picture"),
        ],
    )


def _fill(
    root: Path,
    name: str,
    screens: list[str],
    config: EnricoConfig,
    part: Path,
    jobs: int,
    progress: Progress,
) -> NDArray[np.bool_]:
    """Write one array; return which of the screens could be read."""
    paths = [picture(root, name, screen) for screen in screens]
    filling = Filling(
        name=name,
        shape=(3, *SIZE),
        dtype="uint8",
        items=[str(path) for path in paths],
        labels=[path.relative_to(root).as_posix() for path in paths],
        decode=read_picture,
    )
    return fill(part, filling, jobs, config.broken == "skip", progress)


def _entries(there: NDArray[np.bool_], read: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the entry in the array of each screen; -1 without a readable picture."""
    entries = np.full(len(there), -1, dtype=np.int64)
    entries[there] = np.where(read, np.arange(len(read)), -1)
    return entries


def _samples(table: pd.DataFrame) -> pd.DataFrame:
    order = list(TOPICS)
    columns: dict[str, Any] = {"sample_id": table["screen"], "group_id": table["screen"]}
    for name in MODALITIES:
        columns[f"observed:{name}"] = table[f"entry:{name}"].to_numpy() >= 0
    columns["target:topic"] = [float(order.index(topic)) for topic in table["topic"]]
    return pd.DataFrame({**columns, "part": table["part"]})
