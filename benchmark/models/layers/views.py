"""What the name of a mammographic modality says: projection, image type, breast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

#: Ends the names of the contralateral breast's images.
OTHER = "_other"
_PROJECTIONS = ("cc", "mlo")


@dataclass(frozen=True)
class View:
    """What an image shows.

    Attributes:
        projection: ``cc`` or ``mlo``; for other names the name itself.
        side: Image type and breast, such as ``ffdm`` or ``ffdm_other``; may be empty.
        kind: Image type, such as ``ffdm``; may be empty.
        other: Whether it shows the other breast.
    """

    projection: str
    side: str
    kind: str
    other: bool


def read_view(name: str) -> View:
    """Take a modality's name apart: ``ffdm_cc_other`` is a CC view, FFDM, of the other breast."""
    other = name.endswith(OTHER)
    kind, _, projection = name.removesuffix(OTHER).rpartition("_")
    if projection not in _PROJECTIONS:
        kind, projection = "", name.removesuffix(OTHER)
    return View(projection, kind + OTHER * other, kind, other)


def positions(labels: Sequence[str]) -> tuple[list[int], int]:
    """Number labels in the order of their first appearance.

    Returns:
        The number of each, and how many different ones there are.
    """
    known = {label: number for number, label in enumerate(dict.fromkeys(labels))}
    return [known[label] for label in labels], len(known)
