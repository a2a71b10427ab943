"""Tables and pictures of an ENRICO release."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.core.errors import DataError, DataNotAvailable
from benchmark.datasets._images import read_image
from benchmark.datasets.enrico.config import LEFT_OUT, MODALITIES, SCREENS, SIZE, TOPICS

TABLE = "design_topics.csv"
_ENDINGS = {"screenshot": ("screenshots", "jpg"), "wireframe": ("wireframes", "png")}
#: Shares at which the shuffled screens are cut, and the seed of the shuffle.
_CUTS, _SEED = (0.65, 0.80), 42


def read_topics(path: Path) -> pd.Series[str]:
    """Return the topic by screen (text), without the two screens that are left out.

    Raises:
        DataError: A column is missing, a screen is listed twice, or a topic is none of the twenty.
    """
    try:
        table = pd.read_csv(path, dtype=str)
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read as CSV: {error}", "fetch it again") from error
    for column in ("screen_id", "topic"):
        if column not in table:
            raise DataError(f"{path} has no column {column!r}", "it is not ENRICO's table")
    twice = table["screen_id"][table["screen_id"].duplicated()]
    if len(twice):
        raise DataError(f"{path}: screen {twice.iloc[0]} is listed twice", "fetch it again")
    topics = table.set_index("screen_id")["topic"]
    strange = topics[~topics.isin(list(TOPICS))]
    if len(strange):
        raise DataError(
            f"{path}: screen {strange.index[0]} has the unknown topic {strange.iloc[0]!r}",
            f"the topics are {', '.join(TOPICS)}",
        )
    return topics[~topics.index.isin(LEFT_OUT)]


def picture(root: Path, modality: str, screen: str) -> Path:
    """Return where a picture is, or would be."""
    folder, ending = _ENDINGS[modality]
    return root / folder / f"{screen}.{ending}"


def pictures_there(root: Path, screens: list[str]) -> dict[str, NDArray[np.bool_]]:
    """Tell by modality which screens (in that order) have a picture."""
    found = {}
    for modality in MODALITIES:
        folder, ending = _ENDINGS[modality]
        names = {path.stem for path in (root / folder).glob(f"*.{ending}")}
        found[modality] = np.array([screen in names for screen in screens], dtype=bool)
    return found


def read_picture(path: str) -> NDArray[np.uint8]:
    """Return (3, 256, 128): resized with a triangle filter that is widened when shrinking."""
    from PIL import Image

    height, width = SIZE
    whole = Image.fromarray(read_image(Path(path), "RGB"))
    small = whole.resize((width, height), Image.Resampling.BILINEAR)
    return np.ascontiguousarray(np.moveaxis(np.asarray(small, dtype=np.uint8), 2, 0))


def shuffled(n: int) -> NDArray[np.int64]:
    """Return the order in which MultiBench deals ``n`` screens out."""
    order = list(range(n))
    random.Random(_SEED).shuffle(order)
    return np.array(order, dtype=np.int64)


def ends(n: int) -> tuple[int, int]:
    """Return where the training and the validation part end in the shuffled order."""
    return int(_CUTS[0] * n), int(_CUTS[1] * n)


def official_parts(n: int) -> NDArray[np.str_]:
    """Return the official part of each of ``n`` screens in the order of the table."""
    parts = np.empty(n, dtype="<U5")
    train, val = ends(n)
    order = shuffled(n)
    parts[order[:train]], parts[order[train:val]], parts[order[val:]] = "train", "val", "test"
    return parts


def completeness(root: Path) -> tuple[Literal["real", "partial"], str]:
    """Tell whether all pictures of all screens are there.

    Raises:
        DataNotAvailable: The table or every picture is missing.
    """
    if not (root / TABLE).is_file():
        raise DataNotAvailable(f"enrico needs {root / TABLE}", "download it from ENRICO's site")
    screens = list(read_topics(root / TABLE).index)
    there = np.stack(list(pictures_there(root, screens).values()))
    if not there.any():
        raise DataNotAvailable(
            f"enrico has no picture of any screen of {root / TABLE}",
            f"unpack screenshots.zip and wireframes.zip into {root}",
        )
    both = int(there.all(axis=0).sum())
    whole = len(screens) == both == SCREENS
    return "real" if whole else "partial", f"{both} screens with both pictures, of {SCREENS}"
