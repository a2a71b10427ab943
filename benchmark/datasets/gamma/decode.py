"""From files to 8-bit arrays; each function gets one picklable item, for processes that prepare."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmark.core.errors import DataError
from benchmark.datasets._images import read_image, resize, resize_float, resize_labels
from benchmark.datasets.gamma.files import slices_of

Pixels = NDArray[np.uint8]

#: Class of each grey value of a mask: background, disc without cup, cup.
LABELS = {255: 0, 128: 1, 0: 2}


def decode_fundus(item: tuple[str, int]) -> Pixels:
    """Return (3, size, size) of ``(path, size)``."""
    path, size = item
    return np.ascontiguousarray(resize(read_image(Path(path), "RGB"), size).transpose(2, 0, 1))


def decode_oct(item: tuple[str, int, str, int | None]) -> Pixels:
    """Return (3, size, size) of ``(folder, size, form, slices)``; see ``GammaConfig.oct``.

    Raises:
        DataError: A slice cannot be read, or the volume has another number of slices.
    """
    folder, size, form, wanted = item
    slices = slices_of(Path(folder))
    if wanted is not None and len(slices) != wanted:
        raise DataError(
            f"{folder} has {len(slices)} slices instead of {wanted}",
            "complete the release, or give their number (option slices)",
        )
    if form == "projections":
        return _projections(slices, size)
    count = len(slices)
    chosen = [count // 2] * 3 if form == "central" else [(2 * k + 1) * count // 6 for k in range(3)]
    return np.stack([resize(read_image(slices[k], "L"), size) for k in chosen])


def _projections(slices: list[Path], size: int) -> Pixels:
    """Return the means over depth, over slices and over width, one slice in memory at a time."""
    over_depth, over_width, total = [], [], np.zeros(())
    for path in slices:
        image = read_image(path, "L").astype(np.float64)
        over_depth.append(image.mean(axis=0))
        over_width.append(image.mean(axis=1))
        total = total + image
    planes = (np.stack(over_depth), total / len(slices), np.stack(over_width))
    means = np.stack([resize_float(one, size) for one in planes])
    return np.asarray(np.round(np.clip(means, 0, 255)), dtype=np.uint8)


def decode_mask(item: tuple[str, int]) -> Pixels:
    """Return (size, size) classes of ``(path, size)``: background 0, disc 1, cup 2.

    Raises:
        DataError: The file cannot be read or holds other grey values than 0, 128 and 255.
    """
    path, size = item
    mask = read_image(Path(path), "L")
    if strange := sorted(set(np.unique(mask).tolist()) - set(LABELS)):
        raise DataError(
            f"{path} holds the grey value {strange[0]}; a mask holds 0 (cup), 128 (disc) and 255",
            "compare the file with the official release; masks must not be JPEG files",
        )
    table = np.zeros(256, dtype=np.uint8)
    for grey, label in LABELS.items():
        table[grey] = label
    return resize_labels(table[mask], size)
