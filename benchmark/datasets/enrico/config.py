"""Options of the ENRICO loader, and what the release holds."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from benchmark.datasets._factor_config import FactorConfig

MODALITIES = ("screenshot", "wireframe")
#: Height and width of a picture.
SIZE = (256, 128)
#: Their wireframes are corrupt.
LEFT_OUT = ("50105", "50109")
#: Screens with both pictures.
SCREENS = 1458
#: Screens by topic in the complete table, corrupt ones included; labels are in this order.
TOPICS = {
    "bare": 76, "calculator": 6, "camera": 8, "chat": 11, "editor": 18, "form": 103,
    "gallery": 144, "list": 265, "login": 141, "maps": 9, "mediaplayer": 32, "menu": 79,
    "modal": 67, "news": 59, "other": 52, "profile": 63, "search": 35, "settings": 90,
    "terms": 39, "tutorial": 163,
}  # fmt: skip


class EnricoConfig(FactorConfig):
    """How pictures are read.

    Attributes:
        augmentation: ``epoch`` changes training samples anew in every epoch, ``once`` all samples
            once, as the released loader does, ``none`` no sample; see the package's text.
        augmentation_seed: Of the draws of ``once``.
        synthetic_size: Screens of a generated release.
    """

    MODALITIES: ClassVar[tuple[str, ...]] = MODALITIES

    augmentation: Literal["epoch", "once", "none"] = "epoch"
    augmentation_seed: int = Field(default=0, ge=0)
    synthetic_size: int = Field(default=300, ge=200)
