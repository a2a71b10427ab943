"""A made-up GAMMA release in the layout of the challenge's files.

``size`` labelled eyes and ten test cases without labels. The grade is hidden in both pictures (see
``_planting``): *shared* is how large the cup is within the optic disc and how thin the nerve fibre
layer of the OCT; *own* is a dark spot of the fundus, and the brightness of the OCT's lower layer;
*joint* is the tint of a patch of the fundus, and how bright the OCT's middle is. Fundus pictures
come in two sizes, volumes have thirty slices instead of 256. ``truth`` gets ``cases.json``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.core.seeding import derive_seed
from benchmark.datasets.synthetic._planting import Levels, Planted, plant

#: Raised whenever the same settings give another release.
GENERATOR_VERSION = 1

SLICES = 30
_TESTS = 10
#: A tenth of the real sizes.
_FUNDUS = ((200, 299), (193, 195))
_OCT = (99, 51)
_SHARES = (0.50, 0.26, 0.24)
_GRADES = ("non", "early", "mid_advanced")

Values = NDArray[np.float64]


def write_release(root: Path, truth: Path, size: int, seed: int) -> None:
    """Write ``size`` labelled cases and ten others below ``root``, factors to ``truth``."""
    grading = root / "Glaucoma_grading"
    discs = root / "task3_disc_cup_segmentation"
    facts = []
    for number in range(1, size + _TESTS + 1):
        rng = np.random.default_rng(derive_seed(seed, "gamma", number))
        part = "training" if number <= size else "testing"
        grade = _grade(number)
        planted = plant(rng, grade, _SHARES, ("fundus",), ("oct",))
        name = f"{number:04d}"
        picture, mask, ratio = _fundus(rng, planted.levels["fundus"], _FUNDUS[number % 2])
        folder = grading / part / "multi-modality_images" / name
        _save(folder / f"{name}.jpg", picture)
        _save(discs / part / "fundus color images" / f"{name}.jpg", picture)
        if part == "training":
            _save(discs / part / "Disc_Cup_Mask" / f"{name}.png", mask)
            facts.append(_fact(name, grade, planted, ratio, mask))
        for k, slice_ in enumerate(_volume(rng, planted.levels["oct"])):
            _save(folder / name / f"{k}_image.jpg", slice_)
    _write_grades(grading / "training" / "glaucoma_grading_training_GT.xlsx", facts)
    (truth / "cases.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")


def _grade(number: int) -> int:
    """Return grades in the shares of the real release, evenly spread."""
    return (0, 1, 0, 2)[number % 4] if number % 13 else 1


def _fact(
    name: str, grade: int, planted: Planted, ratio: float, mask: NDArray[np.uint8]
) -> dict[str, Any]:
    return {
        "case": name,
        "grade": grade,
        "mechanism": planted.mechanism,
        "carrier": planted.carrier,
        "cup_to_disc": ratio,
        "cup_pixels": int((mask == 0).sum()),
        "ring_pixels": int((mask == 128).sum()),
        "shape": mask.shape,
    }


def _fundus(
    rng: np.random.Generator, levels: Levels, shape: tuple[int, int]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], float]:
    """Return the picture (H, W, 3), its mask (H, W), and the ratio of cup to disc."""
    height, width = shape
    down, across = np.mgrid[0:height, 0:width].astype(float)
    middle = np.array([height / 2, width / 2])
    inside = np.hypot(down - middle[0], across - middle[1]) < 0.48 * height
    eye = 1 if rng.random() < 0.5 else -1
    centre = middle + height * np.array([rng.uniform(-0.04, 0.04), eye * rng.uniform(0.14, 0.2)])
    ratio = 0.35 + 0.18 * levels.shared + rng.uniform(-0.03, 0.03)
    radius = height * rng.uniform(0.11, 0.13)
    distance = np.hypot((down - centre[0]) / 1.1, across - centre[1]) / radius
    red = 0.62 + 0.04 * rng.normal(size=shape)
    green = 0.30 + 0.04 * rng.normal(size=shape)
    green += 0.30 * (distance < 1) + 0.25 * (distance < ratio)
    patch = _blob(down, across, middle + height * np.array([0.28, 0.0]), 0.08 * height)
    green += 0.10 * levels.joint * patch
    spot = _blob(down, across, middle + height * np.array([-0.28, 0.0]), 0.06 * height)
    red -= 0.18 * levels.own * spot
    picture = np.stack([red, green, 0.4 * green], axis=2) * inside[:, :, None]
    mask = np.where(distance < ratio, 0, np.where(distance < 1, 128, 255)).astype(np.uint8)
    return _bytes(picture), mask, ratio


def _blob(down: Values, across: Values, centre: Values, radius: float) -> Values:
    square = (down - centre[0]) ** 2 + (across - centre[1]) ** 2
    return np.asarray(np.exp(-square / (2 * radius**2)))


def _volume(rng: np.random.Generator, levels: Levels) -> NDArray[np.uint8]:
    """Return slices (n, H, W): nerve fibre layer, middle, lower layer."""
    depth = np.linspace(0, 1, _OCT[0])[None, :, None]
    place = np.linspace(-1, 1, SLICES)[:, None, None]
    across = np.linspace(-1, 1, _OCT[1])[None, None, :]
    surface = 0.25 + 0.05 * (place**2 + across**2) + rng.uniform(-0.03, 0.03)
    thickness = 0.16 - 0.045 * levels.shared
    fibres = 0.75 * ((depth > surface) & (depth < surface + thickness))
    middle = (0.22 + 0.09 * levels.joint) * ((depth > surface + 0.17) & (depth < surface + 0.35))
    lower = (0.45 + 0.16 * levels.own) * ((depth > surface + 0.37) & (depth < surface + 0.46))
    return _bytes(fibres + middle + lower + 0.05 * rng.normal(size=(SLICES, *_OCT)) + 0.08)


def _bytes(values: Values) -> NDArray[np.uint8]:
    return np.asarray(np.round(255 * np.clip(values, 0, 1)), dtype=np.uint8)


def _save(path: Path, image: NDArray[np.uint8]) -> None:
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(path, quality=92)  # of JPEG; PNG takes no notice


def _write_grades(path: Path, facts: list[dict[str, Any]]) -> None:
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    sheet.append(["data", *_GRADES])
    for fact in facts:
        sheet.append([int(fact["case"]), *(int(fact["grade"] == k) for k in range(3))])
    book.save(path)
