"""A made-up EMBED release in the layout of the official one, so that the same loader runs on both.

Forty per cent of the patients get a cancer, 0.5, 1.5, 2.5, 3.5 or 4.5 years after their first exam,
found in a diagnostic exam two weeks before the procedure, or, where that was done elsewhere, two
weeks after it. Classes are far more even than in the
real release, so that small folds have all of them. Images hide density (in all of them), the
BI-RADS assessment and "cancer within 5 years" (see the two modules about drawing).

Every few exams something is odd, in a fixed rhythm (:data:`ODD`): what the real tables hold and a
loader must get right. ``truth`` gets ``exams.json``: what was planted, and which sides are whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
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
from benchmark.datasets.synthetic._planting import Planted, plant

#: Raised whenever the same settings give another release.
GENERATOR_VERSION = 3

TYPES = {"cview": "cview", "ffdm": "2D"}
#: Oddity by (exam number modulo the first, remainder).
ODD = {
    "no_cview": (12, 3),
    "spot": (12, 5),
    "other_view": (12, 7),
    "duplicate": (12, 9),
    "one_side": (12, 11),
    "dates_differ": (20, 10),
    "no_images": (24, 14),
    "no_clinical": (30, 16),
    "not_assessed": (30, 20),
}
NEVER = 100.0
_GRADE_SHARES, _RISK_SHARES = (0.35, 0.30, 0.35), (0.55, 0.45)
_LETTERS = {
    False: ("N", "B", "A"),
    True: ("N", "BP", "SSM"),
}
_PREFIXES = {1: "/" + "mnt/NAS2/mammo/anon_dicom/", 2: "./images/"}
_REDUCED = {
    "clinical": ["empi_anon", "acc_anon", "study_date_anon", "desc", "tissueden", "asses", "side"],
    "metadata": ["empi_anon", "acc_anon", "study_date_anon", "anon_dicom_path", "FinalImageType"],
}
_LEGEND = [
    ("asses", "BI-RADS assessment", "N", "negative (1)"),
    ("asses", "BI-RADS assessment", "B", "benign (2)"),
    ("asses", "BI-RADS assessment", "A", "additional evaluation (0)"),
    ("path_severity", "worst pathology", "0", "invasive cancer"),
    ("path_severity", "worst pathology", "1", "in situ cancer"),
    ("tissueden", "breast density", "1", "almost entirely fat"),
]


@dataclass(frozen=True)
class _Cancer:
    """Days after the patient's first exam of the procedure, and of the exam that finds it."""

    procedure: int
    exam: int

    @classmethod
    def of(cls, number: int, years: int) -> _Cancer:
        """Return the cancer of a patient, half a year after so many years."""
        day = round((years + 0.5) * 365.25)
        return cls(day, day + 14 if number % 10 == 5 else day - 14)


@dataclass
class _Exam:
    """One exam of a patient.

    Attributes:
        number: Over the whole release; decides what is odd.
        days: After the patient's first exam.
        procedure: Days of a biopsy that found cancer; None in other exams.
    """

    number: int
    accession: int
    days: int
    when: date
    diagnostic: bool
    grade: int
    letter: str
    affected: str
    years_to_cancer: float
    procedure: int | None = None
    planted: dict[str, Planted] = field(default_factory=dict)

    def odd(self, what: str) -> bool:
        """Tell whether this exam is odd in a way."""
        every, rest = ODD[what]
        return self.number % every == rest


@dataclass
class _Patient:
    """One patient; density is 1 .. 4, 5 (male) or None."""

    number: int
    density: int | None
    cohort: int
    exams: list[_Exam]

    @property
    def empi(self) -> int:
        """Identifier."""
        return 10_000_000 + 7919 * self.number


