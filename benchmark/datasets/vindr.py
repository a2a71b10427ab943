"""VinDr-Mammo (PhysioNet ``vindr-mammo/1.0.0``; Nguyen et al., Scientific Data 2023).

``breast-level_annotations.csv`` has one row per image, files are
``images/<study_id>/<image_id>.dicom``. A sample is a breast with a CC and an MLO image; there is
one exam per patient, so the study is the group. The official split (training, test) can be used; it
has no validation part.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import pandas as pd

from benchmark.core.errors import DataError
from benchmark.core.problem import Task
from benchmark.datasets._mammography import (
    DENSITIES,
    Cohort,
    Facts,
    Grouping,
    MammographyConfig,
    MammographyDataset,
    birads_classes,
    birads_task,
    density_task,
    labelled,
    views_by_breast,
    whole,
    with_other_breast,
)
from benchmark.datasets._steps import Steps
from benchmark.datasets._tables import check_words, count_rows, read_text_table

_ROWS = 20_000
_TABLE = "breast-level_annotations.csv"
_COLUMNS = (
    "study_id",
    "image_id",
    "laterality",
    "view_position",
    "breast_birads",
    "breast_density",
    "split",
)
_VIEWS = {"CC": "cc", "MLO": "mlo"}
_BIRADS = {f"BI-RADS {one}": float(one) for one in range(1, 6)}
_DENSITY = {f"DENSITY {one}": float(k) for k, one in enumerate(DENSITIES)}
_PARTS = {"training": "train", "test": "test"}


class VinDrConfig(MammographyConfig):
    """What breasts are labelled with; see ``MammographyConfig``.

    Attributes:
        birads: ``screening`` is the advice of the release's authors.
    """

    birads: Grouping = "screening"


class VinDr(MammographyDataset):
    """The dataset; see the module's text."""

    config_class = VinDrConfig
    facts: ClassVar[Facts] = Facts(
        name="vindr",
        folders=("vindr-mammo", "vindr"),
        title="VinDr-Mammo",
        version="PhysioNet 1.0.0",
        terms="PhysioNet Restricted Health Data License 1.5.0",
        tables=(_TABLE,),
        media="images",
        views=("cc", "mlo"),
        cohort="breasts with a CC and an MLO image",
    )

    @classmethod
    def completeness(cls, root: Path) -> tuple[Literal["real", "partial"], str]:
        """Compare the number of images with the published one."""
        rows = count_rows(root / _TABLE)
        return "real" if rows == _ROWS else "partial", f"{rows:,} images of {_ROWS:,}"

    @classmethod
    def tasks(cls, config: VinDrConfig) -> tuple[Task, ...]:
        """Density and BI-RADS."""
        return density_task(), birads_task(config.birads)

    @classmethod
    def candidate_files(cls, config: VinDrConfig, root: Path) -> list[str]:
        """Return all images."""
        return list(_images(root).drop_duplicates(["unit", "side", "view"])["path"])

    @classmethod
    def read_cohort(cls, config: VinDrConfig, root: Path) -> Cohort:
        """Read the table of breasts.

        Raises:
            DataError: A column is missing, a value is not of its vocabulary, or images of one
                breast differ in a label.
        """
        images = _images(root)
        steps = Steps("images", len(images))
        everything = views_by_breast(images, cls.facts.views)
        steps.regroup("breasts", len(everything))
        breasts = everything[whole(config, everything)]
        steps.keep("breasts with CC and MLO", len(breasts), "a view is missing")
        units = breasts.index.to_frame(index=False)
        labels = _labels(root / _TABLE, images).reindex(breasts.index)
        samples = pd.DataFrame(
            {
                "sample_id": units["unit"] + "-" + units["side"],
                "group_id": units["unit"],
                "target:density": labels["density"].to_numpy(),
                "target:birads": birads_classes(labels["birads"].to_numpy(), config.birads),
                "part": labels["part"].to_numpy(),
            }
        )
        cohort = Cohort(samples, with_other_breast(everything, units), steps.done())
        return labelled(config, cohort)


def _images(root: Path) -> pd.DataFrame:
    path = root / _TABLE
    table = read_text_table(path, _COLUMNS)
    vocabulary = {
        "laterality": set("LR"),
        "view_position": set(_VIEWS),
        "breast_birads": set(_BIRADS),
        "breast_density": set(_DENSITY),
        "split": set(_PARTS),
    }
    for column, words in vocabulary.items():
        check_words(path, table, column, words, "study_id")
    return pd.DataFrame(
        {
            "unit": table["study_id"],
            "side": table["laterality"],
            "view": table["view_position"].map(_VIEWS),
            "path": "images/" + table["study_id"] + "/" + table["image_id"] + ".dicom",
            "density": table["breast_density"].map(_DENSITY).astype(np.float64),
            "birads": table["breast_birads"].map(_BIRADS).astype(np.float64),
            "part": table["split"].map(_PARTS),
        }
    )


def _labels(path: Path, images: pd.DataFrame) -> pd.DataFrame:
    """Return density, BI-RADS and part by (unit, side)."""
    by_breast = images.groupby(["unit", "side"], sort=False)[["density", "birads", "part"]]
    unequal = (by_breast.nunique() > 1).any(axis=1)
    if unequal.any():
        study, side = unequal.index[unequal][0]
        raise DataError(
            f"{path}: images of breast {side} of study {study!r} differ in density, BI-RADS or "
            "split",
            "compare the file with the official release, where labels are those of a breast",
        )
    return by_breast.first()
