"""Patch features of slides in the layouts of CLAM, TRIDENT and STAMP; every value is made up."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmark.core.errors import DataError
from benchmark.core.paths import Paths
from benchmark.datasets._base import DataContext
from benchmark.datasets.tcga.config import TCGAConfig
from benchmark.datasets.tcga.dataset import TCGA
from benchmark.datasets.tcga.patches import patch_digest, patch_files, read_patches, slide_mean

A, B = "TCGA-AA-0001", "TCGA-BB-0002"


def _pt(folder: Path, slide: str, values: list[list[float]]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(torch.tensor(values), folder / f"{slide}.pt")
    return folder / f"{slide}.pt"


def _h5(folder: Path, slide: str, key: str, values: list[object]) -> Path:
    h5py = pytest.importorskip("h5py")
    folder.mkdir(parents=True, exist_ok=True)
    with h5py.File(folder / f"{slide}.h5", "w") as file:
        file[key] = np.array(values, dtype=np.float32)
        file["coords"] = np.zeros((2, 2))
    return folder / f"{slide}.h5"


def test_patches_then_slides_are_averaged(tmp_path: Path) -> None:
    root = tmp_path / "wsi_features" / "tcga_blca"
    _pt(root / "pt_files", f"{A}-01Z-00-DX1.u", [[1, 2], [3, 4]])
    _pt(root / "pt_files", f"{A}-01Z-00-DX2.u", [[4, 5], [4, 5], [4, 5]])
    _h5(root / "h5_files", f"{B}-01Z-00-DX1.u", "features", [[[0, 6], [2, 8]]])
    _pt(root / "pt_files", f"{A}-01A-01-TS1.u", [[99, 99]])
    _pt(root / "pt_files", f"{B}-06Z-00-DX1.u", [[99, 99]])
    files = patch_files(tmp_path, "blca")
    assert len(files) == 3, "neither frozen slides nor metastases"
    cases = read_patches(files, tmp_path / "cache")
    assert cases.index.tolist() == [A, B]
    assert cases.to_numpy().tolist() == [[3, 4], [1, 7]]
    digest = patch_digest(files)
    for path in files:
        path.write_bytes(bytes(path.stat().st_size))
    assert patch_digest(files) == digest
    assert read_patches(files, tmp_path / "cache").equals(cases), "read from the cache"


def test_a_slide_in_two_forms_is_read_once(tmp_path: Path) -> None:
    root = tmp_path / "wsi_features" / "tcga_blca"
    _pt(root / "pt_files", f"{A}-01Z-00-DX1.u", [[1.0, 2.0]])
    _h5(root / "h5_files", f"{A}-01Z-00-DX1.u", "feats", [[1, 2]])
    (path,) = patch_files(tmp_path, "blca")
    assert path.suffix == ".h5"
    assert slide_mean(path).tolist() == [1, 2]


def test_files_that_are_no_patch_features(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds no finite matrix .* shape \(2,\)"):
        slide_mean(_pt(tmp_path, "a", [1.0, 2.0]))  # type: ignore[list-item]
    with pytest.raises(DataError, match="holds no finite matrix"):
        slide_mean(_pt(tmp_path, "b", [[1.0, float("nan")]]))
    with pytest.raises(DataError, match="has none of the datasets features, feats"):
        slide_mean(_h5(tmp_path, "c", "other", [[1.0]]))
    torch.save({"features": torch.zeros(1, 1)}, tmp_path / "d.pt")
    with pytest.raises(DataError, match=r"d\.pt holds a dict, not a tensor"):
        slide_mean(tmp_path / "d.pt")
    torch.save(Path("anything"), tmp_path / "e.pt")
    with pytest.raises(DataError, match=r"e\.pt cannot be read as a tensor"):
        slide_mean(tmp_path / "e.pt")
    one, two = _pt(tmp_path, f"{A}-01Z-00-DX1", [[1.0]]), _pt(tmp_path, f"{B}-01Z-00-DX1", [[1, 2]])
    with pytest.raises(DataError, match=r"has 1 features, .* 2: not of one encoder"):
        read_patches([one, two], tmp_path)


def test_the_dataset_takes_pooled_patches(tcga_release: Path, tmp_path: Path) -> None:
    folder = tmp_path / "tcga"
    shutil.copytree(tcga_release / "tcga" / "luad", folder)
    context = DataContext(Paths(cache=tmp_path / "cache", releases={"tcga": folder}))
    config = TCGAConfig.parse({"cancer": "luad", "wsi": "patches"})
    without = TCGA(config, context)
    assert not without.samples["observed:wsi"].any()
    cases = without.samples["sample_id"].tolist()[:10]
    for k, case in enumerate(cases):
        slide = f"{case}-01Z-00-DX1.u"
        _pt(folder / "wsi_features" / "tcga_luad" / "pt_files", slide, [[k, 0, 1], [k, 2, 1]])
    dataset = TCGA(config, context)
    assert dataset.component.modality("wsi").shape == (3,)
    assert dataset.samples["observed:wsi"].tolist() == [True] * 10 + [False] * 70
    assert dataset.values["wsi"][:10].tolist() == [[k, 1, 1] for k in range(10)]
    assert dataset.release.fingerprint != without.release.fingerprint
