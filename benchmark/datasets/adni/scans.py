"""Grey matter by voxel, mapped, and volumes made of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.core.errors import DataError

#: Value of grey matter in the template.
GREY = 150
#: Blocks per side of the coarse volume that controls see.
BLOCKS = 6
_ROWS_AT_ONCE = 32

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Mask:
    """Where the values of a scan lie in the template.

    Attributes:
        sides: X, Y, Z of the template.
        places: (V,) flat position in the volume models see, (Z, X, Y), of each value; values are
            in C order of (X, Y, Z).
        block: (V,) coarse block of each value, from 0.
    """

    sides: tuple[int, int, int]
    places: NDArray[np.int64]
    block: NDArray[np.int64]

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Shape of a volume, (1, Z, X, Y): the last axis of the template comes first."""
        x, y, z = self.sides
        return (1, z, x, y)

    @classmethod
    def of(cls, template: NDArray[Any]) -> Mask:
        """Take the voxels of a template, (X, Y, Z), that are grey matter."""
        x, y, z = np.nonzero(template == GREY)
        sides = (template.shape[0], template.shape[1], template.shape[2])
        places = np.ravel_multi_index((z, x, y), (sides[2], sides[0], sides[1]))
        coarse = [
            axis * BLOCKS // side for axis, side in zip((x, y, z), template.shape, strict=True)
        ]
        flat = np.ravel_multi_index(tuple(coarse), (BLOCKS,) * 3)
        block = np.unique(flat, return_inverse=True)[1]
        return cls(sides, places.astype(np.int64), block.astype(np.int64))

    def volumes(self, values: Floats, background: float) -> Floats:
        """Return (N, 1, Z, X, Y) with values (N, V) in their places."""
        shape = self.shape
        volumes = np.full((len(values), int(np.prod(shape))), background, dtype=np.float32)
        volumes[:, self.places] = values
        return volumes.reshape(len(values), *shape)

    def block_means(self, values: Any) -> NDArray[np.float64]:
        """Return (N, blocks) means over the grey matter of each coarse block that has some."""
        order = np.argsort(self.block, kind="stable")
        starts = np.searchsorted(self.block[order], np.arange(self.block.max() + 1))
        sums = np.add.reduceat(values[:, order], starts, axis=1, dtype=np.float64)
        return np.asarray(sums / np.bincount(self.block))


def read_mask(path: Path) -> Mask:
    """Read the template.

    Raises:
        DataError: nibabel is not installed, or the file is no template with grey matter.
    """
    try:
        import nibabel
    except ImportError:
        raise DataError(f"{path} needs nibabel", "pip install 'mmbench[medical]'") from None
    try:
        image: Any = nibabel.load(path)
        template = np.asarray(image.dataobj)
    # nibabel, gzip and zlib each have errors of their own for damaged files.
    except Exception as error:
        raise DataError(f"{path} cannot be read as NIfTI: {error}", "fetch it again") from error
    if template.ndim != 3 or not (template == GREY).any():
        raise DataError(f"{path} has no voxel of value {GREY}", "it is not the MUSE template")
    return Mask.of(template)


def open_scans(path: Path, mask: Mask) -> NDArray[Any]:
    """Return (scans, V), mapped and read-only.

    Raises:
        DataError: It is no plain array of that width.
    """
    try:
        scans: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read as an array: {error}", "fetch it again") from error
    if scans.ndim != 2 or scans.shape[1] != len(mask.places):
        raise DataError(
            f"{path} has shape {scans.shape}, the template has {len(mask.places)} grey voxels",
            "array and template must be of one release",
        )
    return scans


@dataclass(frozen=True)
class ScanScale:
    """One mean and one standard deviation for all voxels of all scans.

    Attributes:
        mean: Over grey matter.
        scale: Standard deviation (ddof 0), 1 if nothing varies.
    """

    mean: float = 0.0
    scale: float = 1.0

    @classmethod
    def fit(cls, scans: NDArray[Any], rows: NDArray[np.int64]) -> ScanScale:
        """Estimate from some rows, a few at a time."""
        if not len(rows):
            return cls()
        count, total, squares = 0, 0.0, 0.0
        for values in _pieces(scans, rows):
            count += values.size
            total += float(values.sum())
        mean = total / count
        for values in _pieces(scans, rows):
            squares += float(((values - mean) ** 2).sum())
        spread = float(np.sqrt(squares / count))
        return cls(mean, spread if spread > 0 else 1.0)

    def __call__(self, values: Any) -> Floats:
        """Return (values - mean) / scale as float32."""
        return np.asarray((values - self.mean) / self.scale, dtype=np.float32)


def _pieces(scans: NDArray[Any], rows: NDArray[np.int64]) -> Iterator[NDArray[np.float64]]:
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        yield scans[rows[start : start + _ROWS_AT_ONCE]].astype(np.float64)
