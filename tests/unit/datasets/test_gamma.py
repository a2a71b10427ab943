"""The GAMMA loader on a made-up release of 20 labelled cases."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from benchmark.core.errors import DataError, DataNotAvailable
from benchmark.core.paths import Paths
from benchmark.datasets._base import DataContext
from benchmark.datasets._images import read_image, resize
from benchmark.datasets._release import MARKER, truth_folder
from benchmark.datasets.gamma.config import GammaConfig
from benchmark.datasets.gamma.dataset import Gamma
from benchmark.datasets.gamma.files import read_grades, slices_of, usual_slices

SMALL: dict[str, Any] = {"synthetic_size": 20, "image_size": 32}
GRADING = Path("Glaucoma_grading/training")
MASKS = Path("task3_disc_cup_segmentation/training/Disc_Cup_Mask")
TABLE = GRADING / "glaucoma_grading_training_GT.xlsx"
CASES = GRADING / "multi-modality_images"
Load = Callable[..., Gamma]


@pytest.fixture(scope="session")
def load(generated: Callable[..., Any]) -> Load:
    """Return ``load(**options)``."""
    return lambda **options: generated("gamma", **{**SMALL, **options})


@pytest.fixture(scope="session")
def root(load: Load) -> Path:
    """The generated release."""
    return Gamma.find(GammaConfig.parse(SMALL), load().context).root


@pytest.fixture(scope="session")
def planted(root: Path) -> pd.DataFrame:
    """What was planted, by case."""
    text = (truth_folder(root) / "cases.json").read_text(encoding="utf-8")
    return pd.DataFrame(json.loads(text)).set_index("case")


@pytest.fixture
def copy(root: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    return Path(shutil.copytree(root, tmp_path / "GAMMA"))


def read(folder: Path, **options: Any) -> Gamma:
    paths = Paths(cache=folder.parent / "cache", releases={"gamma": folder})
    return Gamma(GammaConfig.parse({**SMALL, **options}), DataContext(paths))


def test_labelled_cases_and_their_grades(load: Load, planted: pd.DataFrame) -> None:
    dataset = load()
    assert list(dataset.samples["sample_id"]) == list(planted.index)
    assert list(dataset.samples["target:grade"]) == list(planted["grade"])
    assert len(load(left_out=[3, 19]).samples) == 18
    steps = Gamma.attrition(load(left_out=[3, 19]).config, dataset.context)
    assert [step.kept for step in steps] == [20, 18, 18, 18]


def test_masks_are_the_planted_disc_and_cup(load: Load, planted: pd.DataFrame) -> None:
    dataset = load(image_size=128)
    masks = dataset.masks("seg", np.arange(20))
    area = planted["shape"].map(lambda shape: shape[0] * shape[1])
    for label, column in ((2, "cup_pixels"), (1, "ring_pixels")):
        share = (masks == label).mean(axis=(1, 2))
        np.testing.assert_allclose(share, planted[column] / area, rtol=0.25)
    assert set(np.unique(masks)) == {0, 1, 2}


def test_mask_and_picture_lie_on_each_other(load: Load) -> None:
    """The disc is brighter than what surrounds it."""
    dataset = load(image_size=64)
    green = dataset.tensors(np.arange(20))["fundus"].values.numpy()[:, 1].astype(float)
    masks = dataset.masks("seg", np.arange(20))
    for picture, mask in zip(green, masks, strict=True):
        assert picture[mask == 2].mean() > picture[mask == 1].mean() > picture[mask == 0].mean()


@pytest.mark.parametrize(("form", "chosen"), [("three", [5, 15, 25]), ("central", [15, 15, 15])])
def test_slices_are_chosen_by_their_number(
    load: Load, root: Path, form: str, chosen: list[int]
) -> None:
    """Sorted as text, slice 5 of thirty would be another one."""
    found = load(oct=form).tensors(np.array([2]))["oct"].values.numpy()[0]
    folder = root / CASES / "0003" / "0003"
    expected = [resize(read_image(folder / f"{k}_image.jpg", "L"), 32) for k in chosen]
    np.testing.assert_array_equal(found, np.stack(expected))
    assert [path.name for path in slices_of(folder)] == [f"{k}_image.jpg" for k in range(30)]


def test_projections_are_means_of_the_volume(load: Load, root: Path) -> None:
    found = load(oct="projections").tensors(np.array([0]))["oct"].values.numpy()[0].astype(float)
    volume = np.stack([read_image(path, "L") for path in slices_of(root / CASES / "0001" / "0001")])
    # Resizing changes no mean by more than the weights of the border.
    assert found.shape == (3, 32, 32)
    for plane in found:
        assert plane.mean() == pytest.approx(volume.mean(), abs=3)
    layers = found[1].mean(axis=1)
    assert np.ptp(layers) > 5 * np.ptp(found[0].mean(axis=1))


def test_test_cases_are_not_read(copy: Path, load: Load) -> None:
    for folder in ("Glaucoma_grading", "task3_disc_cup_segmentation"):
        shutil.rmtree(copy / folder / "testing")
    assert len(read(copy).samples) == len(load().samples)


def test_other_names_of_the_folder(copy: Path) -> None:
    (copy / "Glaucoma_grading" / "training").rename(copy / "Glaucoma_grading" / "training_data")
    assert len(read(copy).samples) == 20
    (copy / "Glaucoma_grading" / "training_data").rename(copy / "GAMMA_training data")
    assert len(read(copy).samples) == 20


def test_a_given_folder_is_partial_or_real_by_its_cases(copy: Path) -> None:
    (copy / MARKER).unlink()
    release = read(copy).release
    assert (release.source, release.terms) == ("partial", "CC BY-NC-ND")
    for number in range(1000, 1080):
        (copy / CASES / str(number)).mkdir()
    assert Gamma.probe(GammaConfig(), read(copy).context).source == "real"


def test_without_masks(copy: Path) -> None:
    shutil.rmtree(copy / "task3_disc_cup_segmentation")
    (copy / MARKER).unlink()
    with pytest.raises(
        DataNotAvailable, match=r"(?s)no task3_disc.*Disc_Cup_Mask.*segmentation: f"
    ):
        read(copy)
    dataset = read(copy, segmentation=False)
    assert [task.name for task in dataset.component.tasks] == ["grade"]
    with pytest.raises(NotImplementedError, match="no masks of 'seg'"):
        dataset.masks("seg", np.arange(3))


def test_a_folder_of_something_else(tmp_path: Path) -> None:
    with pytest.raises(DataNotAvailable, match=r"(?s)not a folder of GAMMA.*--data gamma=PATH"):
        read(tmp_path)


def test_broken_files_are_named_or_skipped(copy: Path) -> None:
    (copy / CASES / "0002" / "0002.jpg").write_bytes(b"no picture")
    (copy / CASES / "0004" / "0004" / "25_image.jpg").unlink()
    mask = copy / MASKS / "0005.png"
    Image.fromarray(np.full((20, 30), 77, dtype=np.uint8)).save(mask)
    with pytest.raises(DataError, match=r"(?s)0002\.jpg cannot be read as an image"):
        read(copy)
    (copy / CASES / "0002" / "0002.jpg").unlink()
    dataset = read(copy, broken="skip")
    assert set(dataset.samples["sample_id"]) & {"0002", "0004"} == set()
    steps = Gamma.attrition(dataset.config, dataset.context)
    assert [(step.kept, step.dropped) for step in steps[-2:]] == [(18, 2), (17, 1)]
    row = list(dataset.samples["sample_id"]).index("0005")
    masks = dataset.masks("seg", np.arange(18))
    assert (masks[row] == -1).all()
    assert (np.delete(masks, row, axis=0) >= 0).all()


def test_a_volume_that_lacks_slices_is_named(copy: Path) -> None:
    """Whole volumes are those with as many slices as most of the release have."""
    volume = copy / CASES / "0004" / "0004"
    (volume / "29_image.jpg").unlink()
    with pytest.raises(DataError, match=rf"{volume} has 29 slices instead of 30"):
        read(copy)
    assert usual_slices([copy / CASES / "0003" / "0003", volume]) == 30
    assert usual_slices([copy / "nowhere"]) is None


def test_a_mask_of_other_values_is_named(copy: Path) -> None:
    Image.fromarray(np.full((20, 30), 77, dtype=np.uint8)).save(copy / MASKS / "0005.png")
    with pytest.raises(DataError, match=r"0005\.png holds the grey value 77"):
        read(copy)


def test_slices_with_strange_names(tmp_path: Path) -> None:
    for name in ("1_a.jpg", "2_a.jpg", "10_a.jpg"):
        (tmp_path / name).touch()
    assert [path.name for path in slices_of(tmp_path)] == ["1_a.jpg", "2_a.jpg", "10_a.jpg"]
    (tmp_path / "2_b.jpg").touch()
    with pytest.raises(DataError, match=r"2_[ab]\.jpg is no numbered slice, or the second"):
        slices_of(tmp_path)
    with pytest.raises(DataError, match="holds 0 slices"):
        slices_of(tmp_path / "nowhere")


def _workbook(path: Path, rows: list[list[Any]]) -> Path:
    from openpyxl import Workbook

    book = Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def test_the_table_of_grades(tmp_path: Path) -> None:
    header = ["data", "non", "early", "mid_advanced"]
    good = _workbook(tmp_path / "a.xlsx", [header, [7, 0, 1, 0], [12.0, 0, 0.0, 1.0]])
    assert read_grades(good) == {"0007": 1, "0012": 2}
    for marks in ([0, 1, 1], [0, 0, 0], [2, 0, 0], [None, 1, 0]):
        bad = _workbook(tmp_path / "b.xlsx", [header, [7, 0, 1, 0], [8, *marks]])
        with pytest.raises(DataError, match=r"b\.xlsx: row 3 \(case 8\) holds .*not a single 1"):
            read_grades(bad)
    lacking = _workbook(tmp_path / "c.xlsx", [["data", "non", "early"], [7, 0, 1]])
    with pytest.raises(DataError, match=r"c\.xlsx has no column 'mid_advanced'"):
        read_grades(lacking)
    (tmp_path / "d.xlsx").write_text("data,non")
    with pytest.raises(DataError, match=r"d\.xlsx cannot be read as a workbook"):
        read_grades(tmp_path / "d.xlsx")
