"""How a label is hidden in the images of a made-up sample: partly in each, partly in all together.

Every image has three sites, at each of which a level 0 .. C-1 can be read off, C the number of
classes. Which of three mechanisms a sample's label follows cannot be seen:

========== ====== ==============================================================================
mechanism  share  where the label is
========== ====== ==============================================================================
``shared`` 0.65   at the site *shared*, with the same level in every image
``own``    0.25   at the site *own* of one image; the others hold levels drawn like labels
``joint``  0.10   at the site *joint*: the levels of two groups of images sum to it modulo C
========== ====== ==============================================================================

Levels that carry no label are drawn with the frequencies of the classes (at *joint* the first
group's is uniform), so no single image of the ``joint`` mechanism tells anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

SHARES = {"shared": 0.65, "own": 0.25, "joint": 0.10}


@dataclass(frozen=True)
class Levels:
    """What one image shows.

    Attributes:
        shared: Level of the site common to all images of the sample.
        own: Level of the site of this image alone.
        joint: Level that counts together with the other group's.
    """

    shared: int
    own: int
    joint: int


@dataclass(frozen=True)
class Planted:
    """Where a label went.

    Attributes:
        mechanism: Name.
        carrier: Image that carries the label under ``own``, else empty.
        levels: By image.
    """

    mechanism: str
    carrier: str
    levels: Mapping[str, Levels]


def plant(
    rng: np.random.Generator,
    label: int,
    frequencies: Sequence[float],
    first: Sequence[str],
    second: Sequence[str],
) -> Planted:
    """Hide a label.

    Args:
        rng: Draws mechanism and all levels.
        label: The class.
        frequencies: Share of each class; they sum to 1.
        first: Images of the first group.
        second: Images of the second group.
    """
    classes, images = len(frequencies), (*first, *second)
    mechanism = str(rng.choice(list(SHARES), p=list(SHARES.values())))
    carrier = images[int(rng.integers(len(images)))]
    shared, total = (int(one) for one in rng.choice(classes, 2, p=frequencies))
    drawn = rng.choice(classes, len(images), p=frequencies)
    own = {image: int(level) for image, level in zip(images, drawn, strict=True)}
    if mechanism == "shared":
        shared = label
    elif mechanism == "own":
        own[carrier] = label
    else:
        total = label
    part = int(rng.integers(classes))
    joint = {image: part if image in first else (total - part) % classes for image in images}
    return Planted(
        mechanism,
        carrier if mechanism == "own" else "",
        {image: Levels(shared, own[image], joint[image]) for image in images},
    )
