"""Generators of releases of images: repeatable, without truth inside, small files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from benchmark.datasets._dicom import read_dicom
from benchmark.datasets.synthetic import load_generator
from benchmark.datasets.synthetic._mammograms import PRESENTATION, ROOT, Form, write_dicom
from benchmark.datasets.synthetic._planting import SHARES, plant

NAMES = ("embed", "rsna", "vindr", "gamma")


def written(name: str, folder: Path, seed: int) -> dict[str, bytes]:
    """Write a release of two patients; return its files but for workbooks, which hold a time."""
    root, truth = folder / "root", folder / "truth"
    root.mkdir(parents=True)
    truth.mkdir()
    load_generator(name).write_release(root, truth, 2, seed)
    return dict(_files(root))


def _files(root: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(root.rglob("*")):
        if path.is_file() and path.suffix != ".xlsx":
            yield path.relative_to(root).as_posix(), path.read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_equal_seeds_give_equal_bytes_and_others_do_not(name: str, tmp_path: Path) -> None:
    first = written(name, tmp_path / "a", 0)
    assert written(name, tmp_path / "b", 0) == first
    other = written(name, tmp_path / "c", 1)
    images = [one for one in first if Path(one).suffix in (".dcm", ".dicom", ".jpg")]
    assert images
    assert all(other.get(one) != first[one] for one in images)
    assert max(len(first[one]) for one in images) < 30_000
    assert list((tmp_path / "a" / "truth").iterdir())


def test_a_label_is_where_its_mechanism_says() -> None:
    rng = np.random.default_rng(0)
    found = []
    for _ in range(400):
        label = int(rng.integers(3))
        one = plant(rng, label, (0.4, 0.3, 0.3), ("a", "b"), ("c", "d"))
        found.append(one.mechanism)
        shared = {levels.shared for levels in one.levels.values()}
        assert len(shared) == 1
        if one.mechanism == "shared":
            assert shared == {label}
        elif one.mechanism == "own":
            assert one.levels[one.carrier].own == label
        else:
            assert (one.levels["a"].joint + one.levels["d"].joint) % 3 == label
            assert one.levels["a"].joint == one.levels["b"].joint
    for mechanism, share in SHARES.items():
        assert found.count(mechanism) / 400 == pytest.approx(share, abs=0.07)


def test_one_image_of_a_joint_label_tells_nothing() -> None:
    rng = np.random.default_rng(1)
    table = np.zeros((3, 3))
    for _ in range(3000):
        label = int(rng.integers(3))
        one = plant(rng, label, (1 / 3, 1 / 3, 1 / 3), ("a",), ("b",))
        if one.mechanism == "joint":
            table[label, one.levels["b"].joint] += 1
    shares = table / table.sum(axis=1, keepdims=True)
    assert np.abs(shares - 1 / 3).max() < 0.12


@pytest.mark.parametrize(
    "form",
    [
        Form(inverted=True),
        Form(bits=14, rescale=(2, -100)),
        Form(bits=10, rescale=None, inverted=True, padding=True),
        Form(windows=3),
    ],
)
def test_however_a_file_stores_it_the_image_is_the_same(form: Form, tmp_path: Path) -> None:
    image = np.random.default_rng(0).random((16, 16))
    image[:, :3] = 0
    elements = {"SOPClassUID": PRESENTATION, "SOPInstanceUID": f"{ROOT}.1"}
    for name, one in (("plain", Form()), ("other", form)):
        write_dicom(tmp_path / f"{name}.dcm", image, one, elements)
    found = [read_dicom(tmp_path / f"{name}.dcm", 16).astype(int) for name in ("plain", "other")]
    assert np.abs(found[0] - found[1]).max() <= 1  # bit depths round differently
    np.testing.assert_allclose(found[0], 255 * image, atol=1)
