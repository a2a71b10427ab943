"""The MM-IMDb loader on made-up films in the layout of MultiBench's file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from benchmark.core.errors import DataError, DataNotAvailable
from benchmark.core.spec import SplitSpec
from benchmark.datasets.mmimdb import FILMS, GENRES, MMIMDb, official_parts
from benchmark.datasets.synthetic.mmimdb import write_release
from benchmark.splits import make_split

Load = Callable[..., Any]


def _write(root: Path, chunks: bool = False, **changes: Any) -> Path:
    """A file of ten films: film k has genre k, plot k and poster -k."""
    root.mkdir(exist_ok=True)
    k = np.arange(10, dtype=np.float32)[:, None]
    content = {
        "features": np.repeat(k, 300, axis=1),
        "vgg_features": np.repeat(-k, 4096, axis=1),
        "genres": np.eye(10, 23, dtype=np.int64),
        "imdb_ids": np.array([f"{one}".encode() for one in range(10)]),
        **changes,
    }
    with h5py.File(root / "multimodal_imdb.hdf5", "w") as file:
        for key, values in content.items():
            if values is not None:
                stored = True if chunks and values.ndim == 2 else None
                file.create_dataset(key, data=values, chunks=stored)
    return root


def test_official_parts_are_cut_by_position() -> None:
    parts = official_parts(FILMS)
    names, counts = np.unique(parts, return_counts=True)
    assert dict(zip(names, counts, strict=True)) == {"train": 15_552, "val": 2_608, "test": 7_799}
    assert (parts[15_551], parts[15_552], parts[18_159], parts[18_160]) == (
        "train", "val", "val", "test",
    )  # fmt: skip


@pytest.mark.parametrize("chunks", [False, True])
def test_rows_are_films(tmp_path: Path, given: Load, chunks: bool) -> None:
    dataset = given("mmimdb", _write(tmp_path / "mm-imdb", chunks))
    assert dataset.samples["sample_id"][3] == "0000003"
    labels = dataset.samples[[f"target:genre:{genre}" for genre in GENRES]].to_numpy()
    assert (labels == np.eye(10, 23)).all()
    assert dataset.samples["part"].tolist() == ["train"] * 6 + ["val"] + ["test"] * 3
    tensors = dataset.tensors(np.array([7, 2]), dataset.fit(np.array([0, 1])))
    assert tensors["text"].values.shape == (2, 300)
    assert tensors["image"].values.shape == (2, 4096)
    assert tensors["text"].values[:, 0].tolist() == [7, 2]
    assert tensors["image"].values[:, 9].tolist() == [-7, -2]
    assert isinstance(dataset.values["image"], np.memmap) == (not chunks)
    assert dataset.release.source == "partial"


def test_what_is_mapped_is_never_written_to(tmp_path: Path, given: Load) -> None:
    root = _write(tmp_path / "mm-imdb")
    before = (root / "multimodal_imdb.hdf5").read_bytes()
    dataset = given("mmimdb", root)
    dataset.values["image"][:] = 5.0
    assert dataset.values["image"][3, 3] == 5.0
    assert (root / "multimodal_imdb.hdf5").read_bytes() == before


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"features": None}, r"'features' is missing, not \(N, 300\)"),
        ({"vgg_features": np.zeros((10, 512))}, r"'vgg_features' is \(10, 512\), not \(N, 4096\)"),
        ({"features": np.zeros((9, 300))}, r"features has 9 rows, genres 10"),
        ({"imdb_ids": None}, "no 'imdb_ids'"),
    ],
)
def test_wrong_files(tmp_path: Path, given: Load, changes: dict[str, Any], text: str) -> None:
    with pytest.raises(DataError, match=text):
        given("mmimdb", _write(tmp_path / "mm-imdb", **changes))


def test_missing_and_damaged_files_are_named(tmp_path: Path, given: Load) -> None:
    root = tmp_path / "mm-imdb"
    root.mkdir()
    with pytest.raises(DataNotAvailable, match=r"mmimdb needs .*multimodal_imdb\.hdf5"):
        given("mmimdb", root)
    (root / "multimodal_imdb.hdf5").write_bytes(b"no HDF5")
    with pytest.raises(DataError, match=r"multimodal_imdb\.hdf5 cannot be read as HDF5"):
        given("mmimdb", root)


def test_generated_films(generated: Load) -> None:
    dataset = generated("mmimdb")
    parts = make_split(dataset.samples, SplitSpec(kind="official"), dataset.component.tasks)
    assert parts.warnings == ()
    assert [len(parts.rows(part)) for part in ("train", "val", "test")] == [359, 61, 180]
    share = dataset.samples["target:genre:drama"].mean()
    assert share == pytest.approx(13_967 / FILMS, abs=0.01)
    assert dataset.samples["target:genre:film-noir"].mean() < 0.03
    assert dataset.component == MMIMDb.describe(dataset.config)


def test_generated_files_are_the_same_again(tmp_path: Path) -> None:
    for name in ("one", "two"):
        for folder in (tmp_path / name, tmp_path / f"{name}.truth"):
            folder.mkdir()
        write_release(tmp_path / name, tmp_path / f"{name}.truth", 300, 3)
    one, two = ((tmp_path / name / "multimodal_imdb.hdf5").read_bytes() for name in ("one", "two"))
    assert one == two
    assert [path.name for path in (tmp_path / "one").iterdir()] == ["multimodal_imdb.hdf5"]