def write_release(root: Path, truth: Path, size: int, seed: int) -> None:
    """Write ``size`` patients below ``root``, the true factors to ``truth``."""
    clinical, metadata, facts = [], [], []
    counter = 0
    for number in range(size):
        rng = np.random.default_rng(derive_seed(seed, "embed", number))
        patient = _patient(rng, number, counter)
        counter += len(patient.exams)
        for exam in patient.exams:
            findings = [] if exam.odd("no_clinical") else list(_findings(rng, patient, exam))
            images = [] if exam.odd("no_images") else list(_images(rng, root, patient, exam))
            clinical += findings
            metadata += images
            facts.append(_facts(patient, exam, images))
    _write_tables(root / "tables", pd.DataFrame(clinical), pd.DataFrame(metadata))
    truth.mkdir(parents=True, exist_ok=True)
    (truth / "exams.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")


def _patient(rng: np.random.Generator, number: int, counter: int) -> _Patient:
    density = {7: 5, 11: None}.get(number % 15, 1 + (number // 5 + number % 5) % 4)
    start = date(2013, 1, 1) + timedelta(days=int(rng.integers(0, 1500)))
    cancers = 2 * (number // 5) + number % 5
    has_cancer = number % 5 < 2
    cancer = _Cancer.of(number, cancers % 5) if has_cancer else None
    patient = _Patient(number, density, 1 + number % 2, [])
    for position, days in enumerate(_dates(rng, number, cancer)):
        exam = _exam(rng, counter + position, start, days, cancer)
        exam.accession = 1_000_000_000_000_000 + 104_729 * exam.number
        patient.exams.append(exam)
    return patient


def _dates(rng: np.random.Generator, number: int, cancer: _Cancer | None) -> list[int]:
    """Return days of exams after the first: yearly ones, then the one that finds the cancer."""
    if cancer is None:
        span = (5.3, 7.0) if number % 5 < 4 else (0.0, 3.0)
        count = int(rng.integers(2, 4)) if number % 5 < 4 else int(rng.integers(1, 4))
        last = rng.uniform(*span) * 365.25
        return sorted({round(one) for one in np.linspace(0, last, count)})
    between = [365 * year for year in range(1, 5) if 365 * year < cancer.procedure - 200]
    chosen = between[:: max(1, len(between) // 2 + len(between) % 2)][:2]
    after = [cancer.procedure + 400] if number % 10 == 1 and len(chosen) < 2 else []
    return [0, *chosen, cancer.exam, *after]


def _exam(
    rng: np.random.Generator, number: int, start: date, days: int, cancer: _Cancer | None
) -> _Exam:
    finds = cancer is not None and days == cancer.exam
    diagnostic = finds or bool(rng.random() < 0.45)
    grade = 2 if finds else int(rng.choice(3, p=_GRADE_SHARES))
    letter = "MK"[number % 2] if finds else str(rng.choice(list(_LETTERS[diagnostic][grade])))
    ahead = cancer.procedure - days if cancer is not None else None
    years = NEVER if ahead is None or ahead < -30 else max(0, ahead) / 365.25
    exam = _Exam(
        number=number,
        accession=0,
        days=days,
        when=start + timedelta(days=days),
        diagnostic=diagnostic,
        grade=grade,
        letter=letter,
        affected="LR"[int(rng.integers(2))],
        years_to_cancer=years,
        procedure=cancer.procedure if cancer is not None and finds else None,
    )
    groups = [[f"{one}_{view}" for one in TYPES] for view in ("cc", "mlo")]
    risk = int(exam.years_to_cancer <= 5)
    exam.planted = {
        "grade": plant(rng, grade, _GRADE_SHARES, *groups),
        "risk": plant(rng, risk, _RISK_SHARES, *groups),
    }
    return exam


def _findings(
    rng: np.random.Generator, patient: _Patient, exam: _Exam
) -> Iterator[dict[str, object]]:
    """Yield the rows of an exam: the worst finding, now and then after a milder one."""
    kind = "Diagnostic" if exam.diagnostic else "Screen"
    sides = "Left" if exam.odd("one_side") and exam.affected == "L" else "Bilat"
    row: dict[str, object] = {
        "empi_anon": patient.empi,
        "acc_anon": exam.accession,
        "study_date_anon": exam.when.isoformat(),
        "desc": f"MG {kind} {sides} w/Tomo/CAD Stnd Protocol",
        "tissueden": patient.density,
        "asses": "X" if exam.odd("not_assessed") else exam.letter,
        "numfind": 1,
        "side": _side(exam),
        "path_severity": _severity(rng, exam),
        "procdate_anon": None,
        "pdate_anon": None,
        "bside": None,
        "type": None,
        "path1": None,
        "age_at_study": round(40 + patient.number % 40 + exam.days / 365.25, 2),
        "GENDER_DESC": "Male" if patient.density == 5 else "Female",
        "ETHNICITY_DESC": "Unknown, Unavailable or Unreported",
        "cohort_num": patient.cohort,
    }
    if row["path_severity"] is not None:
        days = exam.procedure if exam.procedure is not None else exam.days + 12
        done = (exam.when + timedelta(days=days - exam.days)).isoformat()
        more = {"procdate_anon": done, "pdate_anon": done, "bside": exam.affected, "type": "B"}
        row |= more
    if exam.letter in "BPASMK" and exam.number % 3 == 0:
        other = "R" if exam.affected == "L" else "L"
        milder = {"asses": "N" if exam.letter == "B" else "B", "side": other, "numfind": 2}
        nothing = dict.fromkeys(("path_severity", "procdate_anon", "pdate_anon", "bside", "type"))
        yield {**row, **milder, **nothing}
    yield row


def _side(exam: _Exam) -> str | None:
    if exam.grade == 0:
        return None
    return "B" if exam.number % 8 == 6 else exam.affected


def _severity(rng: np.random.Generator, exam: _Exam) -> int | None:
    """Return the worst pathology: cancer where it was found, anything else after a suspicion."""
    if exam.procedure is not None:
        return int(rng.integers(0, 2))
    return int(2 + exam.number % 5) if exam.letter in "SMK" else None


def _images(
    rng: np.random.Generator, root: Path, patient: _Patient, exam: _Exam
) -> Iterator[dict[str, object]]:
    """Write the files of an exam and yield their rows."""
    sides = exam.affected if exam.odd("one_side") else "LR"
    types = ("ffdm",) if exam.odd("no_cview") else tuple(TYPES)
    shape = SHAPES[int(rng.integers(len(SHAPES)))]
    count = 0
    for side in sides:
        for kind in types:
            for view in ("CC", "MLO"):
                for extra in _copies(exam, side, kind, view):
                    count += 1
                    image = _draw(rng, patient, exam, (side, kind, view, extra), shape)
                    row = _row(patient, exam, (side, kind, extra or view), count)
                    row["spot_mag"] = 1 if extra == "spot" else (0 if exam.number % 2 else None)
                    _write(rng, root, row, image)
                    yield row


def _copies(exam: _Exam, side: str, kind: str, view: str) -> tuple[str, ...]:
    """Return what is written for a view: empty is the plain file."""
    if (side, kind, view) != ("L", "ffdm", "CC"):
        return ("",)
    before = ("spot",) if exam.odd("spot") else ()
    other = ("ML",) if exam.odd("other_view") else ()
    return (*before, *other, "", *(("CC",) if exam.odd("duplicate") else ()))


def _draw(
    rng: np.random.Generator,
    patient: _Patient,
    exam: _Exam,
    what: tuple[str, str, str, str],
    shape: tuple[int, int],
) -> Any:
    side, kind, view, extra = what
    breast = Breast(side == "L", view == "MLO", min(patient.density or 2, 4) - 1)
    if not extra:  # copies and spot views show nothing, so that using one is noticed
        name = f"{kind}_{view.lower()}"
        breast = Breast(
            left=breast.left,
            mlo=breast.mlo,
            density=breast.density,
            grade=exam.planted["grade"].levels[name],
            risk=exam.planted["risk"].levels[name],
            affected=side == exam.affected,
        )
    return draw(rng, breast, shape)


def _row(
    patient: _Patient, exam: _Exam, what: tuple[str, str, str], count: int
) -> dict[str, object]:
    side, kind, view = what
    study, series = f"{ROOT}.1.{exam.number}", f"{ROOT}.2.{exam.number}.{count}"
    path = f"cohort_{patient.cohort}/{patient.empi}/{study}/{series}/{ROOT}.3.{exam.number}.{count}"
    when = exam.when + timedelta(days=int(exam.odd("dates_differ")))
    return {
        "empi_anon": patient.empi,
        "acc_anon": exam.accession,
        "study_date_anon": when.isoformat(),
        "anon_dicom_path": f"{_PREFIXES[patient.cohort]}{path}.dcm",
        "FinalImageType": TYPES[kind],
        "ViewPosition": "CC" if view == "spot" else view,
        "ImageLateralityFinal": side,
        "spot_mag": None,
        "SeriesDescription": f"{side} {view} {'C-View' if kind == 'cview' else ''}".strip(),
        "StudyDescription": "mammogram",
        "Manufacturer": "HOLOGIC, Inc.",
        "ManufacturerModelName": "Selenia Dimensions",
        "num_roi": 0,
        "ROI_coords": "()",
        "cohort_num": patient.cohort,
    }


def _write(rng: np.random.Generator, root: Path, row: dict[str, object], image: Any) -> None:
    relative = str(row["anon_dicom_path"])
    path = root / "images" / relative[relative.index("cohort_") :]
    path.parent.mkdir(parents=True, exist_ok=True)
    elements = {
        "SOPClassUID": PRESENTATION,
        "SOPInstanceUID": path.stem,
        "PatientID": str(row["empi_anon"]),
        "StudyInstanceUID": path.parts[-3],
        "SeriesInstanceUID": path.parts[-2],
        "Modality": "MG",
        "ImageLaterality": row["ImageLateralityFinal"],
        "ViewPosition": row["ViewPosition"],
        "PatientOrientation": ["A", "R"] if row["ImageLateralityFinal"] == "L" else ["P", "L"],
        "PresentationIntentType": "FOR PRESENTATION",
        "Manufacturer": row["Manufacturer"],
    }
    write_dicom(path, image, Form.drawn(rng), elements)


def _facts(patient: _Patient, exam: _Exam, images: list[dict[str, object]]) -> dict[str, object]:
    """Return what a test may hold a loader to."""
    plain = {
        (row["ImageLateralityFinal"], row["FinalImageType"], row["ViewPosition"])
        for row in images
        if row["spot_mag"] != 1
    }
    whole = [
        side
        for side in "LR"
        if all((side, kind, view) in plain for kind in TYPES.values() for view in ("CC", "MLO"))
    ]
    return {
        "patient": str(patient.empi),
        "exam": str(exam.accession),
        "date": exam.when.isoformat(),
        "clinical": not exam.odd("no_clinical"),
        "images": len(images),
        "whole_sides": whole,
        "density": patient.density,
        "diagnostic": exam.diagnostic,
        "asses": "X" if exam.odd("not_assessed") else exam.letter,
        "affected": exam.affected,
        "years_to_cancer": exam.years_to_cancer,
        "cancer_found": exam.procedure is not None,
        "mechanisms": {name: [one.mechanism, one.carrier] for name, one in exam.planted.items()},
    }


def _write_tables(folder: Path, clinical: pd.DataFrame, metadata: pd.DataFrame) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in (("clinical", clinical), ("metadata", metadata)):
        table.to_csv(folder / f"EMBED_OpenData_{name}.csv", index=False)
        table[_REDUCED[name]].to_csv(folder / f"EMBED_OpenData_{name}_reduced.csv", index=False)
    legend = pd.DataFrame(_LEGEND, columns=["Header in export", "Description", "Code", "Meaning"])
    legend.to_csv(folder / "AWS_Open_Data_Clinical_Legend.csv", index=False)
