"""A made-up release of the RSNA 2023 screening set in the layout of the competition's files.

Site 1 has densities, site 2 does not; BI-RADS is missing for some breasts and for most of site 2;
some patients have implants; every few patients one image is of another view. Images hide density
and BI-RADS (see the two modules about drawing). Classes are more even than in the real release.
``truth`` gets ``breasts.json``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from benchmark.core.seeding import derive_seed
from benchmark.datasets.synthetic._mammograms import (
    RADIOGRAPHY,
    ROOT,
    SHAPES,
    Breast,
    Form,
    draw,
    write_dicom,
)
from benchmark.datasets.synthetic._planting import plant

#: Raised whenever the same settings give another release.
GENERATOR_VERSION = 2

COLUMNS = (
    "site_id",
    "patient_id",
    "image_id",
    "laterality",
    "view",
    "age",
    "cancer",
    "biopsy",
    "invasive",
    "BIRADS",
    "implant",
    "density",
    "machine_id",
    "difficult_negative_case",
)
_TEST_COLUMNS = (*COLUMNS[:6], "implant", "machine_id", "prediction_id")
#: BI-RADS as stored, by planted grade: negative, benign, to be followed up.
_CODES = (1, 2, 0)
_GRADE_SHARES = (0.45, 0.25, 0.30)
_VIEWS = {0: "AT", 1: "LM", 2: "ML", 3: "LMO"}
_TEST_PATIENTS = 2


def write_release(root: Path, truth: Path, size: int, seed: int) -> None:
    """Write ``size`` patients with labels and two without below ``root``, factors to ``truth``."""
    rows, facts = [], []
    for number in range(size):
        rng = np.random.default_rng(derive_seed(seed, "rsna", number))
        patient = _Patient(rng, number)
        rows += list(patient.images(rng, root / "train_images"))
        facts += patient.facts()
    tests = []
    for number in range(size, size + _TEST_PATIENTS):
        rng = np.random.default_rng(derive_seed(seed, "rsna", number))
        tests += list(_Patient(rng, number).images(rng, root / "test_images"))
    _write_tables(root, pd.DataFrame(rows), pd.DataFrame(tests))
    truth.mkdir(parents=True, exist_ok=True)
    (truth / "breasts.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")


class _Patient:
    """Two breasts of one person.

    Args:
        rng: Draws what both have.
        number: Decides what is odd.
    """

    def __init__(self, rng: np.random.Generator, number: int) -> None:
        self.number = number
        self.id = 10_000 + 37 * number
        self.site = 2 if number % 4 == 3 else 1
        self.density = (number // 4 + number % 4) % 4
        self.implant = number % 13 == 5
        self.grades = {side: int(rng.choice(3, p=_GRADE_SHARES)) for side in "LR"}
        groups = (("cc",), ("mlo",))
        self.planted = {
            side: plant(rng, grade, _GRADE_SHARES, *groups) for side, grade in self.grades.items()
        }

    def graded(self, side: str) -> bool:
        """Tell whether BI-RADS is stored."""
        if self.site == 2:
            return self.number % 40 == 3
        return not (self.number % 6 == 1 and side == "R")

    def images(self, rng: np.random.Generator, folder: Path) -> Iterator[dict[str, object]]:
        """Write the files of both breasts and yield their rows."""
        shape = SHAPES[int(rng.integers(len(SHAPES)))]
        count = 0
        for side in "LR":
            odd = self.number % 9 == 4 and side == "L"
            for view in ("CC", "MLO", *((_VIEWS[self.number // 9 % 4],) if odd else ())):
                count += 1
                row = self._row(side, view, 100_000_000 + 1000 * self.number + 7 * count)
                self._write(rng, folder, row, shape)
                yield row

    def _row(self, side: str, view: str, image: int) -> dict[str, object]:
        grade = self.grades[side]
        cancer = int(grade == 2 and self.number % 3 == 0)
        return {
            "site_id": self.site,
            "patient_id": self.id,
            "image_id": image,
            "laterality": side,
            "view": view,
            "age": None if self.number % 20 == 8 else float(40 + self.number % 40),
            "cancer": cancer,
            "biopsy": int(cancer or grade == 2),
            "invasive": int(cancer and self.number % 2 == 0),
            "BIRADS": float(_CODES[grade]) if self.graded(side) else None,
            "implant": int(self.implant),
            "density": "ABCD"[self.density] if self.site == 1 else None,
            "machine_id": 49 if self.number % 2 else 21,
            "difficult_negative_case": grade == 2 and not cancer,
            "prediction_id": f"{self.id}-{side}",
        }

    def _write(
        self, rng: np.random.Generator, folder: Path, row: dict[str, object], shape: tuple[int, int]
    ) -> None:
        view, side = str(row["view"]), str(row["laterality"])
        planted = self.planted[side].levels.get(view.lower())
        # Views beside CC and MLO show nothing, so that using one is noticed.
        breast = Breast(side == "L", view == "MLO", self.density if planted else 0, grade=planted)
        path = folder / str(self.id) / f"{row['image_id']}.dcm"
        path.parent.mkdir(parents=True, exist_ok=True)
        elements = {
            "SOPClassUID": RADIOGRAPHY,
            "SOPInstanceUID": f"{ROOT}.4.{row['image_id']}",
            "PatientID": str(self.id),
            "StudyInstanceUID": f"{ROOT}.5.{self.id}",
            "SeriesInstanceUID": f"{ROOT}.6.{row['image_id']}",
            "InstanceNumber": row["image_id"],
            "ImageLaterality": side,
            "PixelIntensityRelationship": "LOG",
            "LossyImageCompression": "00",
        }
        write_dicom(path, draw(rng, breast, shape), Form.drawn(rng), elements)

    def facts(self) -> list[dict[str, object]]:
        """Return what a test may hold a loader to."""
        return [
            {
                "patient": str(self.id),
                "side": side,
                "site": self.site,
                "implant": self.implant,
                "density": self.density if self.site == 1 else None,
                "grade": self.grades[side] if self.graded(side) else None,
                "mechanism": self.planted[side].mechanism,
            }
            for side in "LR"
        ]


def _write_tables(root: Path, train: pd.DataFrame, test: pd.DataFrame) -> None:
    train[list(COLUMNS)].to_csv(root / "train.csv", index=False)
    test[list(_TEST_COLUMNS)].to_csv(root / "test.csv", index=False)
    answers = pd.DataFrame({"prediction_id": test["prediction_id"].unique(), "cancer": 0.02})
    answers.to_csv(root / "sample_submission.csv", index=False)
