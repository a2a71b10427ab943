"""Drawn chest X-rays in the layout of MIMIC-CXR-JPG: tables, and a JPEG per image.

Frontal images of a stay show ``opacity`` as a bright patch in a lung and ``heart`` as a wide heart.
Lateral views show neither; images outside of stays are of another state.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.datasets.synthetic.mimic.people import DAY, HOUR, MINUTE, Factors, Person

HEIGHT, WIDTH = 72, 60
FINDINGS = (
    "Atelectasis", "Cardiomegaly", "Consolidation", "Edema", "Enlarged Cardiomediastinum",
    "Fracture", "Lung Lesion", "Lung Opacity", "No Finding", "Pleural Effusion", "Pleural Other",
    "Pneumonia", "Pneumothorax", "Support Devices",
)  # fmt: skip
_VIEWS = {"AP": "antero-posterior", "PA": "postero-anterior", "LATERAL": "lateral",
          "LL": "left lateral"}  # fmt: skip
_PROCEDURES = ("CHEST (PORTABLE AP)", "CHEST (PA AND LAT)")


@dataclass(frozen=True)
class Image:
    """An image of a study."""

    dicom_id: str
    subject_id: int
    study_id: int
    view: str | None
    time: int
    factors: Factors


def images(people: list[Person], rng: np.random.Generator) -> list[Image]:
    """Draw the images of all patients; about one stay in three has none."""
    found: list[Image] = []
    study = 50_000_000
    for person in people:
        times: list[tuple[int, Factors]] = []
        for visit in person.visits:
            for stay in visit.stays:
                if rng.random() < 0.68:
                    every = np.arange(stay.intime + 2 * HOUR, stay.outtime, 30 * HOUR)
                    times += [(time, visit.factors) for time in every[:4].tolist()]
            if rng.random() < 0.4:
                times.append((visit.admit - DAY, Factors.draw(rng, 0.0)))
                times.append((visit.discharge + 2 * DAY, Factors.draw(rng, 0.0)))
        for time, factors in sorted(times, key=lambda one: one[0]):
            study += int(rng.integers(1, 400))
            views = _views(rng)
            for view in views:
                minute = int(rng.integers(20)) * MINUTE
                found.append(
                    Image(_dicom_id(rng), person.subject_id, study, view, time + minute, factors)
                )
    return found


def _views(rng: np.random.Generator) -> tuple[str | None, ...]:
    kinds: tuple[tuple[str | None, ...], ...] = (
        ("AP",), ("PA", "LATERAL"), ("AP", "LL"), ("LATERAL",), (None,)
    )  # fmt: skip
    return kinds[int(rng.choice(len(kinds), p=[0.55, 0.2, 0.12, 0.08, 0.05]))]


def _dicom_id(rng: np.random.Generator) -> str:
    return "-".join(f"{int(part):08x}" for part in rng.integers(2**32, size=5))


def write_images(folder: Path, found: list[Image], rng: np.random.Generator) -> None:
    """Write ``files/pXX/pSUBJECT/sSTUDY/DICOM.jpg`` of every image."""
    from PIL import Image as Pillow

    for one in found:
        subject = f"p{one.subject_id}"
        place = folder / "files" / subject[:3] / subject / f"s{one.study_id}"
        place.mkdir(parents=True, exist_ok=True)
        stream = io.BytesIO()
        Pillow.fromarray(picture(one, rng)).save(stream, "JPEG", quality=90)
        (place / f"{one.dicom_id}.jpg").write_bytes(stream.getvalue())


def picture(image: Image, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Draw an image, (HEIGHT, WIDTH): lungs dark, the heart bright."""
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float64)
    drawn = np.full((HEIGHT, WIDTH), 150.0)
    frontal = image.view in ("AP", "PA", None)
    if frontal:
        for centre in (17, 43):
            drawn[_oval(rows, columns, 36, centre, 26, 10)] = 60
        drawn[_oval(rows, columns, 46, 33, 14, 13 if image.factors.heart else 8)] = 170
        if image.factors.opacity:
            patch = _oval(rows, columns, 46 + int(rng.integers(-4, 5)), 15, 9, 7)
            drawn[patch] += 70
    else:
        drawn[_oval(rows, columns, 36, 30, 28, 18)] = 80
        drawn[_oval(rows, columns, 44, 24, 12, 10)] = 165
    drawn += rng.normal(0, 8, drawn.shape) + rng.normal(0, 10)
    return np.asarray(np.clip(drawn, 0, 255), dtype=np.uint8)


def _oval(
    rows: NDArray[np.float64],
    columns: NDArray[np.float64],
    y: float,
    x: float,
    tall: float,
    wide: float,
) -> NDArray[np.bool_]:
    return np.asarray(((rows - y) / tall) ** 2 + ((columns - x) / wide) ** 2 <= 1)


def tables(found: list[Image], rng: np.random.Generator) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of metadata, split, chexpert and negbio."""
    parts = {one.subject_id: _part(rng) for one in found}
    studies = {one.study_id: one for one in found}
    labels = [
        {"subject_id": one.subject_id, "study_id": study, **_findings(one.factors, rng)}
        for study, one in studies.items()
    ]
    return {
        "metadata": [_metadata(one) for one in found],
        "split": [
            {"dicom_id": one.dicom_id, "study_id": one.study_id, "subject_id": one.subject_id,
             "split": parts[one.subject_id]}
            for one in found
        ],
        "chexpert": labels,
        "negbio": labels,
    }  # fmt: skip


def _metadata(one: Image) -> dict[str, Any]:
    date, clock = str(np.datetime64(one.time, "s")).split("T")
    seconds = int(clock.replace(":", ""))
    lateral = one.view in ("LATERAL", "LL")
    return {
        "dicom_id": one.dicom_id,
        "subject_id": one.subject_id,
        "study_id": one.study_id,
        "PerformedProcedureStepDescription": _PROCEDURES[lateral],
        "ViewPosition": one.view,
        "Rows": HEIGHT,
        "Columns": WIDTH,
        "StudyDate": int(date.replace("-", "")),
        # A number, so that leading zeros are gone: 00:05:07 is 507.
        "StudyTime": f"{seconds}.{one.study_id % 1000:03d}",
        "ProcedureCodeSequence_CodeMeaning": _PROCEDURES[lateral],
        "ViewCodeSequence_CodeMeaning": _VIEWS.get(one.view or ""),
        "PatientOrientationCodeSequence_CodeMeaning": None if one.view is None else "Erect",
    }


def _findings(factors: Factors, rng: np.random.Generator) -> dict[str, float | None]:
    """Return the labels of a report: 1, 0, -1 for unsure, nothing where it does not say."""
    found: dict[str, float | None] = dict.fromkeys(FINDINGS)
    for name, there in (
        ("Cardiomegaly", factors.heart), ("Lung Opacity", factors.opacity),
        ("Pleural Effusion", factors.effusion),
    ):  # fmt: skip
        found[name] = -1.0 if rng.random() < 0.08 else float(there)
    found["No Finding"] = None if factors.heart or factors.opacity or factors.effusion else 1.0
    return found


def _part(rng: np.random.Generator) -> str:
    return ("train", "validate", "test")[int(rng.choice(3, p=[0.8, 0.05, 0.15]))]
