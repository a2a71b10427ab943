"""What every dataset offers. No module of this package imports torch at its top."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.core.batch import Batch, ModalityData
from benchmark.core.errors import DataNotAvailable
from benchmark.core.measured import Measured
from benchmark.core.paths import Paths
from benchmark.core.problem import Component, Frozen
from benchmark.core.result import Release
from benchmark.splits.case_lists import case_list_digest, case_list_files

Rows = NDArray[np.int64]
#: Is told what is being prepared, how many parts of it are done, and of how many.
Progress = Callable[[str, int, int], None]


def silent(what: str, done: int, total: int) -> None:
    """Progress that nobody wants to see."""


class DatasetConfig(Frozen):
    """Options of a loader that change what it returns (label rules, cohorts); never a path.

    Attributes:
        unlike_papers: Why even the complete release is not the data behind any printed number,
            which then gets no verdict; empty where it is.
    """

    unlike_papers: ClassVar[str] = ""

    @property
    def leak(self) -> str:
        """What these options let leak, as a release's code does; shown below tables."""
        return ""


@dataclass(frozen=True)
class DataContext:
    """Where a loader may look and what it may use.

    Attributes:
        paths: Folders of this command.
        source: ``auto`` takes ``real`` where it is complete, else ``synthetic``.
        partial: Whether ``auto`` may also take what is real but not complete.
    """

    paths: Paths
    source: Literal["auto", "real", "partial", "synthetic"] = "auto"
    partial: bool = True


@dataclass(frozen=True)
class AttritionStep:
    """One step from all records of a release to the samples taken.

    Attributes:
        name: What is looked at, e.g. ``screening exams``.
        kept: Records left after it.
        dropped: Records it took away.
        why: Reason, in words.
    """

    name: str
    kept: int
    dropped: int = 0
    why: str = ""


