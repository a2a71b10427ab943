"""The ENRICO loader on made-up screens; ``test_enrico_real.py`` has the facts of the release."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from benchmark.core.batch import Batch, ModalityData
from benchmark.core.errors import DataError, DataNotAvailable
from benchmark.core.paths import Paths
from benchmark.core.spec import SplitSpec
from benchmark.datasets._base import DataContext
from benchmark.datasets.enrico.augment import (
    _blurred_batch,
    augmented,
    augmented_batch,
    blurred,
    wireframes_augmented,
)
from benchmark.datasets.enrico.config import TOPICS, EnricoConfig
from benchmark.datasets.enrico.dataset import Enrico
from benchmark.datasets.enrico.files import official_parts, read_picture
from benchmark.datasets.synthetic.enrico import write_release
from benchmark.splits import make_split

Load = Callable[..., Any]

SCREENS = {"7": "list", "3": "bare", "50105": "menu", "12": "tutorial", "50109": "chat"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three sound screens and the two that are left out; screen k has grey value 10 k."""
    root = tmp_path / "enrico"
    (root / "screenshots").mkdir(parents=True)
    (root / "wireframes").mkdir()
    table = pd.DataFrame({"screen_id": list(SCREENS), "topic": list(SCREENS.values())})
    table.to_csv(root / "design_topics.csv", index=False)
    for screen in ("7", "3", "12"):
        grey = 10 * int(screen)
        Image.new("RGB", (54, 96), (grey, grey, grey)).save(root / f"screenshots/{screen}.jpg")
        Image.new("RGBA", (54, 96), (grey, 0, 255, 9)).save(root / f"wireframes/{screen}.png")
    return root


def test_labels_are_alphabetical_and_corrupt_screens_left_out(folder: Path, given: Load) -> None:
    dataset = given("enrico", folder)
    assert dataset.samples["sample_id"].tolist() == ["7", "3", "12"]
    assert list(TOPICS) == sorted(TOPICS)
    assert dataset.samples["target:topic"].tolist() == [7, 0, 19]
    assert dataset.release.source == "partial"
    assert dataset.release.terms == "MIT"


def test_pictures_are_rgb_of_one_size(folder: Path, given: Load) -> None:
    dataset = given("enrico", folder)
    tensors = dataset.tensors(np.array([2, 0]), dataset.fit(np.array([0])))
    for data in tensors.values():
        assert tuple(data.values.shape) == (2, 3, 256, 128)
    assert tensors["screenshot"].values[1, :, 100, 60].tolist() == [70, 70, 70]
    assert tensors["wireframe"].values[0, :, 100, 60].tolist() == [120, 0, 255]


def test_height_comes_first(tmp_path: Path) -> None:
    picture = np.zeros((96, 54, 3), dtype=np.uint8)
    picture[:48] = 200
    Image.fromarray(picture).save(tmp_path / "one.png")
    small = read_picture(str(tmp_path / "one.png"))
    assert small.shape == (3, 256, 128)
    assert (small[:, :120] == 200).all()
    assert (small[:, 136:] == 0).all()


def test_a_missing_picture_is_unobserved(folder: Path, given: Load) -> None:
    (folder / "screenshots" / "3.jpg").unlink()
    dataset = given("enrico", folder)
    rows = np.arange(3)
    assert dataset.observed(rows).tolist() == [[True, True], [False, True], [True, True]]
    assert not dataset.tensors(rows, None)["screenshot"].values[1].any()
    features = dataset.control_features(rows, None)
    assert np.isnan(features["screenshot"][1]).all()
    assert np.isfinite(features["wireframe"]).all()
    assert features["wireframe"].shape == (3, 3 * (64 + 16))
    (folder / "wireframes" / "3.png").unlink()
    assert given("enrico", folder).samples["sample_id"].tolist() == ["7", "12"]


def test_parts_are_those_of_all_screens_whichever_are_here(folder: Path, given: Load) -> None:
    whole = given("enrico", folder).samples.set_index("sample_id")["part"]
    for path in (folder / "screenshots" / "7.jpg", folder / "wireframes" / "7.png"):
        path.unlink()
    fewer = given("enrico", folder).samples.set_index("sample_id")["part"]
    assert fewer.equals(whole[["3", "12"]])


