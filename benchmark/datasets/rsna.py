"""RSNA 2023 screening mammography (Kaggle ``rsna-breast-cancer-detection``).

``train.csv`` and ``train_images/<patient_id>/<image_id>.dcm``; the competition's test images have
no labels and are not read. A sample is a breast with a CC and an MLO image, its patient the group.
Only site 1 has densities. Views are in the table alone, not in the files. The M4oE paper takes
22,604 images of 5,651 patients, which no plain filter gives; site 1 without implants, the default,
comes closest (5,647 patients).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import pandas as pd
from pydantic import Field

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
from benchmark.datasets._tables import check_words, count_rows, numbers, read_text_table

_ROWS = 54_706
_COLUMNS = (
    "site_id",
    "patient_id",
    "image_id",
    "laterality",
    "view",
    "BIRADS",
    "implant",
    "density",
)
_VIEWS = {"CC": "cc", "MLO": "mlo"}
_OTHER_VIEWS = ("AT", "LM", "ML", "LMO")


class RSNAConfig(MammographyConfig):
    """Which breasts, and what they are labelled with.

    Attributes:
        birads: See ``MammographyConfig``; here 0 means follow-up, so ``screening`` and ``stored``
            agree, and under ``supplement`` the third class is empty.
        sites: Sites taken.
        implants: ``drop`` leaves out patients with an implant.
    """

    birads: Grouping = "screening"
    sites: Annotated[tuple[Literal[1, 2], ...], Field(min_length=1)] = (1,)
    implants: Literal["drop", "keep"] = "drop"

    def pixel_options(self) -> dict[str, Any]:
        """Add what decides which patients are decoded."""
        sites = sorted(set(self.sites))
        return {**super().pixel_options(), "sites": sites, "implants": self.implants}


class RSNA(MammographyDataset):
    """The dataset; see the module's text."""

    config_class = RSNAConfig
    facts: ClassVar[Facts] = Facts(
        name="rsna",
        folders=("rsna-breast-cancer-detection", "rsna"),
        title="RSNA Screening Mammography Breast Cancer Detection",
        version="Kaggle 2023",
        terms="competition rules: non-commercial use, no redistribution",
        tables=("train.csv",),
        media="train_images",
        views=("cc", "mlo"),
        cohort="breasts with a CC and an MLO image",
    )

    @classmethod
    def completeness(cls, root: Path) -> tuple[Literal["real", "partial"], str]:
        """Compare the number of images with the published one."""
        rows = count_rows(root / "train.csv")
        return "real" if rows == _ROWS else "partial", f"{rows:,} images of {_ROWS:,}"

    @classmethod
    def tasks(cls, config: RSNAConfig) -> tuple[Task, ...]:
        """Density and BI-RADS."""
        return density_task(), birads_task(config.birads)

    @classmethod
    def candidate_files(cls, config: RSNAConfig, root: Path) -> list[str]:
        """Return the CC and MLO images of the patients taken."""
        images, _ = _images(config, root)
        return list(images.drop_duplicates(["unit", "side", "view"])["path"])

    @classmethod
    def read_cohort(cls, config: RSNAConfig, root: Path) -> Cohort:
        """Read ``train.csv``.

        Raises:
            DataError: A column is missing, a value is not of its vocabulary, or images of one
                breast differ in a label.
        """
        images, steps = _images(config, root)
        breasts = views_by_breast(images, cls.facts.views)
        steps.regroup("breasts", len(breasts))
        breasts = breasts[whole(config, breasts)]
        steps.keep("breasts with CC and MLO", len(breasts), "a view is missing")
        units = breasts.index.to_frame(index=False)
        labels = _labels(root / "train.csv", images).reindex(breasts.index)
        samples = pd.DataFrame(
            {
                "sample_id": units["unit"] + "-" + units["side"],
                "group_id": units["unit"],
                "target:density": labels["density"].to_numpy(),
                "target:birads": birads_classes(labels["birads"].to_numpy(), config.birads),
            }
        )
        everything = views_by_breast(images, cls.facts.views)
        cohort = Cohort(samples, with_other_breast(everything, units), steps.done())
        return labelled(config, cohort)


def _images(config: RSNAConfig, root: Path) -> tuple[pd.DataFrame, Steps]:
    """Return the images of the patients taken, with labels of their breast as numbers."""
    path = root / "train.csv"
    table = read_text_table(path, _COLUMNS)
    known: dict[str, Iterable[str]] = {
        "laterality": "LR",
        "view": (*_VIEWS, *_OTHER_VIEWS),
        "site_id": "12",
        "implant": "01",
        "density": (*DENSITIES, ""),
    }
    for column, words in known.items():
        check_words(path, table, column, set(words), "patient_id")
    table["birads"] = numbers(path, table, "BIRADS", "patient_id")
    check_words(path, table, "BIRADS", {"", "0", "0.0", "1", "1.0", "2", "2.0"}, "patient_id")
    table["density"] = table["density"].map({one: k for k, one in enumerate(DENSITIES)})
    steps = Steps("images", len(table))
    table = table[table["site_id"].isin([str(site) for site in config.sites])]
    sites = " and ".join(str(site) for site in sorted(set(config.sites)))
    steps.keep(f"images of site {sites}", len(table), "another site")
    if config.implants == "drop":
        having = set(table.loc[table["implant"] == "1", "patient_id"])
        table = table[~table["patient_id"].isin(having)]
        steps.keep("images of patients without implants", len(table), "an implant")
    table = table[table["view"].isin(list(_VIEWS))]
    steps.keep("images in CC or MLO view", len(table), "another view")
    path_of = "train_images/" + table["patient_id"] + "/" + table["image_id"] + ".dcm"
    images = pd.DataFrame(
        {
            "unit": table["patient_id"],
            "side": table["laterality"],
            "view": table["view"].map(_VIEWS),
            "path": path_of,
            "density": table["density"],
            "birads": table["birads"],
        }
    )
    return images, steps


def _labels(path: Path, images: pd.DataFrame) -> pd.DataFrame:
    """Return density and BI-RADS by (unit, side)."""
    by_breast = images.groupby(["unit", "side"], sort=False)[["density", "birads"]]
    unequal = (by_breast.nunique() > 1).any(axis=1)
    if unequal.any():
        patient, side = unequal.index[unequal][0]
        raise DataError(
            f"{path}: images of breast {side} of patient {patient!r} differ in density or BIRADS",
            "compare the file with the official release, where labels are those of a breast",
        )
    return by_breast.first()
