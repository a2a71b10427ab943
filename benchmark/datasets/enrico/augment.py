"""Two flips and a blur: drawn anew for a training step, or once per picture as released."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmark.core.batch import Batch, ModalityData
from benchmark.core.seeding import derive_seed
from benchmark.datasets.enrico.files import ends, shuffled

if TYPE_CHECKING:
    from torch import Tensor

Pixels = NDArray[np.uint8]

_FLIP = 0.5
#: Smallest and largest standard deviation of the 3 x 3 Gaussian, in pixels.
_SIGMA = (0.1, 2.0)


def augmented_batch(batch: Batch) -> Batch:
    """Return samples whose pictures are flipped together and blurred each on its own.

    Args:
        batch: Inputs (B, 3, H, W) uint8; zeros of absent pictures stay zeros.
    """
    import torch

    # Drawn on the CPU: equal on every device.
    flips = (torch.rand(batch.size, 2) < _FLIP).to(batch.rows.device)
    inputs = {}
    for name, data in batch.inputs.items():
        sigma = torch.empty(batch.size).uniform_(*_SIGMA).to(batch.rows.device)
        turned = _flipped(_flipped(data.values, flips[:, 0], -1), flips[:, 1], -2)
        inputs[name] = ModalityData(_blurred_batch(turned, sigma))
    return replace(batch, inputs=inputs)


def _flipped(values: Tensor, chosen: Tensor, axis: int) -> Tensor:
    return values.where(~chosen[:, None, None, None], values.flip(axis))


def _blurred_batch(values: Tensor, sigma: Tensor) -> Tensor:
    """Return (B, 3, H, W) uint8, each sample under a Gaussian of its own; see :func:`blurred`."""
    from torch.nn.functional import pad

    side = (-0.5 / sigma**2).exp()[:, None, None, None]
    inner, outer = 1 / (1 + 2 * side), side / (1 + 2 * side)
    soft = pad(values.float(), (1, 1, 1, 1), mode="reflect")
    soft = inner * soft[:, :, 1:-1] + outer * (soft[:, :, :-2] + soft[:, :, 2:])
    soft = inner * soft[..., 1:-1] + outer * (soft[..., :-2] + soft[..., 2:])
    return soft.round().to(values.dtype)


def augmented(image: Pixels, seed: int, modality: str, screen: str) -> Pixels:
    """Return (3, H, W) flipped left-right and upside down, each with 1/2, and blurred between.

    Args:
        image: (3, H, W).
        seed: Of all draws.
        modality: Draws of the two modalities are independent.
        screen: Id.
    """
    rng = np.random.default_rng(derive_seed(seed, "enrico", modality, screen))
    left_right, upside_down = rng.random(2) < _FLIP
    turned = image[:, :, ::-1] if left_right else image
    soft = blurred(turned, rng.uniform(*_SIGMA))
    return soft[:, ::-1] if upside_down else soft


def blurred(image: Pixels, sigma: float) -> Pixels:
    """Return (3, H, W) under a 3 x 3 Gaussian; the border is mirrored without its edge."""
    side = np.exp(-0.5 / sigma**2)
    weights = np.array([side, 1.0, side]) / (1 + 2 * side)
    values = np.pad(image.astype(np.float64), ((0, 0), (1, 1), (1, 1)), mode="reflect")
    height, width = image.shape[1:]
    rows = sum((w * values[:, k : k + height] for k, w in enumerate(weights)), np.zeros(()))
    both = sum((w * rows[:, :, k : k + width] for k, w in enumerate(weights)), np.zeros(()))
    return np.rint(both).astype(np.uint8)


def wireframes_augmented(n: int) -> NDArray[np.bool_]:
    """Tell which of ``n`` screens, in the table's order, have their wireframe augmented.

    The released loader compares the position in the shuffled order with the training screens'
    numbers, which are positions in the table.
    """
    order = shuffled(n)
    training = np.zeros(n, dtype=bool)
    training[order[: ends(n)[0]]] = True
    chosen = np.empty(n, dtype=bool)
    chosen[order] = training
    return chosen
