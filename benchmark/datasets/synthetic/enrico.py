"""Made-up app screens in the layout of ENRICO.

Topics are as frequent as in the release, at least three screens each, spread over MultiBench's
parts so that every topic is trained on and tested. A picture is a grid of coloured cells: the top
rows show the factor of the modality alone, those below the shared one, the last rows its part of
the synergy (see ``_factors``); every value of a factor has a colour of its own. Screenshots are
noisy JPEG, wireframes flat RGBA. The two screens that loaders leave out are there, with wireframes
that cannot be read.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.datasets.enrico.config import LEFT_OUT, MODALITIES, TOPICS
from benchmark.datasets.enrico.files import TABLE, ends, picture, shuffled
from benchmark.datasets.synthetic._factors import (
    Factors,
    Labels,
    Plan,
    Values,
    counts_of,
    enough,
    plant,
)

GENERATOR_VERSION = 2

MECHANISMS = {"unique:screenshot": 0.25, "unique:wireframe": 0.15, "shared": 0.4, "synergy": 0.2}
#: Rows and columns of the grid, rows of each factor, pixels of a cell.
_GRID, _ROWS, _CELL = (10, 5), (4, 4, 2), 32
_SPREAD = 15.0


def write_release(
    root: Path,
    truth: Path,
    size: int,
    seed: int,
    mechanisms: Mapping[str, float] = MECHANISMS,
) -> None:
    """Write the table and both pictures of ``size`` screens, and the two that are left out.

    Args:
        root: Folder of the release.
        truth: Folder of ``factors.csv``.
        size: Screens.
        seed: Of everything drawn.
        mechanisms: Weight by mechanism.
    """
    enough(size, 200, "screens")
    plan = Plan(MODALITIES, len(TOPICS), mechanisms, MODALITIES, seed)
    factors = plant(plan, _labels(plan, size))
    numbers = plan.rng("ids").choice(np.arange(1000, 50_000), size, replace=False)
    ids = [str(one) for one in numbers]
    topics = [list(TOPICS)[one] for one in factors.label]
    table = pd.DataFrame({"screen_id": [*ids, *LEFT_OUT], "topic": [*topics, "list", "menu"]})
    table.to_csv(root / TABLE, index=False)
    for name in MODALITIES:
        picture(root, name, "").parent.mkdir()
        _write_pictures(root, plan, factors, name, ids)
    factors.write(truth / "factors.csv", ids)


def _labels(plan: Plan, size: int) -> Labels:
    """Return topics in the table's order."""
    train, val = ends(size)
    rows = dict(zip(("train", "val", "test"), np.split(shuffled(size), [train, val]), strict=True))
    counts = np.array(counts_of(size, list(TOPICS.values()), 3))
    wanted = {"test": np.maximum(1, np.rint(0.2 * counts)), "val": np.floor(0.15 * counts)}
    wanted["train"] = counts - wanted["test"] - wanted["val"]
    labels = np.empty(size, dtype=np.int64)
    for part, places in rows.items():
        # The commonest topic makes up for what rounding left over.
        wanted[part][counts.argmax()] += len(places) - wanted[part].sum()
        topics = np.repeat(np.arange(len(counts)), wanted[part].astype(np.int64))
        labels[places] = plan.rng("topics", part).permutation(topics)
    return labels


def _write_pictures(root: Path, plan: Plan, factors: Factors, name: str, ids: list[str]) -> None:
    from PIL import Image

    rng = plan.rng("pictures", name)
    cells = _cells(factors.shown[name], plan.classes, rng)
    for screen, grid in zip(ids, cells, strict=True):
        pixels = _pixels(grid, rng, noisy=name == "screenshot")
        path = picture(root, name, screen)
        if name == "screenshot":
            Image.fromarray(pixels).save(path, quality=90)
        else:
            opaque = np.full((*pixels.shape[:2], 1), 255, dtype=np.uint8)
            Image.fromarray(np.concatenate([pixels, opaque], axis=2)).save(path)
    for screen in LEFT_OUT:
        path = picture(root, name, screen)
        if name == "screenshot":
            Image.fromarray(_pixels(cells[0], rng, noisy=False)).save(path, quality=90)
        else:
            path.write_bytes(b"corrupt")


def _cells(shown: Labels, classes: int, rng: np.random.Generator) -> Values:
    """Return (N, 10, 5, 3) colours in 0..255."""
    rows, columns = _GRID
    # A colour of its own for each value, which all its cells are shades of: convolutions see the
    # colour, whoever sees places sees the shades, too.
    colours = [
        rng.uniform(50, 205, size=(classes, 1, 1, 3))
        + rng.uniform(-50, 50, size=(classes, count, columns, 3))
        for count in _ROWS
    ]
    grids = np.concatenate([colours[k][shown[:, k]] for k in range(len(_ROWS))], axis=1)
    noise = rng.normal(scale=_SPREAD, size=(len(shown), rows, columns, 3))
    return np.asarray(np.clip(grids + noise, 0, 255))


def _pixels(grid: Values, rng: np.random.Generator, noisy: bool) -> NDArray[np.uint8]:
    """Return (320, 160, 3), every cell a square."""
    image = grid.repeat(_CELL, axis=0).repeat(_CELL, axis=1)
    if noisy:
        image = image + rng.normal(scale=8.0, size=(*image.shape[:2], 1))
    return np.asarray(np.clip(image, 0, 255), dtype=np.uint8)
