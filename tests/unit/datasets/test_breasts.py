"""RSNA and VinDr-Mammo: breasts with two views, on made-up releases of 60 patients."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmark.core.errors import DataError, DataNotAvailable
from benchmark.core.paths import Paths
from benchmark.core.spec import SplitSpec
from benchmark.datasets import DATASETS
from benchmark.datasets._base import DataContext
from benchmark.datasets._mammography import MammographyDataset
from benchmark.datasets._release import MARKER, truth_folder
from benchmark.splits import make_split

SMALL: dict[str, Any] = {"synthetic_size": 60, "image_size": 16}
TABLES = {"rsna": "train.csv", "vindr": "breast-level_annotations.csv"}
Load = Callable[..., MammographyDataset]


@pytest.fixture(scope="session")
def load(generated: Callable[..., Any]) -> Load:
    """Return ``load(name, **options)``."""
    return lambda name, **options: generated(name, **{**SMALL, **options})


def root_of(dataset: MammographyDataset) -> Path:
    return type(dataset).find(dataset.config, dataset.context).root


def planted(dataset: MammographyDataset) -> pd.DataFrame:
    text = (truth_folder(root_of(dataset)) / "breasts.json").read_text(encoding="utf-8")
    return pd.DataFrame(json.loads(text))


def copied(dataset: MammographyDataset, target: Path) -> Path:
    shutil.copytree(root_of(dataset), target)
    return target


def read(name: str, folder: Path, **options: Any) -> MammographyDataset:
    paths = Paths(cache=folder.parent / "cache", releases={name: folder})
    config = DATASETS.config(name).parse({**SMALL, **options})
    dataset: MammographyDataset = DATASETS.load(name)(config, DataContext(paths))
    return dataset


def edit(name: str, folder: Path, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    path = folder / TABLES[name]
    change(pd.read_csv(path, dtype=str, keep_default_na=False)).to_csv(path, index=False)


def test_rsna_units_sites_and_implants(load: Load) -> None:
    truth = planted(load("rsna"))
    plain = truth[(truth["site"] == 1) & ~truth["implant"]]
    assert len(load("rsna").samples) == len(plain) < len(truth)
    assert len(load("rsna", sites=[1, 2], implants="keep").samples) == len(truth)
    other = load("rsna", sites=[2], implants="keep")
    assert len(other.samples) == (truth["site"] == 2).sum()


def test_rsna_labels_are_those_of_the_breast(load: Load) -> None:
    dataset = load("rsna", sites=[1, 2], implants="keep")
    truth = planted(dataset)
    truth.index = pd.Index(truth["patient"] + "-" + truth["side"])
    truth = truth.loc[dataset.samples["sample_id"]]
    for task, column in (("density", "density"), ("birads", "grade")):
        found = dataset.samples[f"target:{task}"].to_numpy()
        np.testing.assert_equal(found, truth[column].to_numpy(dtype=float))
        assert np.isnan(found).any()
    assert dataset.samples.loc[truth["site"].to_numpy() == 2, "target:density"].isna().all()


def test_rsna_grouping_of_the_supplement_has_two_classes(load: Load) -> None:
    assert set(load("rsna", birads="supplement").samples["target:birads"].dropna()) == {0, 1}
    same = [load("rsna", birads=one).samples["target:birads"] for one in ("screening", "stored")]
    assert same[0].equals(same[1])


def test_rsna_views_beside_cc_and_mlo_are_counted_out(load: Load) -> None:
    dataset = load("rsna")
    steps = {one.name: one for one in type(dataset).attrition(dataset.config, dataset.context)}
    table = pd.read_csv(root_of(dataset) / "train.csv")
    extra = table[~table["view"].isin(["CC", "MLO"]) & (table["site_id"] == 1)]
    assert steps["images in CC or MLO view"].dropped == (extra["implant"] == 0).sum() > 0
    assert steps["images"].kept == len(table)


def test_rsna_labels_that_differ_within_a_breast_are_refused(load: Load, tmp_path: Path) -> None:
    folder = copied(load("rsna"), tmp_path / "rsna")

    def change(frame: pd.DataFrame) -> pd.DataFrame:
        frame.loc[0, "density"] = "A" if frame.loc[0, "density"] != "A" else "B"
        return frame

    edit("rsna", folder, change)
    with pytest.raises(DataError, match=r"train\.csv: images of breast L of patient '10000' diff"):
        read("rsna", folder)
    # It is said before images are decoded.
    assert not list((tmp_path / "cache").rglob("rsna-*"))


def test_rsna_without_a_site_asked_for_is_refused(load: Load, tmp_path: Path) -> None:
    folder = copied(load("rsna"), tmp_path / "rsna")
    edit("rsna", folder, lambda frame: frame.assign(site_id="2"))
    match = (
        r"rsna: no sample is left of .*rsna; of the \d+ images of train\.csv, none is among the "
    )
    with pytest.raises(DataError, match=match + r"images of site 1 \(\d+ dropped: another site\)"):
        read("rsna", folder)
    assert not list((tmp_path / "cache").rglob("rsna-*"))


def test_rsna_reads_no_test_images(load: Load, tmp_path: Path) -> None:
    folder = copied(load("rsna"), tmp_path / "rsna")
    shutil.rmtree(folder / "test_images")
    assert len(read("rsna", folder).samples) == len(load("rsna").samples)


def test_vindr_labels_and_official_parts(load: Load) -> None:
    dataset = load("vindr")
    truth = planted(dataset)
    truth.index = pd.Index(truth["study"] + "-" + truth["side"])
    truth = truth.loc[dataset.samples["sample_id"]]
    assert len(dataset.samples) == 120
    np.testing.assert_array_equal(dataset.samples["target:density"], truth["density"])
    np.testing.assert_array_equal(dataset.samples["target:birads"], truth["grade"])
    assert set(truth["birads"]) == {1, 2, 3, 4, 5}
    split = SplitSpec(kind="official", stratify="birads+density")
    parts = make_split(dataset.samples, split, dataset.component.tasks)
    assert [len(parts.train), len(parts.val), len(parts.test)] == [84, 12, 24]


def test_vindr_groupings(load: Load) -> None:
    grades = planted(load("vindr"))["birads"].to_numpy()
    found = load("vindr", birads="supplement").samples["target:birads"].to_numpy()
    np.testing.assert_array_equal(found, np.select([grades <= 3, grades == 4], [0, 1], 2))
    stored = load("vindr", birads="released_code").samples["target:birads"].to_numpy()
    np.testing.assert_array_equal(stored, np.select([grades == 1, grades <= 3], [0, 1], 2))


@pytest.mark.parametrize("name", list(TABLES))
def test_both_breasts_of_a_patient_see_each_other(load: Load, name: str) -> None:
    dataset = load(name)
    ids = list(dataset.samples["sample_id"])
    left = [k for k, one in enumerate(ids) if one.endswith("-L")]
    right = [ids.index(f"{ids[k][:-2]}-R") for k in left]
    tensors = {one: data.values for one, data in dataset.tensors(np.arange(len(ids))).items()}
    for view in ("cc", "mlo"):
        assert bool((tensors[f"{view}_other"][left] == tensors[view][right]).all())
        assert bool((tensors[view][left] == tensors[f"{view}_other"][right]).all())
        assert not bool((tensors[view][left] == tensors[view][right]).all())


@pytest.mark.parametrize("name", list(TABLES))
def test_patients_stay_in_one_fold_and_every_fold_has_every_class(load: Load, name: str) -> None:
    dataset = load(name)
    for fold in range(5):
        spec = SplitSpec(folds=5, fold=fold, stratify="birads+density", seed=42)
        parts = make_split(dataset.samples, spec, dataset.component.tasks)
        group = dataset.samples["group_id"].to_numpy()
        assert not set(group[parts.test]) & set(group[np.r_[parts.train, parts.val]])
        for task in dataset.component.tasks:
            test = dataset.samples[f"target:{task.name}"].iloc[parts.test]
            assert test.nunique() == len(task.classes)


@pytest.mark.parametrize("name", list(TABLES))
def test_a_view_that_is_missing(load: Load, name: str, tmp_path: Path) -> None:
    folder = copied(load(name), tmp_path / name)
    edit(name, folder, lambda frame: frame.drop(index=0))
    assert len(read(name, folder).samples) == len(load(name).samples) - 1
    loose = read(name, folder, images="any")
    assert len(loose.samples) == len(load(name).samples)
    assert (~loose.observed(np.arange(len(loose.samples)))).sum() == 2  # own, and of the other


@pytest.mark.parametrize(
    ("name", "column", "value"),
    [
        ("rsna", "BIRADS", "4"),
        ("rsna", "density", "E"),
        ("rsna", "laterality", "X"),
        ("rsna", "view", "cc"),
        ("vindr", "breast_birads", "BI-RADS 0"),
        ("vindr", "breast_density", "dense"),
        ("vindr", "split", "validation"),
    ],
)
def test_values_outside_the_vocabulary_are_named(
    load: Load, tmp_path: Path, name: str, column: str, value: str
) -> None:
    folder = copied(load(name), tmp_path / name)

    def change(frame: pd.DataFrame) -> pd.DataFrame:
        frame.loc[[2, 3], column] = value
        return frame

    edit(name, folder, change)
    match = rf"column '{column}' holds '{value}' in line 4 \(patient '\w+'; 2 such rows\)"
    with pytest.raises(DataError, match=match):
        read(name, folder)
    edit(name, folder, lambda frame: frame.drop(columns=column))
    with pytest.raises(DataError, match=f"has no column '{column}'"):
        read(name, folder)


@pytest.mark.parametrize("name", list(TABLES))
def test_another_folder_is_refused_and_a_part_is_no_release(
    load: Load, name: str, tmp_path: Path
) -> None:
    with pytest.raises(DataNotAvailable, match=rf"(?s)has no {TABLES[name]}.*--data {name}=PATH"):
        read(name, tmp_path)
    folder = copied(load(name), tmp_path / name)
    (folder / MARKER).unlink()
    assert read(name, folder).release.source == "partial"


@pytest.mark.parametrize("name", list(TABLES))
def test_the_right_image_stands_beside_the_right_label(load: Load, name: str) -> None:
    """Where all images carry the grade, the common spot is as bright as the grade says."""
    dataset = load(name, image_size=64)
    truth = planted(dataset)
    owner = truth["patient" if name == "rsna" else "study"]
    truth.index = pd.Index(owner + "-" + truth["side"])
    truth = truth.loc[dataset.samples["sample_id"]]
    for view in ("cc", "mlo"):
        images = dataset.arrays[view].take(np.arange(len(truth)))[:, 0].astype(float)
        right = (truth["side"] == "R").to_numpy()
        images[right] = images[right][:, :, ::-1]
        contrast = images[:, 16:23, 9:14].mean(axis=(1, 2)) / images[:, 30:50, 5:30].mean(
            axis=(1, 2)
        )
        told = (truth["mechanism"] == "shared").to_numpy()
        grade = truth["grade"].to_numpy(dtype=float)
        low, high = (contrast[told & (grade == one)] for one in (0, 2))
        assert np.mean(low[:, None] < high[None]) > 0.9