def test_official_parts_are_multibenchs() -> None:
    order = list(range(1458))
    random.Random(42).shuffle(order)
    parts = official_parts(1458)
    assert set(parts[order[:947]]) == {"train"}
    assert set(parts[order[947:1166]]) == {"val"}
    assert set(parts[order[1166:]]) == {"test"}


def test_unreadable_pictures(folder: Path, given: Load) -> None:
    (folder / "wireframes" / "12.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"(?s)1 of 3 wireframe cannot be read.*wireframes/12\.png"):
        given("enrico", folder)
    dataset = given("enrico", folder, broken="skip")
    assert dataset.observed(np.array([2])).tolist() == [[True, False]]


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ("id,topic\n1,list\n", "no column 'screen_id'"),
        ("screen_id,topic\n1,list\n1,menu\n", "screen 1 is listed twice"),
        ("screen_id,topic\n1,weather\n", "screen 1 has the unknown topic 'weather'"),
    ],
)
def test_wrong_tables(folder: Path, given: Load, table: str, text: str) -> None:
    (folder / "design_topics.csv").write_text(table)
    with pytest.raises(DataError, match=text):
        given("enrico", folder)


def test_a_release_without_pictures(folder: Path, tmp_path: Path) -> None:
    for path in [*folder.glob("*/*.jpg"), *folder.glob("*/*.png")]:
        path.unlink()
    paths = Paths(cache=tmp_path / "cache", data=tmp_path)
    assert Enrico.probe(EnricoConfig(), DataContext(paths)).source == "synthetic"
    with pytest.raises(DataNotAvailable, match=r"(?s)no picture of any screen.*screenshots\.zip"):
        Enrico.probe(EnricoConfig(), DataContext(paths, source="partial"))
    (folder / "design_topics.csv").unlink()
    with pytest.raises(DataNotAvailable, match=r"enrico needs .*design_topics\.csv"):
        Enrico.probe(EnricoConfig(), DataContext(paths, source="real"))


def test_augmentation_as_released_changes_all_parts(generated: Load) -> None:
    plain, once = (generated("enrico", augmentation=one) for one in ("none", "once"))
    rows = np.arange(len(plain.samples))
    before, after = plain.tensors(rows, None), once.tensors(rows, None)
    changed = {
        name: (before[name].values != after[name].values).flatten(1).any(dim=1).numpy()
        for name in before
    }
    assert changed["screenshot"].mean() > 0.94  # but for very narrow blurs
    chosen = wireframes_augmented(len(rows))
    assert not changed["wireframe"][~chosen].any()
    assert changed["wireframe"][chosen].mean() > 0.9
    for part in ("train", "val", "test"):
        inside = (plain.samples["part"] == part).to_numpy()
        assert chosen[inside].mean() == pytest.approx(0.65, abs=0.12)


def _batch(dataset: Enrico, rows: list[int]) -> Batch:
    index = np.array(rows)
    tensors = dataset.tensors(index, None)
    observed = torch.from_numpy(dataset.observed(index))
    return Batch("enrico", tensors, observed, {}, torch.from_numpy(index))


def test_training_samples_are_changed_anew_each_time(generated: Load) -> None:
    dataset = generated("enrico")
    batch = _batch(dataset, list(range(64)))
    torch.manual_seed(1)
    first, second = dataset.augment(batch), dataset.augment(batch)
    torch.manual_seed(1)
    again = dataset.augment(batch)
    for name, data in batch.inputs.items():
        one, two = first.inputs[name].values, second.inputs[name].values
        assert one.dtype == torch.uint8
        assert (one == again.inputs[name].values).all()
        assert (one != two).flatten(1).any(dim=1).float().mean() > 0.8
        assert (one != data.values).flatten(1).any(dim=1).float().mean() > 0.9
    for option in ("none", "once"):
        assert generated("enrico", augmentation=option).augment(batch) is batch


def test_both_pictures_of_a_sample_turn_the_same_way() -> None:
    corner = torch.zeros(200, 3, 8, 6, dtype=torch.uint8)
    corner[:, :, :4, :3] = 240  # the upper left quarter
    inputs = {name: ModalityData(corner.clone()) for name in ("screenshot", "wireframe")}
    observed = torch.ones(200, 2, dtype=torch.bool)
    torch.manual_seed(0)
    after = augmented_batch(Batch("enrico", inputs, observed, {}, torch.arange(200))).inputs
    ways = [
        torch.stack([after[name].values[:, 0, y, x] for y in (1, 6) for x in (1, 4)]).argmax(dim=0)
        for name in inputs
    ]
    assert (ways[0] == ways[1]).all()
    assert torch.bincount(ways[0], minlength=4).min() > 30  # 50 expected of each


