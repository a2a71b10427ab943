"""Made-up mammograms and the DICOM files they come in. Every value is invented.

A breast is a half ellipse at the chest wall. Density is how bright and how patchy its tissue is,
the same in every view. BI-RADS and the risk of cancer are bright spots at fixed places whose
brightness is a level; see :mod:`benchmark.datasets.synthetic._planting`. The breast that a finding
is in shows its spots in full, the other one at :data:`OTHER_BREAST` of their brightness.

Files differ as those of several scanners do: both photometric conventions, several bit depths,
rescaling, windows that are there or repeated, padding; all of them show the same image. The few
files without a window show it with more contrast.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.datasets.synthetic._planting import Levels

Grey = NDArray[np.float64]

OTHER_BREAST = 0.75
PRESENTATION = "1.2.840.10008.5.1.4.1.1.1.2"
RADIOGRAPHY = "1.2.840.10008.5.1.4.1.1.1.1"
#: Below it all made-up UIDs lie.
ROOT = "1.2.826.0.1.3680043.8.498"
#: Height and width of files; the aspect is that of real ones.
SHAPES = ((96, 72), (80, 64), (64, 48), (112, 84))

#: (down, away from the chest wall) of each site, as shares of the image.
_GRADE = {"shared": (0.30, 0.18), "own": (0.30, 0.45), "joint": (0.50, 0.30)}
_RISK = {"shared": (0.70, 0.18), "own": (0.70, 0.45), "joint": (0.86, 0.16)}
_BRIGHTNESS = 0.6
_RADIUS = 0.07


@dataclass(frozen=True)
class Breast:
    """What one image shows.

    Attributes:
        left: The left breast; its chest wall is on the left edge.
        mlo: Mediolateral oblique view, with a chest muscle, else craniocaudal.
        density: 0 .. 3.
        grade: Levels 0 .. 2 of the BI-RADS class; None shows no spots.
        risk: Levels 0 .. 1 of the risk of cancer; None shows no spots.
        affected: The finding is in this breast.
    """

    left: bool
    mlo: bool
    density: int
    grade: Levels | None = None
    risk: Levels | None = None
    affected: bool = True


def draw(rng: np.random.Generator, breast: Breast, shape: tuple[int, int]) -> Grey:
    """Return grey values 0 (black) .. 1 (white) of ``shape``."""
    inside, patches, across = _anatomy(shape, breast.mlo)
    coarse = across[0] @ rng.normal(size=(7, 5)) @ across[1]
    tissue = 0.20 + 0.05 * breast.density + (0.015 + 0.02 * breast.density) * coarse
    image = np.where(inside, tissue + patches, 0.0)
    strength = _BRIGHTNESS * (1.0 if breast.affected else OTHER_BREAST)
    for places, levels, top in ((_GRADE, breast.grade, 2), (_RISK, breast.risk, 1)):
        if levels is not None:
            for site, place in places.items():
                spot = strength * getattr(levels, site) / top
                if spot:
                    image += spot * _spot(rng, shape, place)
    image += 0.015 * rng.normal(size=shape)
    image = np.where(inside, np.clip(image, 0.02, 1.0), 0.0)
    return image if breast.left else image[:, ::-1]


@lru_cache(maxsize=16)
def _anatomy(shape: tuple[int, int], mlo: bool) -> tuple[Any, Grey, tuple[Grey, Grey]]:
    """Return where the breast is, how bright its muscle is, and what smooths a coarse grid."""
    down, out = (np.linspace(0, 1, side) for side in shape)
    inside = ((down[:, None] - 0.5) / 0.47) ** 2 + (out[None] / 0.88) ** 2 <= 1
    muscle = (down[:, None] / 0.45 + out[None] / 0.3 < 1) if mlo else np.zeros(shape, dtype=bool)
    rows, columns = (_smoother(side, knots) for side, knots in zip(shape, (7, 5), strict=True))
    return inside | muscle, np.where(muscle, 0.25, 0.0), (rows, columns.T)


def _smoother(side: int, knots: int) -> Grey:
    """Return (side, knots) weights of linear interpolation."""
    places = np.linspace(0, knots - 1, side)
    return np.asarray(np.clip(1 - np.abs(places[:, None] - np.arange(knots)), 0, None))


def _spot(rng: np.random.Generator, shape: tuple[int, int], place: tuple[float, float]) -> Grey:
    centre = np.asarray(place) + rng.uniform(-0.02, 0.02, 2)
    profiles = [
        np.exp(-(((np.linspace(0, 1, side) - one) / _RADIUS) ** 2) / 2)
        for side, one in zip(shape, centre, strict=True)
    ]
    return np.asarray(np.outer(*profiles))


@dataclass(frozen=True)
class Form:
    """How a file stores its image.

    Attributes:
        inverted: MONOCHROME1.
        bits: Bits stored of 16.
        rescale: Slope and intercept; None leaves both out.
        windows: How many windows are given; all but the first are of no use.
        padding: The background is marked as padding.
    """

    inverted: bool = False
    bits: int = 12
    rescale: tuple[int, int] | None = (1, 0)
    windows: int = 1
    padding: bool = False

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> Form:
        """Draw one as a mixed release has them."""
        return cls(
            inverted=bool(rng.random() < 0.15),
            bits=int(rng.choice([12, 10, 14], p=[0.8, 0.1, 0.1])),
            rescale=[(1, 0), None, (2, -100)][int(rng.choice(3, p=[0.75, 0.15, 0.1]))],
            windows=int(rng.choice([1, 0, 3], p=[0.79, 0.06, 0.15])),
            padding=bool(rng.random() < 0.2),
        )


def write_dicom(path: Path, image: Grey, form: Form, elements: dict[str, Any]) -> None:
    """Write grey values 0 .. 1 as an uncompressed file.

    Args:
        path: The file; its folder exists.
        image: (H, W).
        form: How it is stored.
        elements: Further elements; ``SOPClassUID`` and ``SOPInstanceUID`` are needed.
    """
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian

    top = 2**form.bits - 1
    stored = np.round(image * top).astype(np.uint16)
    header = Dataset()
    fields = {
        "Rows": image.shape[0],
        "Columns": image.shape[1],
        "SamplesPerPixel": 1,
        "BitsAllocated": 16,
        "BitsStored": form.bits,
        "HighBit": form.bits - 1,
        "PixelRepresentation": 0,
        "PhotometricInterpretation": "MONOCHROME1" if form.inverted else "MONOCHROME2",
    }
    for name, value in {**fields, **_intensity(form, top), **elements}.items():
        setattr(header, name, value)
    header.PixelData = (top - stored if form.inverted else stored).astype("<u2").tobytes()
    header.file_meta = FileMetaDataset()
    header.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    header.save_as(path, enforce_file_format=True)


def _intensity(form: Form, top: int) -> dict[str, Any]:
    """Return the elements that say what stored values mean; the window spans all of them."""
    slope, intercept = form.rescale or (1, 0)
    elements: dict[str, Any] = {}
    if form.rescale:
        elements |= {"RescaleSlope": slope, "RescaleIntercept": intercept, "RescaleType": "US"}
    if form.windows:
        centre, width = f"{intercept + slope * top / 2 + 0.5:g}", f"{slope * top + 1}"
        several = form.windows > 1
        elements["WindowCenter"] = [centre, *["40"] * (form.windows - 1)] if several else centre
        elements["WindowWidth"] = [width, *["80"] * (form.windows - 1)] if several else width
    if form.padding:
        elements["PixelPaddingValue"] = top if form.inverted else 0
    return elements
