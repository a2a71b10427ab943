"""Datasets whose modalities are images, and what is done to images."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.core.batch import ModalityData
from benchmark.core.errors import DataError
from benchmark.datasets._arrays import Indexed
from benchmark.datasets._base import Dataset, Rows

Pixels = NDArray[np.uint8]

#: Blocks per side of the mean image, and bins of the histogram, that controls see.
BLOCKS, BINS = 8, 16
#: Images whose features are computed at a time.
CHUNK = 128


class ImageDataset(Dataset):
    """A dataset of 8-bit images that lie prepared in the cache; nothing is fitted on them.

    Attributes:
        arrays: By modality, (C, H, W) uint8 each.
    """

    arrays: dict[str, Indexed]

    def fit(self, train_rows: Rows, observed: NDArray[np.bool_] | None = None) -> None:
        """Fit nothing: encoders normalise by constants of their own."""

    def tensors(self, rows: Rows, preprocessor: None = None) -> dict[str, ModalityData]:
        """Return (len(rows), C, H, W) uint8 by modality; zeros where unobserved."""
        return self.tensors_of(rows, preprocessor, list(self.arrays))

    def tensors_of(
        self, rows: Rows, preprocessor: None, names: Sequence[str]
    ) -> dict[str, ModalityData]:
        """Read these modalities only."""
        import torch

        return {
            name: ModalityData(torch.from_numpy(self.arrays[name].take(rows))) for name in names
        }

    def control_features(
        self, rows: Rows, preprocessor: None = None
    ) -> dict[str, NDArray[np.float64]]:
        """Return :func:`image_features` by modality; NaN rows where unobserved."""
        return self.features_of(rows, preprocessor, list(self.arrays))

    def features_of(
        self, rows: Rows, preprocessor: None, names: Sequence[str]
    ) -> dict[str, NDArray[np.float64]]:
        """Read these modalities only, a few images at a time: a part may not fit into memory."""
        chunks = [rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK)] or [rows]
        features = {}
        for name in names:
            images = self.arrays[name]
            features[name] = np.concatenate([image_features(images.take(one)) for one in chunks])
            features[name][images.positions[rows] < 0] = np.nan
        return features


def resize(image: Pixels, size: int) -> Pixels:
    """Return (size, size[, 3]) of (H, W[, 3]) uint8: triangle filter, widened when shrinking.

    The aspect is not kept.
    """
    from PIL import Image

    small = Image.fromarray(image).resize((size, size), Image.Resampling.BILINEAR)
    return np.asarray(small, dtype=np.uint8)


def resize_float(image: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """Return (size, size) of (H, W) as :func:`resize` does, without rounding to whole numbers."""
    from PIL import Image

    whole = Image.fromarray(np.ascontiguousarray(image, dtype=np.float32))
    small = whole.resize((size, size), Image.Resampling.BILINEAR)
    return np.asarray(small, dtype=np.float64)


def resize_labels(mask: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Return (size, size) of (H, W): the label nearest to each pixel's centre."""
    from PIL import Image

    small = Image.fromarray(mask).resize((size, size), Image.Resampling.NEAREST)
    return np.asarray(small, dtype=np.uint8)


def read_image(path: Path, mode: str) -> Pixels:
    """Return (H, W) of mode ``L`` or (H, W, 3) of mode ``RGB``.

    Raises:
        DataError: The file is missing, cannot be read as an image, or Pillow is not installed.
    """
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError:
        raise DataError(f"{path} needs pillow", "pip install 'mmbench[medical]'") from None
    if not path.is_file():
        raise DataError(f"{path} is not there", "complete the release")
    try:
        with Image.open(path) as image:
            return np.asarray(image.convert(mode), dtype=np.uint8)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise DataError(f"{path} cannot be read as an image: {error}", "fetch it again") from error


def image_features(images: Any) -> NDArray[np.float64]:
    """Return what controls see of images: means of 8 x 8 blocks and a histogram, per channel.

    Args:
        images: (N, C, H, W) uint8, H and W at least 8.

    Returns:
        (N, C * (64 + 16)) float64: block means in 0..1, row by row, of each channel; then shares
        of 16 equal bins of grey values of each channel.
    """
    images = np.asarray(images)
    if not len(images):
        return np.zeros((0, images.shape[1] * (BLOCKS**2 + BINS)))
    return np.concatenate([_block_means(images), _histograms(images)], axis=1)


def _block_means(images: NDArray[Any]) -> NDArray[np.float64]:
    height, width = images.shape[2:]
    rows, columns = (np.linspace(0, side, BLOCKS + 1).astype(int)[:-1] for side in (height, width))
    # Along lines first: there the sums are whole and neighbours lie side by side.
    sums = np.add.reduceat(images, columns, axis=3, dtype=np.uint32)
    sums = np.add.reduceat(sums, rows, axis=2, dtype=np.float64)
    counts = np.outer(np.diff([*rows, height]), np.diff([*columns, width]))
    return np.asarray(sums / counts / 255).reshape(len(images), -1)


def _histograms(images: NDArray[Any]) -> NDArray[np.float64]:
    samples, channels = images.shape[:2]
    flat = np.ascontiguousarray(images).reshape(samples * channels, -1)
    width = 256 // BINS
    # Counting what is above an edge is many times faster than sorting pixels into bins.
    above = np.array(
        [[np.count_nonzero(one >= edge) for edge in range(width, 256, width)] for one in flat]
    )
    counts = -np.diff(above, axis=1, prepend=flat.shape[1], append=0)
    return np.asarray(counts.reshape(samples, -1) / flat.shape[1])