def test_blur_of_a_step_is_that_of_the_release() -> None:
    torch.manual_seed(0)
    values = torch.randint(0, 256, (3, 3, 9, 7), dtype=torch.uint8)
    sigma = torch.tensor([0.1, 0.7, 2.0])
    soft = _blurred_batch(values, sigma).numpy()
    for k, width in enumerate(sigma.tolist()):
        # One step of rounding apart at most, as one is computed in float32.
        assert np.abs(soft[k].astype(int) - blurred(values[k].numpy(), width)).max() <= 1


def test_wireframes_are_chosen_by_position_in_the_shuffled_order() -> None:
    order = list(range(100))
    random.Random(42).shuffle(order)
    training = set(order[:65])
    chosen = wireframes_augmented(100)
    assert [bool(chosen[one]) for one in order] == [k in training for k in range(100)]


def test_augmentation_follows_its_seed_only(generated: Load) -> None:
    first, again, other = (
        generated("enrico", augmentation="once", augmentation_seed=seed) for seed in (1, 1, 2)
    )
    rows = np.arange(8)
    one, two, three = (
        dataset.tensors(rows, None)["screenshot"].values for dataset in (first, again, other)
    )
    assert (one == two).all()
    assert (one != three).any()
    assert (first.tensors(rows[5:6], None)["screenshot"].values == one[5:6]).all()


def test_flips_of_the_two_modalities_are_independent() -> None:
    image = np.zeros((3, 8, 6), dtype=np.uint8)
    image[:, :4, :3] = 240  # the upper left quarter

    def corner(modality: str, screen: int) -> int:
        found = augmented(image, 0, modality, str(screen))[0]
        return int(np.argmax([found[1, 1], found[1, 4], found[6, 1], found[6, 4]]))

    pairs = [(corner("screenshot", k), corner("wireframe", k)) for k in range(400)]
    counts = pd.crosstab(*np.array(pairs).T).to_numpy()
    assert counts.shape == (4, 4)
    assert counts.min() > 8  # 25 expected in each cell


def test_blur_is_a_normalised_gaussian_with_mirrored_border() -> None:
    image = np.zeros((3, 5, 5), dtype=np.uint8)
    image[:, 0, 2] = 200
    side = np.exp(-0.5 / 1.5**2)
    weights = np.array([side, 1, side]) / (1 + 2 * side)
    # Row 0 sees itself once and row 1, which mirrors row 1, twice; row 1 sees row 0 once.
    found = blurred(image, 1.5)[0]
    assert found[0, 1:4].tolist() == np.rint(200 * weights[1] * weights).tolist()
    assert found[1, 1:4].tolist() == np.rint(200 * weights[0] * weights).tolist()
    assert (blurred(np.full((3, 4, 4), 77, dtype=np.uint8), 1.0) == 77).all()


def test_generated_screens(generated: Load) -> None:
    dataset = generated("enrico")
    samples = dataset.samples
    assert len(samples) == 300
    parts = make_split(samples, SplitSpec(kind="official"), dataset.component.tasks)
    assert [len(parts.rows(part)) for part in ("train", "val", "test")] == [195, 45, 60]
    absent = [text for text in parts.warnings if "no test sample" in text]
    assert absent == []
    shares = samples["target:topic"].value_counts(normalize=True)
    assert shares.idxmax() == list(TOPICS).index("list")
    assert shares.max() == pytest.approx(265 / 1460, abs=0.02)
    assert samples["target:topic"].nunique() == 20
    ratio = make_split(
        samples, SplitSpec(kind="ratio", stratify="topic", seed=1), dataset.component.tasks
    )
    assert len(ratio.test) == 45
    steps = Enrico.attrition(dataset.config, dataset.context)
    assert [step.kept for step in steps] == [300, 300]


def test_generated_files_are_the_same_again(tmp_path: Path) -> None:
    for name in ("one", "two"):
        for place in (tmp_path / name, tmp_path / f"{name}.truth"):
            place.mkdir()
        write_release(tmp_path / name, tmp_path / f"{name}.truth", 200, 3)
    files = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*.*"))
    assert len(files) == 2 * 202 + 1
    for file in files:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
