"""A made-up VinDr-Mammo release in the layout of the official one.

One exam per patient, four images each, ``.dicom`` files under hexadecimal names. Images hide
density and BI-RADS (see the two modules about drawing). All of BI-RADS 1 to 5 and density A to D
occur, more evenly than in the real release. ``truth`` gets ``breasts.json``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmark.core.seeding import derive_seed
from benchmark.datasets.synthetic._mammograms import (
    PRESENTATION,
    ROOT,
    SHAPES,
    Breast,
    Form,
    draw,
    write_dicom,
)
from benchmark.datasets.synthetic._planting import plant

#: Raised whenever the same settings give another release.
GENERATOR_VERSION = 3

_GRADE_SHARES = (0.45, 0.25, 0.30)
#: BI-RADS by planted grade.
_BIRADS = ((1,), (2,), (3, 4, 5))
_IMAGE = ("study_id", "series_id", "image_id", "laterality", "view_position", "height", "width")
_FINDINGS = ("Mass", "Suspicious Calcification", "Asymmetry", "Architectural Distortion")


def write_release(root: Path, truth: Path, size: int, seed: int) -> None:
    """Write ``size`` exams below ``root``, the true factors to ``truth``."""
    rows, facts = [], []
    for number in range(size):
        rng = np.random.default_rng(derive_seed(seed, "vindr", number))
        exam = _exam(number, size)
        for row, fact in _breasts(rng, root, exam):
            rows.append(row)
            facts.append(fact)
    _write_tables(root, pd.DataFrame(rows))
    truth.mkdir(parents=True, exist_ok=True)
    known = {(str(one["study"]), str(one["side"])): one for one in facts}
    (truth / "breasts.json").write_text(json.dumps(list(known.values()), indent=1), "utf-8")


def _exam(number: int, size: int) -> dict[str, Any]:
    density = (number // 5 + number % 5) % 4
    return {
        "number": number,
        "study": _name("study", number),
        "density": density,
        # Density is graded by breast and now and then differs by one.
        "densities": {"L": density, "R": min(3, density + 1) if number % 10 == 7 else density},
        "split": "test" if number % 5 == 4 and size > 4 else "training",
    }


def _name(what: str, *numbers: int) -> str:
    return hashlib.md5(f"{what} {numbers}".encode(), usedforsecurity=False).hexdigest()


def _breasts(
    rng: np.random.Generator, root: Path, exam: dict[str, Any]
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Write the files of an exam; yield a row of tables and the truth, by image."""
    number = exam["number"]
    shape = SHAPES[int(rng.integers(len(SHAPES)))]
    for side in "LR":
        grade = int(rng.choice(3, p=_GRADE_SHARES))
        birads = _BIRADS[grade][number % len(_BIRADS[grade])]
        planted = plant(rng, grade, _GRADE_SHARES, ("cc",), ("mlo",))
        density = exam["densities"][side]
        fact = {
            "study": exam["study"],
            "side": side,
            "birads": birads,
            "grade": grade,
            "density": density,
            "mechanism": planted.mechanism,
        }
        for position, view in enumerate(("CC", "MLO")):
            breast = Breast(side == "L", view == "MLO", density, planted.levels[view.lower()])
            row = {
                "study_id": exam["study"],
                "series_id": _name("series", number),
                "image_id": _name("image", number, "LR".index(side), position),
                "laterality": side,
                "view_position": view,
                "height": shape[0],
                "width": shape[1],
                "breast_birads": f"BI-RADS {birads}",
                "breast_density": f"DENSITY {'ABCD'[density]}",
                "split": exam["split"],
            }
            image, form = draw(rng, breast, shape), Form.drawn(rng)
            # All files of this release have a window.
            _write(root, row, image, replace(form, windows=max(1, form.windows)))
            yield row, fact


def _write(root: Path, row: dict[str, Any], image: Any, form: Form) -> None:
    path = root / "images" / str(row["study_id"]) / f"{row['image_id']}.dicom"
    path.parent.mkdir(parents=True, exist_ok=True)
    number = int(str(row["image_id"])[:12], 16)
    elements = {
        "SOPClassUID": PRESENTATION,
        "SOPInstanceUID": f"{ROOT}.7.{number}",
        "PatientID": str(row["study_id"]),
        "StudyInstanceUID": f"{ROOT}.8.{number}",
        "SeriesInstanceUID": f"{ROOT}.9.{number}",
        "Modality": "MG",
        "ImageLaterality": row["laterality"],
        "ViewPosition": row["view_position"],
        "PatientOrientation": ["A", "R"] if row["laterality"] == "L" else ["P", "L"],
        "PresentationIntentType": "FOR PRESENTATION",
        "Manufacturer": "SIEMENS",
    }
    write_dicom(path, image, form, elements)


def _write_tables(root: Path, images: pd.DataFrame) -> None:
    images.to_csv(root / "breast-level_annotations.csv", index=False)
    findings = images[list(_IMAGE)].copy()
    grades = images["breast_birads"].str[-1].astype(int)
    kinds = [
        str([_FINDINGS[k % 4]]) if grade > 2 else "['No Finding']" for k, grade in enumerate(grades)
    ]
    findings["breast_birads"] = images["breast_birads"]
    findings["breast_density"] = images["breast_density"]
    findings["finding_categories"] = kinds
    findings["finding_birads"] = images["breast_birads"].where(grades > 2)
    for name, value in (("xmin", 5.0), ("ymin", 8.0), ("xmax", 20.0), ("ymax", 30.0)):
        findings[name] = np.where(grades > 2, value, np.nan)
    findings["split"] = images["split"]
    findings.to_csv(root / "finding_annotations.csv", index=False)
    pd.DataFrame(
        {
            "SOP Instance UID": images["image_id"],
            "Patient's Sex": "F",
            "Rows": images["height"],
            "Columns": images["width"],
            "View Position": images["view_position"],
            "Image Laterality": images["laterality"],
            "Manufacturer": "SIEMENS",
        }
    ).to_csv(root / "metadata.csv", index=False)
    (root / "LICENSE.txt").write_text("made up; free to use\n", encoding="utf-8")
    _write_sums(root)


def _write_sums(root: Path) -> None:
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()} {path.relative_to(root).as_posix()}"
        for path in sorted(root.rglob("*"))
        if path.is_file()
    ]
    (root / "SHA256SUMS.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