class Dataset(ABC):
    """One release, read as officially laid out.

    The constructor raises DataNotAvailable (naming the folder to supply) or DataError.

    Attributes:
        component: Modalities and tasks, in order.
        release: What was read.
        samples: One row per sample: ``sample_id`` (str, unique), ``group_id`` (str, the patient),
            ``observed:<modality>`` (bool) for every modality, ``target:<task>`` for every task
            (int class, NaN = unlabelled; multilabel ``target:<task>:<label>``; survival
            ``target:<task>:time`` and ``:event``; none for segmentation, see :meth:`masks`), and
            optionally ``part`` (an official split).
    """

    config_class: ClassVar[type[DatasetConfig]] = DatasetConfig

    component: Component
    release: Release
    samples: pd.DataFrame

    def __init__(self, config: DatasetConfig, context: DataContext) -> None:
        self.config = config
        self.context = context

    @classmethod
    @abstractmethod
    def probe(cls, config: Any, context: DataContext) -> Release:
        """Tell cheaply which release a constructor would read; DataNotAvailable if none."""

    @classmethod
    @abstractmethod
    def describe(cls, config: Any) -> Component:
        """Tell modalities and tasks without reading data.

        Where widths depend on what is read, they are those of the documented release; the
        instance's ``component`` has the widths found.
        """

    @classmethod
    def split_folder(cls, config: Any, context: DataContext) -> Path | None:
        """Return the folder with folders of split files; None where a release has no such place."""
        return None

    @classmethod
    def split_digests(cls, config: Any, context: DataContext, name: str) -> tuple[str, ...]:
        """Return the SHA-256 of every split file in the folder ``name``, in the order of folds.

        Raises:
            DataNotAvailable: The release has no place for such files, or none are there.
        """
        folder = cls.split_folder(config, context)
        if folder is None:
            raise DataNotAvailable(
                f"{cls.__name__} has no split files", "use a kfold or ratio split"
            )
        return tuple(case_list_digest(path) for path in case_list_files(folder, name))

    @classmethod
    def prepare(
        cls, config: Any, context: DataContext, jobs: int = 1, progress: Progress = silent
    ) -> None:
        """Bring a release into the compact form in the cache that rows are read from.

        Done once; a second call finds it done, an interrupted one is gone on with, and of two at
        once one waits. The constructor of a loader that needs it calls it with one job. A loader
        that reads its release as it is only looks whether it is there.

        Args:
            config: Options of the loader.
            context: Folders and source.
            jobs: Processes to use.
            progress: Is told how far it is.

        Raises:
            DataNotAvailable: The release is not here.
            DataError: Something in it cannot be read; names it.
        """
        cls.probe(config, context)

    @classmethod
    def is_prepared(cls, config: Any, context: DataContext) -> bool:
        """Tell whether :meth:`prepare` has nothing left to do."""
        return True

    @classmethod
    def attrition(cls, config: Any, context: DataContext) -> tuple[AttritionStep, ...]:
        """Return the steps from all records to the samples taken; none where nothing is dropped.

        A loader that learns them by preparing returns none before.
        """
        return ()

    @abstractmethod
    def fit(self, train_rows: Rows, observed: NDArray[np.bool_] | None = None) -> Any:
        """Fit everything that is estimated from data (scalers, vocabularies) on these rows only.

        Args:
            train_rows: Positions in ``samples``.
            observed: (len(train_rows), M) flags of the run, after modalities were dropped on
                purpose, which must not be fitted on; None takes :meth:`observed`.

        Returns:
            A preprocessor for :meth:`tensors` and :meth:`control_features`.
        """

    @abstractmethod
    def tensors(self, rows: Rows, preprocessor: Any) -> dict[str, ModalityData]:
        """Return every modality for ``rows``, in that order; unobserved rows hold zeros."""

    def augment(self, batch: Batch) -> Batch:
        """Return training samples changed at random for one step; as they are unless overridden.

        Called anew in every epoch, on the device. Draws come from torch's own generator, which the
        training loop seeds by epoch; as many must be drawn whatever the samples are.

        Args:
            batch: Samples of one training step; its modalities are those of the run.
        """
        return batch

    @abstractmethod
    def control_features(self, rows: Rows, preprocessor: Any) -> dict[str, NDArray[np.float64]]:
        """Return flat features ``(len(rows), F_m)`` per modality; NaN rows where unobserved."""

    def masks(self, task: str, rows: Rows) -> NDArray[np.int64]:
        """Return the class of each pixel ``(len(rows), H, W)`` of a segmentation task.

        Unlabelled pixels, and all pixels of unlabelled samples, hold -1.

        Raises:
            NotImplementedError: The dataset has no segmentation task.
        """
        raise NotImplementedError(f"{type(self).__name__} has no masks of {task!r}")

    def tensors_of(
        self, rows: Rows, preprocessor: Any, names: Sequence[str]
    ) -> dict[str, ModalityData]:
        """Return some modalities as :meth:`tensors` does.

        A dataset that can read its modalities one by one overrides this, so that runs do not read
        what they leave out.
        """
        found = self.tensors(rows, preprocessor)
        return {name: found[name] for name in names}

    def features_of(
        self, rows: Rows, preprocessor: Any, names: Sequence[str]
    ) -> dict[str, NDArray[np.float64]]:
        """Return flat features of some modalities as :meth:`control_features` does; likewise."""
        found = self.control_features(rows, preprocessor)
        return {name: found[name] for name in names}

    def measured(self, rows: Rows, preprocessor: Any, name: str) -> Measured:
        """Return the measurements of a sequence modality, for statistics over what was measured.

        Those its tensors hold: (R, T, C) where the mask says so, else every valid step. A dataset
        whose tensors hold more than measurements overrides this.
        """
        data = self.tensors_of(rows, preprocessor, [name])[name]
        values = data.values.numpy().astype(np.float64)
        there = np.ones(values.shape, dtype=bool)
        if data.mask is not None:
            mask = data.mask.numpy().astype(bool)
            there &= mask if mask.ndim == 3 else mask[:, :, None]
        if data.lengths is not None:
            steps = np.arange(values.shape[1])[None, :] < data.lengths.numpy()[:, None]
            there &= steps[:, :, None]
        owner, _, channel = np.nonzero(there)
        return Measured(len(rows), values.shape[2], owner, channel, values[there])

    def observed(self, rows: Rows) -> NDArray[np.bool_]:
        """Return ``(len(rows), M)`` observed flags in the component's modality order."""
        columns = [f"observed:{modality.name}" for modality in self.component.modalities]
        return self.samples[columns].to_numpy(dtype=bool)[rows]
