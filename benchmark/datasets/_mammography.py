"""What the mammography sets share: labels, breasts and their views, the prepared images.

A sample is one breast of one exam, with one image per view (and type). The same images of the
other breast are further modalities, ``<name>_other``, for methods that compare both.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from benchmark.core.atomic import write_text
from benchmark.core.errors import DataError, DataNotAvailable
from benchmark.core.problem import Component, Modality, Task
from benchmark.core.result import Release
from benchmark.datasets._arrays import Filling, Indexed, broken_items, fill, open_array, readable
from benchmark.datasets._base import AttritionStep, DataContext, Progress, silent
from benchmark.datasets._dicom import decode_dicom
from benchmark.datasets._digest import data_fingerprint
from benchmark.datasets._images import ImageDataset
from benchmark.datasets._prepared import make_once, prepared_folder
from benchmark.datasets._release import Found, ReleaseConfig, locate

Grouping = Literal["supplement", "released_code", "screening", "stored"]
OTHER = "_other"
#: Raised whenever prepared images change.
PREPARE_VERSION = 1
_IMAGES = "images"
#: Stands for a file that is not there; no release has one of that name.
_BLANK = "(black image)"

#: BI-RADS categories of each class; categories in none are unlabelled.
GROUPINGS: Mapping[Grouping, tuple[frozenset[int], ...]] = {
    "supplement": (frozenset({1, 2, 3}), frozenset({0, 4}), frozenset({5, 6})),
    "released_code": (frozenset({1}), frozenset({2, 3}), frozenset({4, 5, 6})),
    "screening": (frozenset({1}), frozenset({2}), frozenset({0, 3, 4, 5})),
    "stored": (frozenset({1}), frozenset({2}), frozenset({0})),
}
DENSITIES = ("A", "B", "C", "D")


class MammographyConfig(ReleaseConfig):
    """Options that all mammography sets have.

    Attributes:
        image_size: Height and width that images are brought to, without keeping the aspect.
        intensity: How stored values become grey values; see ``benchmark.datasets._dicom``. ``max``
            is the M4oE authors' conversion.
        birads: Which BI-RADS categories make the three classes: ``supplement`` {1,2,3} {0,4}
            {5,6}; ``released_code`` {1} {2,3} {4,5,6}, 0 unlabelled; ``screening`` {1} {2}
            {0,3,4,5}, that is normal, benign, recall; ``stored`` {1} {2} {0}, RSNA's codes.
        images: ``complete`` takes breasts with an image of every view (and type), ``any`` those
            with at least one.
        missing: A file that is not there counts as broken; ``zeros`` makes it, and a view that an
            exam lacks, a black image, as the M4oE authors' code does.
        labels: ``masked`` leaves a sample without a label out of that task alone, ``complete``
            out of all, as the M4oE authors' loss does.
    """

    image_size: int = Field(default=224, ge=8, le=4096)
    intensity: Literal["window", "max"] = "window"
    birads: Grouping = "screening"
    images: Literal["complete", "any"] = "complete"
    missing: Literal["broken", "zeros"] = "broken"
    labels: Literal["masked", "complete"] = "masked"

    def pixel_options(self) -> dict[str, Any]:
        """Return the options that decide which files are decoded, and into what."""
        return {
            "image_size": self.image_size,
            "intensity": self.intensity,
            "missing": self.missing,
        }


@dataclass(frozen=True)
class Cohort:
    """The samples of a release, before any image is read.

    Attributes:
        samples: ``sample_id``, ``group_id`` and targets; the index counts from 0.
        files: One row per sample, one column per modality: path below the root, empty if none.
        steps: From all records to these samples.
    """

    samples: pd.DataFrame
    files: pd.DataFrame
    steps: tuple[AttritionStep, ...]


@dataclass(frozen=True)
class Facts:
    """What a release is.

    Attributes:
        name: Registry name.
        folders: Official folder names, the usual one first.
        title: Official name.
        version: Of the release.
        terms: Of use.
        tables: Files below the root whose content counts.
        media: Folder of images.
        views: Modalities of one breast.
        cohort: Samples, in words.
    """

    name: str
    folders: tuple[str, ...]
    title: str
    version: str
    terms: str
    tables: tuple[str, ...]
    media: str
    views: tuple[str, ...]
    cohort: str


class MammographyDataset(ImageDataset):
    """A release of mammograms; subclasses say where its tables are and what they mean."""

    facts: ClassVar[Facts]
    config: MammographyConfig

    def __init__(self, config: MammographyConfig, context: DataContext) -> None:
        super().__init__(config, context)
        found = type(self).find(config, context)
        self.prepare(config, context)
        self.release = self._release(config, context, found)
        self.component = self.describe(config)
        cohort = self.read_cohort(config, found.ready())
        folder = self._folder(config, context, found)
        cohort, positions = _with_images(config, cohort, folder)
        self._check_some(cohort, found.root)
        values = open_array(folder, _IMAGES)
        names = [one.name for one in self.component.modalities]
        self.arrays = {name: Indexed(values, positions[:, m]) for m, name in enumerate(names)}
        observed = {f"observed:{name}": positions[:, m] >= 0 for m, name in enumerate(names)}
        self.samples = cohort.samples.assign(**observed)

    @classmethod
    @abstractmethod
    def read_cohort(cls, config: Any, root: Path) -> Cohort:
        """Read the tables below ``root``; DataError names file, column and row."""

    @classmethod
    @abstractmethod
    def candidate_files(cls, config: Any, root: Path) -> list[str]:
        """Return every file below ``root`` that some options of the labels may ask for."""

    @classmethod
    @abstractmethod
    def completeness(cls, root: Path) -> tuple[Literal["real", "partial"], str]:
        """Tell whether a folder is the whole release, and what it holds in words."""

    @classmethod
    @abstractmethod
    def tasks(cls, config: Any) -> tuple[Task, ...]:
        """Return the tasks."""

    @classmethod
    def find(cls, config: MammographyConfig, context: DataContext) -> Found:
        """Find the folder of the release.

        Raises:
            DataNotAvailable: None of the source asked for, or it lacks a table or the images.
        """
        facts = cls.facts

        def check(root: Path) -> None:
            for part in (*facts.tables, facts.media):
                if not (root / part).exists():
                    raise DataNotAvailable(
                        f"{root} has no {part}, so it is not a folder of {facts.title}",
                        f"point --data {facts.name}=PATH at the folder that holds "
                        f"{' and '.join((*facts.tables, facts.media))}",
                    )

        def complete(root: Path) -> tuple[Literal["real", "partial"], str]:
            check(root)
            return cls.completeness(root)

        found = locate(facts.name, facts.folders, config, context, complete)
        if found.recipe is None:
            check(found.root)  # a generated release that is pointed at has not been looked into
        return found

    @classmethod
    def probe(cls, config: Any, context: DataContext) -> Release:
        """Hash tables, and names and sizes of images; see ``_release``."""
        return cls._release(config, context, cls.find(config, context))

    @classmethod
    def describe(cls, config: Any) -> Component:
        """Images of both breasts, and the tasks."""
        shape = (1, config.image_size, config.image_size)
        names = (*cls.facts.views, *(f"{one}{OTHER}" for one in cls.facts.views))
        return Component(
            dataset=cls.facts.name,
            modalities=tuple(Modality(name=one, kind="image", shape=shape) for one in names),
            tasks=cls.tasks(config),
        )

    @classmethod
    def prepare(
        cls, config: Any, context: DataContext, jobs: int = 1, progress: Progress = silent
    ) -> None:
        """Decode every image once into an array in the cache.

        What the tables get wrong is said first: before hours of decoding, and with nothing written.

        Raises:
            DataError: A table is not as its release says, no sample is left, or files cannot be
                read and ``broken`` is ``fail``; names them.
        """
        found = cls.find(config, context)
        root = found.ready(progress)
        place = cls._folder(config, context, found)
        if not place.is_dir():
            cls._check_some(cls.read_cohort(config, root), root)

        def make(folder: Path) -> None:
            zeros = config.missing == "zeros"
            files = [*cls.candidate_files(config, root), *([_BLANK] if zeros else [])]
            items = [(str(root / one), config.image_size, config.intensity, zeros) for one in files]
            size = config.image_size
            filling = Filling(_IMAGES, (1, size, size), "uint8", items, files, decode_dicom)
            fill(folder, filling, jobs, config.broken == "skip", progress)
            write_text(folder / "files.txt", "".join(f"{one}\n" for one in files))

        folder = make_once(place, make, context, progress)
        broken = broken_items(folder, _IMAGES)
        if broken and config.broken == "fail":
            name, why = next(iter(broken.items()))
            raise DataError(
                f"{len(broken)} images of {cls.facts.name} could not be read, the first: "
                f"{name}: {why}",
                f"fetch them again and remove {folder}, or leave them out (option broken: skip)",
            )

    @classmethod
    def is_prepared(cls, config: Any, context: DataContext) -> bool:
        """Tell whether the images are in the cache, all of them unless broken ones are left out."""
        found = cls.find(config, context)
        folder = cls._folder(config, context, found)
        lacking = config.broken == "fail" and broken_items(folder, _IMAGES)
        return found.is_there and folder.is_dir() and not lacking

    @classmethod
    def attrition(cls, config: Any, context: DataContext) -> tuple[AttritionStep, ...]:
        """Return the steps of the tables, and of unreadable images once these are prepared."""
        found = cls.find(config, context)
        if not found.is_there:
            return ()
        cohort = cls.read_cohort(config, found.ready())
        folder = cls._folder(config, context, found)
        return (_with_images(config, cohort, folder)[0] if folder.is_dir() else cohort).steps

    @classmethod
    def _check_some(cls, cohort: Cohort, root: Path) -> None:
        """Refuse a cohort without samples; the error names the step that took the last ones."""
        if len(cohort.samples):
            return
        left = "rows"
        for step in cohort.steps:
            if not step.kept:
                why = f" ({step.dropped:,} dropped: {step.why})" if step.dropped else ""
                raise DataError(
                    f"{cls.facts.name}: no sample is left of {root}; of the {left} of "
                    f"{' and '.join(cls.facts.tables)}, none is among the {step.name}{why}",
                    "compare the tables with the official release, and see the loader's options",
                )
            left = f"{step.kept:,} {step.name}"

    @classmethod
    def _folder(cls, config: MammographyConfig, context: DataContext, found: Found) -> Path:
        data = cls._release(config, context, found).fingerprint
        options = config.pixel_options()
        return prepared_folder(cls.facts.name, data, options, PREPARE_VERSION, context)

    @classmethod
    def _release(cls, config: MammographyConfig, context: DataContext, found: Found) -> Release:
        facts, root = cls.facts, found.root

        def content() -> str:
            return data_fingerprint(
                f"{facts.title} {facts.version}",
                root,
                context.paths.cache,
                tables=[root / one for one in facts.tables],
                media=[root / facts.media],
            )

        return found.release(
            title=facts.title,
            version=facts.version,
            cohort=facts.cohort + (f"; {found.size}" if found.size else ""),
            terms=facts.terms,
            content=content,
            credentialed=True,
        )


def _with_images(
    config: MammographyConfig, cohort: Cohort, folder: Path
) -> tuple[Cohort, NDArray[np.int64]]:
    """Return the samples whose images can be read, and the entry of each image, (N, M)."""
    own = [name for name in map(str, cohort.files.columns) if not name.endswith(OTHER)]
    files = cohort.files.copy()
    if config.missing == "zeros":
        files[own] = files[own].replace("", _BLANK)
    names = (folder / "files.txt").read_text(encoding="utf-8").splitlines()
    usable = readable(folder, _IMAGES)
    lost = int((~usable).sum())
    place = {name: k for k, name in enumerate(names) if usable[k]} | {"": -1}
    positions = np.array(
        [[place.get(one, -2) for one in row] for row in files.to_numpy(dtype=object)],
        dtype=np.int64,
    ).reshape(files.shape)
    views = positions[:, : len(own)]
    broken = (views < 0).all(axis=1) if config.images == "any" else (views == -2).any(axis=1)
    positions = np.maximum(positions, -1)[~broken]
    step = AttritionStep(
        "samples whose images can be read",
        int((~broken).sum()),
        int(broken.sum()),
        f"files missing or damaged: {lost:,}" if lost else "",
    )
    return _taken(cohort, np.asarray(~broken), step), positions


def _taken(cohort: Cohort, kept: NDArray[np.bool_], step: AttritionStep) -> Cohort:
    """Return some of the samples, and the step that chose them."""
    return Cohort(
        cohort.samples.loc[kept].reset_index(drop=True),
        cohort.files.loc[kept].reset_index(drop=True),
        (*cohort.steps, step),
    )


def birads_classes(categories: NDArray[np.float64], grouping: Grouping) -> NDArray[np.float64]:
    """Return the class of BI-RADS categories, (N,); NaN for those in no class."""
    classes = np.full(len(categories), np.nan)
    for label, members in enumerate(GROUPINGS[grouping]):
        classes[np.isin(categories, list(members))] = label
    return classes


def birads_task(grouping: Grouping) -> Task:
    """Return the BI-RADS task, its classes named by their categories."""
    names = ("+".join(str(one) for one in sorted(members)) for members in GROUPINGS[grouping])
    return Task(name="birads", kind="multiclass", classes=tuple(f"BI-RADS {one}" for one in names))


def density_task() -> Task:
    """Return the task of breast density."""
    return Task(name="density", kind="multiclass", classes=DENSITIES)


def views_by_breast(images: pd.DataFrame, views: Sequence[str]) -> pd.DataFrame:
    """Return the first file of each view, empty if none.

    Args:
        images: ``unit`` (exam or patient), ``side`` (L, R), ``view`` (a modality), ``path``.
        views: Modalities, the columns of the result.

    Returns:
        Rows indexed by (unit, side), in the order in which they first come.
    """
    first = images.drop_duplicates(["unit", "side", "view"])
    wide = first.pivot(index=["unit", "side"], columns="view", values="path")
    order = pd.MultiIndex.from_frame(images[["unit", "side"]].drop_duplicates())
    return wide.reindex(index=order, columns=list(views)).fillna("")


def with_other_breast(breasts: pd.DataFrame, units: pd.DataFrame) -> pd.DataFrame:
    """Return the files of samples: own views, then those of the other breast.

    Args:
        breasts: Of :func:`views_by_breast`.
        units: ``unit`` and ``side`` of each sample.
    """
    opposite = units["side"].map({"L": "R", "R": "L"})
    own = breasts.reindex(pd.MultiIndex.from_arrays([units["unit"], units["side"]]))
    other = breasts.reindex(pd.MultiIndex.from_arrays([units["unit"], opposite]))
    frames = [own.reset_index(drop=True), other.reset_index(drop=True).add_suffix(OTHER)]
    return pd.concat(frames, axis=1).fillna("")


def whole(config: MammographyConfig, breasts: pd.DataFrame) -> NDArray[np.bool_]:
    """Tell which breasts have the images that the options ask for, (N,)."""
    there = breasts != ""
    if config.images == "any" or config.missing == "zeros":
        return np.asarray(there.any(axis=1))
    return np.asarray(there.all(axis=1))


def labelled(config: MammographyConfig, cohort: Cohort) -> Cohort:
    """Return the cohort, without samples that lack a label where the options say so."""
    if config.labels == "masked":
        return cohort
    targets = cohort.samples.columns.str.startswith("target:")
    known = cohort.samples.loc[:, targets].notna().all(axis=1).to_numpy()
    step = AttritionStep(
        "samples with every label", int(known.sum()), int((~known).sum()), "labels: complete"
    )
    return _taken(cohort, known, step)
