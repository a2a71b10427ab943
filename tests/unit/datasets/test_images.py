from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmark.core.errors import DataError
from benchmark.datasets._images import image_features, read_image, resize, resize_labels


def test_features_are_block_means_then_shares_of_grey_values() -> None:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (3, 2, 20, 13), dtype=np.uint8)
    found = image_features(images)
    assert found.shape == (3, 2 * (64 + 16))
    rows, columns = (np.linspace(0, side, 9).astype(int) for side in (20, 13))
    block = images[1, 1, rows[2] : rows[3], columns[5] : columns[6]]
    assert found[1, 64 + 2 * 8 + 5] == pytest.approx(block.mean() / 255)
    share = np.mean((images[2, 0] >= 48) & (images[2, 0] < 64))
    assert found[2, 128 + 3] == pytest.approx(share)


def test_features_of_no_image() -> None:
    assert image_features(np.zeros((0, 3, 8, 8), np.uint8)).shape == (0, 240)


def test_resizing_a_plain_colour_keeps_it() -> None:
    image = np.full((30, 50, 3), (10, 200, 77), dtype=np.uint8)
    np.testing.assert_array_equal(resize(image, 16), np.full((16, 16, 3), (10, 200, 77)))


def test_resized_labels_are_labels() -> None:
    mask = np.zeros((40, 40), dtype=np.uint8)
    mask[:20], mask[20:] = 128, 255
    assert set(np.unique(resize_labels(mask, 7))) == {128, 255}


def test_reading(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(np.full((4, 6), 9, np.uint8)).save(path)
    np.testing.assert_array_equal(read_image(path, "RGB"), np.full((4, 6, 3), 9))
    path.write_bytes(path.read_bytes()[:30])
    with pytest.raises(DataError, match=r"a\.png cannot be read as an image"):
        read_image(path, "L")
    with pytest.raises(DataError, match=r"b\.png is not there"):
        read_image(tmp_path / "b.png", "L")
