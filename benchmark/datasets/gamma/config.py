"""Options of the GAMMA loader."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from benchmark.datasets._release import ReleaseConfig

GRADES = ("non", "early", "mid_advanced")
REGIONS = ("background", "disc", "cup")


class GammaConfig(ReleaseConfig):
    """How pictures and volumes are brought to 8-bit images.

    Attributes:
        image_size: Height and width that all images are brought to, without keeping the aspect.
        oct: What becomes of a volume: ``three`` evenly spaced slices (the middles of its thirds)
            as three channels; the ``central`` slice, three times; or ``projections``, the means
            over depth, over slices and over width.
        slices: Slices that every volume must have; None: as many as most volumes of the release.
        segmentation: Whether there is a task ``seg``.
        left_out: Cases that are not taken.
        synthetic_size: Labelled cases of a generated release.
    """

    image_size: int = Field(default=224, ge=8, le=4096)
    oct: Literal["three", "central", "projections"] = "three"
    slices: int | None = Field(default=None, ge=3)
    segmentation: bool = True
    left_out: tuple[Annotated[int, Field(ge=1)], ...] = ()
    synthetic_size: int = Field(default=100, ge=1)
